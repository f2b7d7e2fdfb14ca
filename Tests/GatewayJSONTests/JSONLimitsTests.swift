import GatewayJSON
import Testing

struct JSONLimitsTests {
  static func error(_ bytes: [UInt8], _ limits: JSONLimits) -> JSONSyntaxError? {
    do throws(JSONSyntaxError) {
      _ = try JSONDocument(bytes, limits: limits)
      return nil
    } catch {
      return error
    }
  }

  static func error(_ text: String, _ limits: JSONLimits) -> JSONSyntaxError? { error(Array(text.utf8), limits) }

  @Test func bytesAreLimited() {
    let limits = JSONLimits(bytes: 5)
    #expect(Self.error("[1,2]", limits) == nil)
    #expect(Self.error("[1,23]", limits)?.reason == .tooLarge)
    #expect(Self.error("", JSONLimits(bytes: 0))?.reason == .expectedValue)
  }

  @Test(arguments: [
    ("1", 1), ("\"x\"", 1), ("[]", 1), ("[1]", 2), ("[1,2,3]", 4), ("{}", 1), ("{\"a\":1}", 3), ("[{\"a\":[]}]", 4),
    ("[[[]]]", 3), ("{\"a\":1,\"b\":{\"c\":2}}", 7),
  ])
  func wordsOnTheTapeAreLimitedExactly(text: String, words: Int) {
    #expect(Self.error(text, JSONLimits(nodes: words)) == nil)
    #expect(Self.error(text, JSONLimits(nodes: words - 1))?.reason == .tooManyValues)
  }

  @Test func theLimitOfWordsHoldsForATapeThatIsLargerAlready() throws {
    let document = Parsed()
    try document.parse(copying: "[" + String(repeating: "0,", count: 500) + "0]")
    document.document.limits.nodes = 100
    #expect(throws: JSONSyntaxError.self) {
      try document.parse(copying: "[" + String(repeating: "0,", count: 99) + "0]")
    }
    try document.parse(copying: "[" + String(repeating: "0,", count: 98) + "0]")
    #expect(document.nodeCount == 100)
  }

  @Test func limitsOutOfRangeCountAsTheNearestInside() {
    var limits = JSONLimits(depth: -1, bytes: .max, nodes: -5)
    #expect(limits.depth == 0 && limits.bytes == JSONLimits.maximumBytes && limits.nodes == 0)
    limits.depth = .max
    limits.nodes = .max
    #expect(limits.depth == JSONLimits.maximumDepth && limits.nodes == JSONLimits.maximumBytes)
  }

  @Test func aByteOrderMarkIsPassedOverWhereAsked() throws {
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    let limits = JSONLimits(acceptsByteOrderMark: true)
    #expect(Self.error(mark + Array("[1]".utf8), JSONLimits())?.reason == .byteOrderMark)
    #expect(Self.error(mark + Array("[1]".utf8), limits) == nil)
    #expect(try Parsed(bytes: mark + Array(" [1]".utf8), limits: limits).value() == [1])
    // One mark, at the start, and a value behind it.
    #expect(Self.error(mark, limits)?.reason == .expectedValue)
    #expect(Self.error(mark + mark + Array("1".utf8), limits)?.reason == .expectedValue)
    #expect(Self.error([0xEF, 0xBB], limits)?.reason == .invalidUTF8)
  }

  @Test func aByteOrderMarkIsNoCharacterOfPositions() throws {
    let text: [UInt8] = [0xEF, 0xBB, 0xBF] + Array("[1 2]".utf8)
    let error = try #require(Self.error(text, JSONLimits(acceptsByteOrderMark: true)))
    #expect(error.reason == .expectedComma)
    #expect(error.offset == 6)
    #expect(error.characterIndex == 3)
    #expect(error.column == 4)
  }

  @Test(arguments: 2...40)
  func repeatedNamesAreSeenWhereverTheyStand(count: Int) throws {
    // Every pair of places, among so many members that each way of comparing has its turn.
    for second in 1..<count {
      for first in Set([0, second / 2, second - 1]) {
        var names = (0..<count).map { "name\($0)" }
        names[second] = names[first]
        let text =
          "{" + names.enumerated().map { "\"\($0.element)\":{\"x\":\($0.offset)}" }.joined(separator: ",") + "}"
        let error = Self.error(text, JSONLimits())
        #expect(error?.reason == .duplicateKey)
        let document = try Parsed(text, limits: JSONLimits(duplicateKeys: .lastWins))
        #expect(document.childCount() == count - 1)
        let value = try #require(document.member(names[first]))
        #expect(document.value(value) == ["x": .number(JSONNumber(second))])
      }
    }
  }

  @Test func namesOfOuterAndInnerObjectsAreKeptApart() {
    // More open names than the parser's row of hashes holds, in nested objects with the same names.
    var text = ""
    for _ in 0..<30 { text += "{\"a\":0,\"b\":0,\"c\":0,\"d\":0,\"e\":0,\"f\":" }
    let end = String(repeating: "}", count: 30)
    #expect(Self.error(text + "0" + end, JSONLimits()) == nil)
    #expect(Self.error(text + "0,\"a\":1" + end, JSONLimits())?.reason == .duplicateKey)
    #expect(Self.error(text + "0" + end.dropLast() + ",\"a\":1}", JSONLimits())?.reason == .duplicateKey)
  }
}
