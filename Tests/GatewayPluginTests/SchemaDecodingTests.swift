import Foundation
import Testing

@testable import GatewayPlugin

struct SchemaDecodingTests {
  @Test func aStructIsDecodedFromItsMembersInAnyOrder() throws {
    let book = try decode(
      NewBook.self, #"{"year": 1974, "title": "The \u0044ispossessed", "price": 8, "tags": ["a", "b"], "unknown": {"a": [1]}}"#)
    #expect(book == NewBook(title: "The Dispossessed", year: 1974, price: 8, tags: ["a", "b"], subtitle: nil))
  }

  @Test func anAliasReplacesTheName() throws {
    let book = try decode(NewBook.self, #"{"title":"t","year":1,"price":1,"subTitle":"s","subtitle":"no"}"#)
    #expect(book.subtitle == "s")
  }

  @Test(arguments: [
    (#"{"title":"t","price":1}"#, "/year: Field required"), (#"{"title":7}"#, "/title: expected a string, found a number"),
    (#"{"title":"t","year":1,"price":1,"tags":["a",null]}"#, "/tags/1: expected a string, found null"),
    (#"{"title":"t","year":1,"price":1,"genre":"opera"}"#, "/genre: the value is none of those allowed"),
    ("[]", "expected an object, found an array"),
  ])
  func aFailurePointsAtTheValue(json: String, message: String) throws {
    #expect(try failure(NewBook.self, json) == message)
  }

  @Test func pointersAreEscaped() throws {
    #expect(try failure([String: Int].self, #"{"a/b~c":"x"}"#) == "/a~1b~0c: expected an integer, found a string")
  }

  @Test func everyTypeComesBack() throws {
    let value = Everything(
      flag: true, tiny: -5, small: 65_535, big: .max, float: 0.1, map: ["a": 1, "b": nil], set: [1, 2],
      at: Timestamp(seconds: 5, nanoseconds: 500), day: try #require(CalendarDate(year: 2024, month: 2, day: 29)),
      id: UniqueID(high: 1, low: 2), price: try #require(ExactDecimal("9.90")), lasting: .seconds(90), class: "c", password: "p")
    #expect(try decode(Everything.self, JSONWriter.text(value)) == value)
  }

  @Test func typesMayContainThemselves() throws {
    let comment = Comment(text: "a", replies: [Comment(text: "b", replies: [Comment(text: "c")])])
    #expect(try decode(Comment.self, JSONWriter.text(comment)) == comment)
  }

  @Test(arguments: [
    (Shape.circle(Circle(radius: 2)), #"{"kind":"circle","radius":2.0}"#),
    (.box(width: 3, height: 4, label: "x"), #"{"kind":"box","width":3,"height":4,"label":"x"}"#),
    (.group(of: [.nothing, .group(of: [])]), #"{"kind":"group","of":[{"kind":"nothing"},{"kind":"group","of":[]}]}"#),
    (.nothing, #"{"kind":"nothing"}"#), (.blank(Empty()), #"{"kind":"blank"}"#),
  ])
  func unionsComeBack(shape: Shape, json: String) throws {
    #expect(JSONWriter.text(shape) == json)
    #expect(try decode(Shape.self, json) == shape)
  }

  @Test func aUnionsDiscriminatorMayStandAnywhereAndItsValuesHaveDefaults() throws {
    #expect(try decode(Shape.self, #"{"width":1,"kind":"box"}"#) == .box(width: 1, height: 1, label: nil))
    #expect(try failure(Shape.self, #"{"width":1}"#) == "/kind: Field required")
    #expect(try failure(Shape.self, #"{"kind":"star"}"#) == "/kind: the value is none of those allowed")
    #expect(try failure(Shape.self, #"{"kind":"group","of":[{"kind":"box"}]}"#) == "/of/0/width: Field required")
  }

  @Test func enumsGoThroughTheirRawValuesOrNames() throws {
    #expect(try decode([Genre].self, #"["novel","science-fiction"]"#) == [.novel, .scienceFiction])
    #expect(try decode(Level.self, "10") == .high)
    #expect(try decode([Colour].self, #"["red","default"]"#) == [.red, .default])
    #expect(JSONWriter.text([Colour.default]) == #"["default"]"#)
    #expect(JSONWriter.text(Level.low) == "1")
  }

  // MARK: schemas

  @Test func aStructsSchemaSaysWhatItsDeclarationSays() {
    #expect(
      document(NewBook.self)
        == #"{"type":"object","description":"A book as clients send it.","properties":{"#
        + #""title":{"type":"string","description":"As on the cover.","minLength":1,"maxLength":200},"#
        + #""year":{"type":"integer","format":"int64","minimum":1450,"maximum":2100},"price":{"type":"number","exclusiveMinimum":0},"#
        + #""tags":{"type":"array","items":{"type":"string","minLength":1},"default":[],"uniqueItems":true,"maxItems":5},"#
        + #""subTitle":{"type":["string","null"],"examples":["A Novel"],"x-gateway-name":"subtitle"},"#
        + ##""genre":{"$ref":"#/$defs/Genre","default":"novel"}},"required":["title","year","price"],"additionalProperties":false,"##
        + #""$defs":{"Genre":{"type":"string","enum":["novel","poem","science-fiction"]}}}"#)
  }

  @Test func aTypeThatContainsItselfRefersToItself() {
    let comment = ##"{"type":"object","description":"Contains itself.","properties":{"text":{"type":"string"},"replies":{"type":"array","items":{"$ref":"#/$defs/Comment"},"default":[]}},"required":["text"]"##
    #expect(document(Comment.self) == comment + #","$defs":{"Comment":"# + comment + "}}}")
  }

  @Test func aUnionsSchemaHasADiscriminator() throws {
    let root = try #require(try JSONSerialization.jsonObject(with: Data(document(Shape.self).utf8)) as? [String: Any])
    let shape = try #require((root["$defs"] as? [String: Any])?["Shape"] as? [String: Any])
    #expect(shape["description"] as? String == "What a drawing is made of.")
    #expect((shape["oneOf"] as? [[String: String]])?.first == ["$ref": "#/$defs/Shape_circle"])
    let discriminator = try #require(shape["discriminator"] as? [String: Any])
    #expect(discriminator["propertyName"] as? String == "kind")
    #expect((discriminator["mapping"] as? [String: String])?["box"] == "#/$defs/Shape_box")
    let box = try #require((root["$defs"] as? [String: Any])?["Shape_box"] as? [String: Any])
    let properties = try #require(box["properties"] as? [String: Any])
    #expect(box["required"] as? [String] == ["kind", "width"])
    #expect((properties["kind"] as? [String: Any])?["const"] as? String == "box")
    #expect((properties["height"] as? [String: Any])?["default"] as? Int == 1)
  }

  @Test func namesOfSchemasAreOnlyTakenOnce() {
    #expect(document(TwoCircles.self).contains(#""GatewayPluginTests.Outer.Circle":{"type":"object""#))
    #expect(document([Page<Circle>].self).contains(##""items":{"$ref":"#/$defs/Page_Circle"}"##))
    #expect(document([Everything].self).contains(##"{"$ref":"#/$defs/Everything"}"##))
  }

  @Test func integersNarrowerThan64BitsStateTheirBounds() {
    #expect(document(Int8.self) == #"{"type":"integer","minimum":-128,"maximum":127}"#)
    #expect(document(UInt.self) == #"{"type":"integer","minimum":0}"#)
    #expect(document(Int.self) == #"{"type":"integer","format":"int64"}"#)
  }

  @Test func nullIsAllowedWhereTheTypeAllowsIt() {
    #expect(document(Int?.self) == #"{"type":["integer","null"],"format":"int64"}"#)
    #expect(document(Array<Genre?>.self).contains(##""items":{"anyOf":[{"$ref":"#/$defs/Genre"},{"type":"null"}]}"##))
  }
}
