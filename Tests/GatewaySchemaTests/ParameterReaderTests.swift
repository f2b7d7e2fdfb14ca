import GatewayJSON
import GatewaySchema
import Testing

struct ParameterReaderTests {
  /// The value as JSON, `absent`, or `type@loc` of each violation.
  static func read(
    _ schema: String, _ location: ParameterLocation, _ pairs: [(String, String)], style: ParameterStyle? = nil,
    explode: Bool? = nil, gathers: Bool = false, name: String = "x"
  ) throws -> String {
    let compilation = ParameterReader.compile(
      try JSONValue(parsing: schema), name: name, location: location, style: style, explode: explode, gathers: gathers)
    #expect(compilation.problems.isEmpty)
    let reader = try #require(compilation.reader)
    let bytes = pairs.map { (Array($0.0.utf8), Array($0.1.utf8)) }
    var memory = ParameterMemory()
    var copies: [UnsafeMutableRawBufferPointer] = []
    defer { for copy in copies { copy.deallocate() } }
    func lend(_ text: [UInt8]) -> UnsafeRawBufferPointer {
      let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: max(text.count, 1), alignment: 1)
      copy.copyBytes(from: text)
      copies.append(copy)
      return UnsafeRawBufferPointer(rebasing: copy[..<text.count])
    }
    let occurrences = bytes.map { ParameterOccurrence(name: lend($0.0), text: lend($0.1)) }
    var writer = JSONWriter()
    switch reader.read(occurrences, into: &memory) {
    case .absent: return "absent"
    case .value:
      writer.value(memory.value.value())
      return String(decoding: writer.bytes, as: UTF8.self)
    case .invalid(let violations):
      writer.beginArray()
      FastAPIViolationFormat().write(
        violations, of: memory.input, location: [.string(location.word)] + (gathers ? [] : [.string(name)]),
        into: &writer)
      writer.endArray()
      return try (JSONValue(parsing: writer.bytes).array ?? []).map { entry in
        let loc = (entry["loc"]?.array ?? []).map { $0.string ?? $0.number?.text ?? "" }.joined(separator: ".")
        return "\(entry["type"]?.string ?? "")@\(loc)"
      }.joined(separator: " ")
    }
  }

  static let integers = #"{"type":"array","items":{"type":"integer"}}"#
  static let point =
    #"{"type":"object","properties":{"r":{"type":"integer"},"g":{"type":"array","items":{"type":"integer"}}}}"#

  @Test func listsAreRepeatedNames() throws {
    #expect(try Self.read(Self.integers, .query, [("x", "1"), ("x", " 2 ")]) == "[1,2]")
    #expect(try Self.read(Self.integers, .header, [("x", "1"), ("x", "2")]) == "[1,2]")
    #expect(try Self.read(Self.integers, .header, [("x", "1,2")]) == "int_parsing@header.x.0")
    #expect(try Self.read(Self.integers, .query, [("x", "1"), ("x", "")]) == "int_parsing@query.x.1")
    #expect(try Self.read(Self.integers, .query, []) == "absent")
    #expect(
      try Self.read(
        #"{"type":"array","items":{"type":"integer"},"uniqueItems":true}"#, .query, [("x", "1"), ("x", "1.0")]) == "[1]"
    )
  }

  @Test func ofRepeatedScalarsOneCounts() throws {
    let schema = #"{"anyOf":[{"type":"integer"},{"type":"null"}]}"#
    #expect(try Self.read(schema, .query, [("x", "1"), ("x", "2")]) == "2")
    #expect(try Self.read(schema, .cookie, [("x", "1"), ("x", "2")]) == "2")
    #expect(try Self.read(schema, .header, [("x", "1"), ("x", "2")]) == "1")
    #expect(try Self.read(schema, .query, [("x", "null")]) == "int_parsing@query.x")
    #expect(try Self.read(schema, .form, [("x", "")]) == "absent")
    #expect(try Self.read(#"{"anyOf":[{"type":"integer"},{"type":"string"}]}"#, .query, [("x", "1")]) == #""1""#)
    #expect(
      try Self.read(#"{"anyOf":[{"type":"integer"},{"type":"boolean"}]}"#, .query, [("x", "a")])
        == "int_parsing@query.x.int bool_parsing@query.x.bool")
  }

  @Test func stylesOfLists() throws {
    #expect(try Self.read(Self.integers, .query, [("x", "9"), ("x", "1,2")], style: .form, explode: false) == "[1,2]")
    #expect(try Self.read(Self.integers, .query, [("x", "")], style: .form, explode: false) == "[]")
    #expect(try Self.read(Self.integers, .query, [("x", "1 2")], style: .spaceDelimited) == "[1,2]")
    #expect(try Self.read(Self.integers, .query, [("x", "1|2")], style: .pipeDelimited) == "[1,2]")
    #expect(try Self.read(Self.integers, .header, [("x", "1, 2"), ("x", "3")], style: .simple) == "[1,2,3]")
    #expect(try Self.read(Self.integers, .path, [("", "1,2")], style: .simple) == "[1,2]")
    #expect(try Self.read(Self.integers, .path, [("", ".1,2")], style: .label) == "[1,2]")
    #expect(try Self.read(Self.integers, .path, [("", ".1.2")], style: .label, explode: true) == "[1,2]")
    #expect(try Self.read(Self.integers, .path, [("", ";x=1,2")], style: .matrix) == "[1,2]")
    #expect(try Self.read(Self.integers, .path, [("", ";x=1;x=2")], style: .matrix, explode: true) == "[1,2]")
    #expect(try Self.read(#"{"type":"integer"}"#, .path, [("", ";x=5")], style: .matrix) == "5")
  }

  @Test func stylesOfObjects() throws {
    #expect(
      try Self.read(
        Self.point, .query, [("x[r]", "1"), ("x[g]", "2"), ("x[g]", "3"), ("y[r]", "9")], style: .deepObject)
        == #"{"r":1,"g":[2,3]}"#)
    #expect(try Self.read(Self.point, .query, [("x[r]", "a")], style: .deepObject) == "int_parsing@query.x.r")
    #expect(try Self.read(Self.point, .query, [("y", "1")], style: .deepObject) == "absent")
    #expect(try Self.read(Self.point, .query, [("q", "1"), ("r", "2")], style: .form) == #"{"r":2}"#)
    #expect(try Self.read(Self.point, .query, [("x", "r,2,g,3")], style: .form, explode: false) == #"{"r":2,"g":[3]}"#)
    #expect(try Self.read(Self.point, .path, [("", "r=2,g=3")], style: .simple, explode: true) == #"{"r":2,"g":[3]}"#)
    #expect(try Self.read(Self.point, .path, [("", ";r=2;g=3")], style: .matrix, explode: true) == #"{"r":2,"g":[3]}"#)
    #expect(try Self.read(Self.point, .query, [("x", "1")]) == "model_attributes_type@query.x")
  }

  @Test func parameterObjectsGatherTheirNames() throws {
    let open =
      #"{"type":"object","properties":{"limit":{"type":"integer","default":10},"tag":{"type":"array","items":{"type":"string"},"default":[]},"q":{"type":"string"}},"required":["q"]}"#
    #expect(
      try Self.read(
        open, .query, [("q", "a"), ("tag", "1"), ("limit", "1"), ("tag", "2"), ("limit", "5")], gathers: true)
        == #"{"limit":5,"tag":["1","2"],"q":"a"}"#)
    #expect(try Self.read(open, .query, [], gathers: true) == "missing@query.q")
    let closed = #"{"type":"object","properties":{"a":{"type":"integer"}},"additionalProperties":false}"#
    #expect(
      try Self.read(closed, .query, [("z", "1"), ("a", "x"), ("z", "2"), ("y", "")], gathers: true)
        == "int_parsing@query.a extra_forbidden@query.z extra_forbidden@query.y")
    #expect(
      try Self.read(
        #"{"type":"object","properties":{"x-token":{"type":"integer"}}}"#, .header,
        [("X-Token", "1"), ("x-token", "2")], gathers: true) == #"{"x-token":1}"#)
    #expect(
      try Self.read(
        #"{"type":"object","properties":{"x_token":{"type":"integer"}}}"#, .header,
        [("x_token", "1"), ("x-token", "2"), ("x-other", "3")], gathers: true) == #"{"x_token":2}"#)
    #expect(
      try Self.read(
        #"{"type":"object","properties":{"x_token":{"type":"integer"}},"required":["x_token"]}"#, .header,
        [("x_token", "1")], gathers: true) == "missing@header.x-token")
    let tokens = #"{"type":"object","properties":{"x_tokens":{"type":"array","items":{"type":"integer"}}}}"#
    #expect(try Self.read(tokens, .header, [("x-tokens", "1")], gathers: true) == #"{"x_tokens":[1]}"#)
    #expect(try Self.read(tokens, .header, [("x-tokens", "a")], gathers: true) == "int_parsing@header.x-tokens.0")
    #expect(
      try Self.read(
        #"{"type":"object","properties":{"a":{"type":"integer"}},"additionalProperties":{"type":"integer"}}"#, .cookie,
        [("z", "1"), ("z", "2")], gathers: true) == #"{"z":2}"#)
  }

  @Test func emptyFormScalarsAreAbsentAndEmptyListItemsAreNot() throws {
    let form =
      #"{"type":"object","properties":{"a":{"type":"string"},"l":{"type":"array","items":{"type":"string"}}},"required":["a"]}"#
    #expect(try Self.read(form, .form, [("a", ""), ("l", "")], gathers: true) == "missing@body.a")
    #expect(try Self.read(form, .form, [("a", "b"), ("l", "")], gathers: true) == #"{"a":"b","l":[""]}"#)
  }

  @Test(arguments: [
    (ParameterLocation.header, ParameterStyle.form), (.query, .label), (.cookie, .deepObject), (.path, .pipeDelimited),
  ])
  func stylesBelongToLocations(location: ParameterLocation, style: ParameterStyle) throws {
    let compilation = ParameterReader.compile(["type": "array"], name: "x", location: location, style: style)
    #expect(compilation.reader == nil)
    #expect(
      compilation.problems.map(\.message) == ["style '\(style.rawValue)' is not for \(location.rawValue) parameters"])
  }
}
