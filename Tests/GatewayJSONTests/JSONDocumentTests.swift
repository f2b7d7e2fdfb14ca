import Testing

@testable import GatewayJSON

struct JSONDocumentTests {
  @Test func valuesAreFoundByNameAndPosition() throws {
    let document = try Parsed(
      #"{"title":"A\u00e9\n\ud83d\ude00","year":1969,"price":9.99,"tags":["x",true,null,false],"o":{}}"#)
    let title = try #require(document.member("title"))
    #expect(document.string(title) == "Aé\n😀")
    #expect(document.integer(try #require(document.member("year"))) == 1969)
    let price = try #require(document.member("price"))
    #expect(document.integer(price) == nil)
    #expect(document.number(price)?.text == "9.99")
    let tags = try #require(document.member("tags"))
    #expect(document.childCount(tags) == 4)
    var kinds: [JSONKind?] = []
    document.document.forEachItem(of: tags) { kinds.append(document.kind($0)) }
    #expect(kinds == [.string, .true, .null, .false])
    #expect(document.member("nothing") == nil)
    #expect(document.member("x", of: tags) == nil)
    #expect(document.byteRange(price) == 53..<57)
  }

  @Test func indexesFromElsewhereReadAsAbsent() throws {
    let document = try Parsed("[1]")
    for position in [-1, 2, 99, Int.max] {
      let index = JSONIndex(position: position)
      #expect(document.kind(index) == nil)
      #expect(document.string(index) == nil)
      #expect(document.integer(index) == nil)
      #expect(document.childCount(index) == 0)
      #expect(document.byteRange(index) == nil)
      #expect(document.value(index) == .null)
    }
  }

  @Test func aKeptDocumentForgetsWhatItHeld() throws {
    let document = Parsed()
    #expect(document.isEmpty)
    try document.parse(copying: "[1,2,3]")
    #expect(document.nodeCount == 4)
    #expect(throws: JSONSyntaxError.self) { try document.parse(copying: "[1") }
    #expect(document.isEmpty)
    #expect(document.kind() == nil)
    try document.parse(copying: "\"x\"")
    #expect(document.string() == "x")
    document.document.reset()
    #expect(document.isEmpty)
  }

  @Test func parsingAgainUsesTheSameTape() throws {
    let text = Array(("[" + (0..<1000).map(String.init).joined(separator: ",") + "]").utf8)
    let document = Parsed()
    try text.withUnsafeBytes { bytes in
      try document.document.parse(bytes)
      let first = document.tapeAddress
      try document.document.parse(bytes)
      #expect(document.tapeAddress == first)
      document.document.reset(keepingAtMost: 100)
      try document.document.parse(bytes)
      #expect(document.childCount() == 1000)
    }
  }

  @Test func theLaterOfTwoMembersWinsWhereAsked() throws {
    let limits = JSONLimits(duplicateKeys: .lastWins)
    let document = try Parsed(#"{"a":1,"b":2,"\u0061":3,"a":4}"#, limits: limits)
    #expect(document.childCount() == 2)
    #expect(document.integer(try #require(document.member("a"))) == 4)
    #expect(document.value() == ["a": 4, "b": 2])
    #expect(document.written() == #"{"b":2,"a":4}"#)
  }

  @Test(arguments: [JSONLimits(), JSONLimits(duplicateKeys: .lastWins)])
  func aHundredThousandMembersAreNotComparedPairwise(limits: JSONLimits) throws {
    // Same length, same first and last eight bytes: the hash on the tape is equal for all of them.
    var text = "{"
    for i in 0..<100_000 {
      if i > 0 { text += "," }
      let digits = String(i)
      text += "\"12345678" + String(repeating: "0", count: 6 - digits.count) + digits + "12345678\":1"
    }
    text += "}"
    let document = try Parsed(text, limits: limits)
    #expect(document.childCount() == 100_000)
    #expect(throws: JSONSyntaxError.self) { try Parsed(text.dropLast() + ",\"1234567800000112345678\":2}") }
  }

  @Test func childrenAreCountedByWalkingWhereTheWordOverflows() throws {
    // A word counts to 2^24 - 1; beyond that the count is found the long way.
    let document = try Parsed(#"[1,[2,3],{"a":[],"b":4},"x"]"#)
    let counts = document.document.withTape { ($0.countChildren(0), $0.countChildren(5)) }
    #expect(counts?.0 == 4)
    #expect(counts?.1 == 2)
  }

  @Test func everySplitBetweenFastAndSlowScanningReadsTheSame() throws {
    // Strings of every length up to two words of eight, ending in each kind of special byte.
    for length in 0..<20 {
      for tail in ["", "\\n", "é", "\\\"", "😀x", "\u{7F}"] {
        let text = String(repeating: "a", count: length) + tail
        let document = try Parsed("[\"" + text + "\",1]")
        let decoded = text.replacing("\\n", with: "\n").replacing("\\\"", with: "\"")
        #expect(document.string(JSONIndex(position: 1)) == decoded)
        #expect(document.integer(JSONIndex(position: 2)) == 1)
      }
    }
  }
}
