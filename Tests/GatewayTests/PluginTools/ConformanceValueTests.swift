import GatewayJSON
import Testing

@testable import Gateway

/// The parts of the plugin tools that decide without a plugin.
@Suite("Plugin tools as values") struct ConformanceValueTests {
  private func json(_ text: String) throws -> JSONValue { try JSONValue(parsing: text) }

  @Test(
    "A sample is what its schema takes, as far as that can be guessed",
    arguments: [
      (#"{"type":"integer","minimum":3}"#, "3"), (#"{"type":"integer","exclusiveMinimum":3}"#, "4"),
      (#"{"type":"number","maximum":-2}"#, "-2"), (#"{"type":"boolean"}"#, "true"), (#"{"type":["null","string"]}"#, "null"),
      (#"{"type":"string"}"#, #""sample""#), (#"{"type":"string","maxLength":2}"#, #""s""#),
      (#"{"type":"string","minLength":8}"#, #""ssssssss""#), (#"{"enum":["b","a"]}"#, #""b""#), (#"{"const":{"a":1}}"#, #"{"a":1}"#),
      (#"{"type":"string","default":"x"}"#, #""x""#), (#"{"type":"array","items":{"type":"integer"},"minItems":2}"#, "[1,1]"),
      (##"{"type":"object","required":["a"],"properties":{"a":{"$ref":"#/schemas/A~1B"},"b":{}}}"##, #"{"a":"found"}"#),
      (#"{"anyOf":[false,{"type":"integer"}]}"#, "1"), (#"{"type":"string","format":"uuid"}"#, #""123e4567-e89b-42d3-a456-426614174000""#),
    ] as [(String, String)])
  func sample(_ schema: String, _ expected: String) throws {
    let samples = SampleJSON(root: try json(#"{"schemas":{"A/B":{"const":"found"}}}"#))
    #expect(samples.value(for: try json(schema)) == (try json(expected)))
  }

  @Test(
    "Where nothing can be guessed there is no sample, also of a schema that leads back to itself",
    arguments: ["false", ##"{"$ref":"#/schemas/none"}"##, ##"{"$ref":"#/schemas/self"}"##, #"{"type":"object","required":["a"],"properties":{"a":false}}"#])
  func none(_ schema: String) throws {
    let samples = SampleJSON(root: try json(##"{"schemas":{"self":{"$ref":"#/schemas/self"}}}"##))
    #expect(samples.value(for: try json(schema)) == nil)
  }

  @Test("Requests of an operation carry what it requires, percent-encoded, and every one is a whole head")
  func requests() throws {
    let document = try json(
      """
      {"paths":{"/a/{id}/{name}":{"post":{
        "parameters":[{"name":"id","in":"path","required":true,"schema":{"type":"integer","minimum":7}},
          {"name":"name","in":"path","required":true,"schema":{"const":"a b/ü"}},
          {"name":"q","in":"query","required":true,"schema":{"const":"&"}},{"name":"r","in":"query","schema":{"type":"string"}},
          {"name":"x-h","in":"header","required":true,"schema":{"type":"string"}}],
        "requestBody":{"content":{"application/json":{"schema":{"type":"object","required":["n"],"properties":{"n":{"type":"integer"}}}}}},
        "security":[{"bearer":[]}]}}}}
      """)
    let operation = try #require(ConformanceRequests.all(document).first)
    #expect(operation.label == "POST /a/{id}/{name}")
    let plain = try #require(operation.requests.first)
    #expect(
      plain.head == "POST /a/7/a%20b%2F%C3%BC?q=%26 HTTP/1.1\r\nhost: conformance\r\nx-h: sample\r\nauthorization: Bearer sample\r\n"
        + "content-type: application/json\r\ncontent-length: 7\r\n\r\n")
    #expect(plain.body == Array(#"{"n":1}"#.utf8))
    #expect(operation.requests.allSatisfy { $0.head.hasSuffix("\r\n\r\n") })
    #expect(operation.requests.filter(\.leaves).count == 1)
  }

  @Test(
    "A path from one folder to another goes over what they share",
    arguments: [
      ("/a/gateway", "/a/plugin", "../gateway"), ("/a/gateway", "/a/plugins/own/weather", "../../../gateway"),
      ("/a/gateway", "/a/gateway/plugins/weather", "../.."), ("/a/b", "/a/b", "."), ("/gateway", "/home/weather", "/gateway"),
    ] as [(String, String, String)])
  func relative(_ path: String, _ folder: String, _ expected: String) {
    #expect(PluginScaffold.relative(path, to: folder) == expected)
  }

  @Test("What the process that tests a plugin reports is read back; anything else in its lines is nothing")
  func channel() throws {
    let finding = ConformanceFinding(.completesTwice, .error, "greet", "twice\n\"", remedy: "once")
    var writer = JSONWriter()
    finding.write(to: &writer)
    #expect(ConformanceFinding(try JSONValue(parsing: writer.bytes)) == finding)
    let line = #"{"finding":\#(String(decoding: writer.bytes, as: UTF8.self))}"#
    guard case .finding(finding)? = ConformanceChannel.message(line) else {
      Issue.record("not read: \(line)")
      return
    }
    for garbage in ["", "{", "[]", "null", "{}", #"{"finding":{}}"#, #"{"opened":{"name":1}}"#, #"{"step":7}"#, "\u{0}\u{ff}"] {
      #expect(ConformanceChannel.message(garbage) == nil, "\(garbage)")
    }
  }
}
