import GatewayJSON
import Testing

@testable import Gateway

/// What the file may not say of a value that the plugin's code was written for.
@Suite struct SchemaContradictionTests {
  private func find(code: String, file: String, names: [String: String] = [:]) throws -> [SchemaContradiction] {
    SchemaContradiction.find(
      code: try JSONValue(parsing: Array(code.utf8)), file: try JSONValue(parsing: Array(file.utf8)),
      names: try names.mapValues { try JSONValue(parsing: Array($0.utf8)) })
  }

  @Test func tighterIsNoContradiction() throws {
    #expect(try find(code: #"{"type":"integer","minimum":1}"#, file: #"{"type":"integer","minimum":5}"#).isEmpty)
    #expect(try find(code: #"{"type":["string","null"]}"#, file: #"{"type":"string","maxLength":3}"#).isEmpty)
    #expect(try find(code: #"{"type":"number"}"#, file: #"{"type":"integer"}"#).isEmpty)
    #expect(try find(code: #"{"enum":["a","b"]}"#, file: #"{"enum":["b","c"]}"#).isEmpty)
    #expect(try find(code: "true", file: #"{"type":"string"}"#).isEmpty)
  }

  @Test(arguments: [
    (#"{"type":"integer"}"#, #"{"type":"string"}"#, "/type", "is string here and integer in the plugin"),
    (#"{"enum":["a"]}"#, #"{"enum":["b"]}"#, "/enum", "allows none of the values that the plugin takes"),
    (#"{"maximum":5}"#, #"{"minimum":6}"#, "/minimum", "is more than the plugin's `maximum`: no value fits both"),
    (#"{"minLength":5}"#, #"{"maxLength":4}"#, "/maxLength", "is less than the plugin's `minLength`: no value fits both"),
    (
      #"{"properties":{"a":true},"additionalProperties":false}"#, #"{"required":["b"]}"#, "/required",
      "asks for `b`, which the plugin does not take"
    ),
    (
      #"{"required":["a"],"properties":{"a":true}}"#, #"{"properties":{"b":true},"additionalProperties":false}"#,
      "/additionalProperties", "shuts out `a`, which the plugin requires"
    ),
  ])
  func whatCannotBothBeMeantIsTold(_ code: String, _ file: String, _ pointer: String, _ message: String) throws {
    #expect(try find(code: code, file: file) == [SchemaContradiction(pointer: pointer, message: message)])
  }

  @Test func membersAndItemsAreCompared() throws {
    let found = try find(
      code: #"{"properties":{"a/b":{"items":{"type":"string"}}}}"#,
      file: #"{"properties":{"a/b":{"items":{"type":"boolean"}}}}"#)
    #expect(found.map(\.pointer) == ["/properties/a~1b/items/type"])
  }

  @Test func namesAreFollowed() throws {
    let found = try find(
      code: ##"{"$ref":"#/schemas/p.Book"}"##, file: ##"{"$ref":"#/schemas/Other"}"##,
      names: ["p.Book": ##"{"type":"object"}"##, "Other": ##"{"$ref":"Third"}"##, "Third": ##"{"type":"array"}"##])
    #expect(found.map(\.pointer) == ["/type"])
  }

  @Test func schemasThatReferToThemselvesEnd() throws {
    let node = ##"{"type":"object","properties":{"next":{"$ref":"#/schemas/Node"}}}"##
    let file = ##"{"type":"object","properties":{"next":{"$ref":"#/schemas/Node"},"x":{"$ref":"#/schemas/Loop"}}}"##
    #expect(
      try find(code: node, file: file, names: ["Node": node, "Loop": ##"{"$ref":"#/schemas/Loop"}"##]).isEmpty)
  }
}
