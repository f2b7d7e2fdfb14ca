import GatewayJSON
import Testing

struct JSONSyntaxErrorTests {
  static func error(_ text: String, limits: JSONLimits = JSONLimits()) -> JSONSyntaxError? {
    do throws(JSONSyntaxError) {
      _ = try JSONDocument(Array(text.utf8), limits: limits)
      return nil
    } catch {
      return error
    }
  }

  /// CPython's reason and character index for the same text, as FastAPI 0.163 puts them into a 422.
  @Test(arguments: [
    ("", "Expecting value", 0),
    ("   ", "Expecting value", 3),
    ("[1,]", "Expecting value", 3),
    ("{", "Expecting property name enclosed in double quotes", 1),
    ("{ 1}", "Expecting property name enclosed in double quotes", 2),
    ("{\"a\":1, }", "Expecting property name enclosed in double quotes", 8),
    ("{\"a\" 1}", "Expecting ':' delimiter", 5),
    ("{\"a\"", "Expecting ':' delimiter", 4),
    ("[1 2]", "Expecting ',' delimiter", 3),
    ("{\"a\":1 \"b\":2}", "Expecting ',' delimiter", 7),
    ("[01]", "Expecting ',' delimiter", 2),
    ("01", "Extra data", 1),
    ("1.", "Extra data", 1),
    ("1 2", "Extra data", 2),
    ("-", "Expecting value", 0),
    ("[1", "Expecting ',' delimiter", 2),
    ("\"abc", "Unterminated string starting at", 0),
    ("[\"a\\", "Unterminated string starting at", 1),
    ("\"a\nb\"", "Invalid control character at", 2),
    ("\"a\\qb\"", "Invalid \\escape", 2),
    ("\"a\\u12g4\"", "Invalid \\uXXXX escape", 3),
    ("\"\\u0041", "Invalid \\uXXXX escape", 2),
    ("[\"é\", nul]", "Expecting value", 6),
  ])
  func mistakesAreReportedAsPythonDoes(text: String, message: String, index: Int) {
    let error = Self.error(text)
    #expect(error?.message == message)
    #expect(error?.characterIndex == index)
  }

  @Test func positionsCountBytesCharactersAndLines() {
    let error = Self.error("{\n  \"é\": tru\n}")
    #expect(error?.reason == .expectedValue)
    #expect(error?.offset == 10)
    #expect(error?.characterIndex == 9)
    #expect(error?.line == 2)
    #expect(error?.column == 8)
  }

  @Test(arguments: [
    "NaN", "Infinity", "-Infinity", "[NaN]", "+1", ".5", "0x1", "'a'", "//c\n1", "[1,,2]", "tru", "TRUE",
  ])
  func extensionsAreRefused(text: String) {
    #expect(Self.error(text)?.reason == .expectedValue || Self.error(text)?.reason == .extraData)
  }

  @Test func repeatedNamesAreRefusedAtTheSecondOne() {
    #expect(Self.error("{\"a\":1,\"b\":2,\"a\":3}")?.reason == .duplicateKey)
    #expect(Self.error("{\"a\":1,\"b\":2,\"a\":3}")?.offset == 13)
    #expect(Self.error("{\"a\":1,\"\\u0061\":2}")?.reason == .duplicateKey)
    #expect(Self.error("[{\"x\":{\"a\":1,\"a\":1}}]")?.reason == .duplicateKey)
    #expect(Self.error("{\"a\":{\"a\":1},\"b\":{\"a\":1}}") == nil)
  }

  @Test func namesThatLookAlikeAreDifferent() {
    // "é" as one code point and as two.
    #expect(Self.error("{\"\u{E9}\":1,\"e\u{301}\":2}") == nil)
  }

  @Test func depthIsLimited() {
    func nested(_ depth: Int) -> String {
      String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }
    #expect(Self.error(nested(128)) == nil)
    #expect(Self.error(nested(129))?.reason == .tooDeep)
    #expect(Self.error(nested(129))?.offset == 128)
    #expect(Self.error(nested(5), limits: JSONLimits(depth: 4))?.reason == .tooDeep)
    #expect(Self.error("1", limits: JSONLimits(depth: 0)) == nil)
    #expect(Self.error(String(repeating: "[", count: 1_000_000))?.reason == .tooDeep)
  }

  @Test func invalidTextComesBeforeEveryOtherMistake() throws {
    var bytes = Array("[1,]   \"".utf8)
    bytes.append(0xFF)
    do throws(JSONSyntaxError) {
      _ = try JSONDocument(bytes)
      Issue.record("accepted")
    } catch {
      #expect(error.reason == .invalidUTF8)
      #expect(error.offset == 8)
    }
  }
}
