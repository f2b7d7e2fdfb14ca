import GatewayJSON
import GatewaySchema
import Testing

struct ViolationProfileTests {
  static func text(_ body: (inout JSONWriter) throws -> Void) rethrows -> String {
    var writer = JSONWriter()
    try body(&writer)
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  static let order =
    #"{"type":"object","properties":{"a/b":{"type":"array","items":{"type":"integer"}},"password":{"type":"string","format":"password","maxLength":3}},"required":["a/b","password"]}"#

  @Test func problemsPointIntoTheValue() throws {
    let schema = try compiled(Self.order)
    let document = try JSONDocument(Array(#"{"a/b":[1,"x y"]}"#.utf8))
    var output = CoercedDocument()
    let violations = try #require(schema.coerce(document, mode: .lax, into: &output).violations)
    let format = ProblemViolationFormat()
    let answer = Self.text { writer in
      format.writeProblem(count: violations.entries.count, instance: "urn:request:7", into: &writer) {
        format.write(violations, of: document, into: &$0)
      }
    }
    #expect(
      answer
        == ##"{"type":"about:blank","title":"Unprocessable Content","status":422,"detail":"2 violations","instance":"urn:request:7","errors":[{"pointer":"#/a~1b/1","location":"body","type":"int_parsing","detail":"Input should be a valid integer, unable to parse string as an integer"},{"pointer":"#/password","location":"body","type":"missing","detail":"Field required"}]}"##
    )
  }

  @Test func problemsTellMalformedAndMissingBodies() throws {
    let format = ProblemViolationFormat()
    do {
      _ = try JSONDocument(Array("[1,]".utf8))
      Issue.record("must not parse")
    } catch {
      #expect(
        Self.text { format.write(error, into: &$0) }
          == ##"{"pointer":"#","location":"body","type":"json_invalid","detail":"JSON decode error: Expecting value: line 1, column 4"}"##
      )
    }
    #expect(
      Self.text { format.writeMissing(location: "query", name: "a b", into: &$0) }
        == ##"{"pointer":"#/a%20b","location":"query","type":"missing","detail":"Field required"}"##)
  }

  @Test func secretsAreMaskedUnlessFastAPIIsToBeMatched() throws {
    let schema = try compiled(Self.order)
    let document = try JSONDocument(Array(#"{"a/b":[],"password":"hunter2"}"#.utf8))
    var output = CoercedDocument()
    let violations = try #require(schema.coerce(document, mode: .lax, into: &output).violations)
    #expect(
      Self.text { FastAPIViolationFormat().write(violations, of: document, into: &$0) }.contains(
        #""input":"**********""#))
    let same = Self.text { FastAPIViolationFormat(profile: .fastapi).write(violations, of: document, into: &$0) }
    #expect(same.contains(#""input":"hunter2""#))
  }

  @Test func theLimitOnEntriesSaysSo() throws {
    let schema = try compiled(#"{"type":"array","items":{"type":"integer"}}"#)
    let document = try JSONDocument(Array(#"["a","b","c"]"#.utf8))
    var output = CoercedDocument()
    let violations = try #require(schema.coerce(document, mode: .lax, limit: 2, into: &output).violations)
    #expect(violations.entries.count == 2)
    let text = Self.text { FastAPIViolationFormat().write(violations, of: document, into: &$0) }
    #expect(
      text.hasSuffix(
        #"{"type":"too_many_errors","loc":["body"],"msg":"There are more violations than are listed here","input":null}"#
      ))
    #expect(
      !Self.text { FastAPIViolationFormat(profile: .fastapi).write(violations, of: document, into: &$0) }.contains(
        "too_many"))
  }

  @Test func internalNamesGetAHint() throws {
    let schema = try compiled(
      #"{"type":"object","properties":{"titleName":{"type":"string"}},"required":["titleName"]}"#)
    let document = try JSONDocument(Array(#"{"title_name":"x"}"#.utf8))
    var output = CoercedDocument()
    var violations = try #require(schema.coerce(document, mode: .lax, into: &output).violations)
    violations.addHints(internalNames: ["title_name": "titleName"], of: document)
    #expect(
      Self.text { FastAPIViolationFormat().write(violations, of: document, into: &$0) }
        == #"{"type":"missing","loc":["body","titleName"],"msg":"Field required","input":{"title_name":"x"},"ctx":{"hint":"title_name is sent as titleName"}}"#
    )
  }

  @Test func embeddedBodiesThatAreNoObjectsLackEveryParameter() {
    let text = Self.text { FastAPIViolationFormat().writeNotEmbedded(names: ["a", "b"], into: &$0) }
    #expect(
      text
        == #"{"type":"missing","loc":["body","a"],"msg":"Field required","input":null},{"type":"missing","loc":["body","b"],"msg":"Field required","input":null}"#
    )
  }

  // MARK: responses

  static func shaped(_ schema: String, _ text: String, _ options: ShapeOptions = ShapeOptions()) throws -> String {
    let document = try JSONDocument(Array(text.utf8))
    var writer = JSONWriter()
    let violations = try compiled(schema).shape(document, options, into: &writer)
    return violations.isEmpty ? String(decoding: writer.bytes, as: UTF8.self) : "\(violations.entries.count) violations"
  }

  static let book =
    #"{"type":"object","properties":{"id":{"type":"integer"},"note":{"type":["string","null"]},"tags":{"type":"array","items":{"type":"object","properties":{"t":{"default":1}}},"default":[]}},"required":["id"]}"#

  @Test func whereAValueMayBeTextOrObjectUndeclaredMembersStayBehind() throws {
    for types in [#"["string","object"]"#, #"["object","string"]"#, #"["array","object","null"]"#] {
      let schema = "{\"type\":\(types),\"properties\":{\"a\":{}}}"
      #expect(try Self.shaped(schema, #"{"a":1,"secret":2}"#) == #"{"a":1}"#)
    }
    #expect(
      try Self.shaped(#"{"type":["object","array"],"items":{"properties":{"a":{}}}}"#, #"[{"a":1,"secret":2}]"#)
        == #"[{"a":1}]"#)
  }

  @Test func responsesKeepWhatIsDeclared() throws {
    #expect(
      try Self.shaped(Self.book, #"{"secret":1, "id":7, "tags":[{"t":2,"u":3}], "note":null}"#)
        == #"{"id":7,"tags":[{"t":2}],"note":null}"#)
    #expect(
      try Self.shaped(Self.book, #"{"id":7,"note":null,"tags":[{"t":1}]}"#, ShapeOptions(excludesNull: true))
        == #"{"id":7,"tags":[{"t":1}]}"#)
    #expect(
      try Self.shaped(Self.book, #"{"id":7,"note":"n","tags":[]}"#, ShapeOptions(excludesDefaults: true))
        == #"{"id":7,"note":"n"}"#)
    #expect(try Self.shaped(Self.book, #"{"id":"7"}"#) == "1 violations")
    #expect(
      try Self.shaped(#"{"type":"object","properties":{"a":{}},"additionalProperties":false}"#, #"{"a":1,"b":2}"#)
        == #"{"a":1}"#)
    #expect(
      try Self.shaped(#"{"type":"object","additionalProperties":{"type":"integer"}}"#, #"{"a":1}"#) == #"{"a":1}"#)
    // Which closed alternative is meant cannot be told: nothing may leave.
    let closed =
      #"{"anyOf":[{"type":"object","properties":{"a":{}},"additionalProperties":false},{"type":"object","properties":{"b":{}},"additionalProperties":false}]}"#
    #expect(try Self.shaped(closed, #"{"a":1,"secret":2}"#) != #"{"a":1,"secret":2}"#)
  }
}
