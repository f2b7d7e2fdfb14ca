import GatewayJSON
import Testing

@testable import Gateway

/// What clients would notice, as a value.
@Suite struct DescriptionDiffTests {
  private func document(_ paths: JSONValue, _ schemas: JSONValue = [:]) -> JSONValue {
    ["openapi": "3.1.0", "paths": paths, "components": ["schemas": schemas]]
  }

  @Test func nothingChangedIsNothingTold() {
    let one = document(["/a": ["get": ["summary": "A"]]], ["Book": ["type": "object"]])
    #expect(DescriptionDiff(from: one, to: one).isEmpty)
    #expect(DescriptionDiff(from: .null, to: .null).isEmpty)
  }

  @Test func operationsComeAndGo() {
    let old = document(["/a": ["get": ["summary": "A"], "post": [:]]])
    let new = document(["/a": ["get": ["summary": "A"]], "/b": ["put": [:]]])
    #expect(DescriptionDiff(from: old, to: new).entries.map(\.line) == ["- POST /a", "+ PUT /b"])
  }

  @Test func anOperationThatChangedSaysInWhat() {
    let old = document(["/a": ["post": ["parameters": [], "responses": ["200": [:]], "summary": "A"]]])
    let new = document(["/a": ["post": ["parameters": [["name": "q"]], "requestBody": [:], "responses": ["200": [:]]]]])
    #expect(DescriptionDiff(from: old, to: new).entries.map(\.line) == ["~ POST /a (parameters, body)"])
  }

  @Test func wordsAloneAreADescription() {
    let old = document(["/a": ["get": ["summary": "A"]]])
    let new = document(["/a": ["get": ["summary": "B"]]])
    #expect(DescriptionDiff(from: old, to: new).entries.map(\.line) == ["~ GET /a (description)"])
  }

  @Test func aSchemaSaysWhichMembersChanged() {
    let old = document(
      [:],
      [
        "Book": [
          "type": "object", "required": ["title"],
          "properties": ["title": ["type": "string"], "price": ["type": "number"], "isbn": ["type": "string"]],
        ], "Old": [:],
      ])
    let new = document(
      [:],
      [
        "Book": [
          "type": "object", "required": ["title", "year"],
          "properties": ["title": ["type": "string"], "price": ["type": "integer"], "year": ["type": "integer"]],
        ], "New": [:],
      ])
    #expect(
      DescriptionDiff(from: old, to: new).entries.map(\.line)
        == ["~ schema Book (isbn, price, year, required)", "+ schema New", "- schema Old"])
  }

  @Test func membersInAnotherOrderAreNoChange() {
    let old = document(["/a": ["get": ["summary": "A", "tags": []]]])
    let new = document(["/a": ["get": ["tags": [], "summary": "A"]]])
    #expect(DescriptionDiff(from: old, to: new).isEmpty)
  }
}
