import NIOCore
import Testing

@testable import GatewayHTTP

@Suite struct FieldLinesTests {
  private func wire(_ lines: FieldLines) -> String { String(buffer: lines.bytes) }

  @Test func `fields are written as lines`() {
    var lines = FieldLines()
    lines.append("a", "b" as StaticString)
    lines.append("c", 42)
    lines.append("n", Int.min)
    let added = [lines.append("d", "é \t!" as String), lines.append(name: "E", value: "")]
    #expect(added == [true, true])
    #expect(wire(lines) == "a: b\r\nc: 42\r\nn: -9223372036854775808\r\nd: é \t!\r\nE: \r\n")
    #expect(lines.pairs.map(\.name) == ["a", "c", "n", "d", "E"])
    #expect(lines.pairs.map(\.value) == ["b", "42", "-9223372036854775808", "é \t!", ""])
  }

  @Test(arguments: ["a\r\nb: c", "a\nb", "a\rb", "a\u{0}b", "\u{1}", "a\u{7F}", "aaaaaaaa\u{8}", "aaaaaaaaaaaaaaa\n"])
  func `no value can end a line`(value: String) {
    var lines = FieldLines()
    let added = [
      lines.append("x", value), lines.append(name: "x", value: value), lines.append(name: value, value: "x"),
    ]
    #expect(added == [false, false, false])
    lines.append("x", "kept" as StaticString)
    let isSet = lines.set("x", value)
    #expect(!isSet)
    #expect(wire(lines) == "x: kept\r\n", "a refused set changes nothing")
  }

  @Test(arguments: ["", "a b", "a:", "é", "a\t", "(a)"])
  func `no name is accepted that is not a token`(name: String) {
    var lines = FieldLines()
    let added = lines.append(name: name, value: "x")
    #expect(!added && lines.isEmpty)
  }

  @Test func `look-ups do not mind letter case`() {
    var lines = FieldLines()
    for (name, value) in [("Vary", "a"), ("X", "1"), ("vary", "b")] { lines.append(name: name, value: value) }
    #expect(lines.first("VARY") == "a" && lines.all("vary") == ["a", "b"])
    #expect(lines.contains("x") && !lines.contains("var") && lines.first("y") == nil && lines.all("y").isEmpty)
  }

  @Test(arguments: [
    ("a", "b: 2\r\nc: 3\r\n"), ("b", "a: 1\r\na: 4\r\nc: 3\r\n"), ("C", "a: 1\r\nb: 2\r\na: 4\r\n"),
    ("d", "a: 1\r\nb: 2\r\na: 4\r\nc: 3\r\n"),
  ])
  func `removing takes every line of the name and no other`(name: String, left: String) {
    var lines = FieldLines()
    for (name, value) in [("a", "1"), ("b", "2"), ("a", "4"), ("c", "3")] { lines.append(name: name, value: value) }
    let copy = lines
    let removed = lines.remove(name)
    #expect(removed == (name != "d"))
    #expect(wire(lines) == left)
    #expect(wire(copy) == "a: 1\r\nb: 2\r\na: 4\r\nc: 3\r\n", "copies are values")
    lines.append("e", 5)
    #expect(wire(lines) == left + "e: 5\r\n")
  }

  @Test func `set leaves one line`() {
    var lines = FieldLines()
    for value in ["1", "2"] { lines.append(name: "a", value: value) }
    let isSet = lines.set("A", "3")
    #expect(isSet && wire(lines) == "A: 3\r\n")
    let removed = lines.remove("a")
    #expect(removed && lines.isEmpty)
  }

  @Test func `lines are walked without copies`() {
    var lines = FieldLines()
    lines.append("a", "b" as StaticString)
    lines.append(name: "c", value: "")
    var found: [String] = []
    lines.forEach { found.append(String(decoding: $0, as: UTF8.self) + "=" + String(decoding: $1, as: UTF8.self)) }
    #expect(found == ["a=b", "c="])
  }
}
