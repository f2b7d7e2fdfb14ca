import GatewayJSON
import Testing

@testable import Gateway

/// What one schema guarantees to a reader with another one.
struct SchemaGuaranteeTests {
  private func gaps(_ provider: String, _ consumer: String, names: [String: String] = [:]) throws -> [String] {
    let names = try names.mapValues { try JSONValue(parsing: Array($0.utf8)) }
    return try SchemaGuarantee.gaps(
      provider: JSONValue(parsing: Array(provider.utf8)), consumer: JSONValue(parsing: Array(consumer.utf8)), names: names
    ).map { "\($0.pointer) \($0.message)" }
  }

  @Test(arguments: [
    (#"{"type":"integer"}"#, #"{"type":"number"}"#), (#"{"type":"string"}"#, #"{"type":["string","null"]}"#),
    (#"{"type":"string"}"#, #"{"anyOf":[{"type":"integer"},{"type":"string"}]}"#), (#"{}"#, #"{"type":"string"}"#),
    (#"{"enum":["a"]}"#, #"{"enum":["a","b"]}"#), (#"{"const":1}"#, #"{"enum":[1,2]}"#),
    (#"{"type":"object","properties":{"a":{}},"required":["a"]}"#, #"{"type":"object","required":["a"]}"#),
    (#"{"type":"object"}"#, #"{"type":"object","properties":{"a":{"default":1}},"required":["a"]}"#),
    (#"{"allOf":[{"required":["a"]}],"type":"object"}"#, #"{"required":["a"],"type":"object"}"#),
    (#"{"type":"string"}"#, #"{"type":"string","minLength":3}"#),
  ])
  func isEnough(provider: String, consumer: String) throws { #expect(try gaps(provider, consumer) == []) }

  @Test(arguments: [
    (#"{"type":"number"}"#, #"{"type":"integer"}"#, " may be number, and integer is taken"),
    (#"{"type":["string","null"]}"#, #"{"type":"string"}"#, " may be null, and string is taken"),
    (#"{"anyOf":[{"type":"string"},{"type":"null"}]}"#, #"{"type":"string"}"#, " may be null, and string is taken"),
    (#"{"enum":["a","c"]}"#, #"{"enum":["a","b"]}"#, " may be \"c\", which is not taken"),
    (
      #"{"type":"object","properties":{"a":{}}}"#, #"{"type":"object","required":["a"]}"#,
      "/a need not be there, and is required"
    ),
    (#"{"type":"object"}"#, #"{"type":"object","required":["a/b"]}"#, "/a~1b is not there, and is required"),
    (
      #"{"type":"object","properties":{"b":{}}}"#, #"{"type":"object","additionalProperties":false}"#,
      "/b may be there, and is not taken"
    ),
    (
      #"{"type":"array","items":{"type":"object"}}"#, #"{"type":"array","items":{"type":"object","required":["x"]}}"#,
      "/0/x is not there, and is required"
    ),
    (
      #"{"type":"string"}"#, #"{"anyOf":[{"type":"integer"},{"type":"boolean"}]}"#, " may be none of what is taken"
    ),
  ])
  func isNotEnough(provider: String, consumer: String, gap: String) throws {
    #expect(try gaps(provider, consumer) == [gap])
  }

  @Test func namesAreFollowedAndMayLeadInCircles() throws {
    let names = [
      "a.Node": ##"{"type":"object","properties":{"next":{"$ref":"#/schemas/a.Node"}}}"##,
      "b.Node": ##"{"type":"object","properties":{"next":{"$ref":"#/schemas/b.Node"}},"required":["value"]}"##,
    ]
    let found = try gaps(##"{"$ref":"#/schemas/a.Node"}"##, ##"{"$ref":"#/schemas/b.Node"}"##, names: names)
    #expect(found.first == "/value is not there, and is required")
    #expect(try gaps(##"{"$ref":"#/schemas/a.Node"}"##, ##"{"$ref":"#/schemas/a.Node"}"##, names: names) == [])
  }

  @Test func fingerprintsHeedMeaningOnly() throws {
    let names: [String: JSONValue] = ["a.S": try JSONValue(parsing: Array(#"{"type":"string","title":"S"}"#.utf8))]
    func print(_ text: String) throws -> String {
      SchemaGuarantee.fingerprint(try JSONValue(parsing: Array(text.utf8)), names)
    }
    let one = try print(#"{"type":"object","properties":{"title":{"type":"string"},"b":{}},"required":["title","b"]}"#)
    let same = try print(
      ##"{"required":["b","title"],"description":"x","properties":{"b":{},"title":{"$ref":"#/schemas/a.S"}},"type":"object"}"##)
    let other = try print(#"{"type":"object","properties":{"b":{}},"required":["title","b"]}"#)
    #expect(one == same)
    #expect(one != other)
  }
}
