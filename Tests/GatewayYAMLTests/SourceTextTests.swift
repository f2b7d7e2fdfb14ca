import GatewayYAML
import Testing

@Suite struct SourceTextTests {
  @Test func positionsAreTheSameAsCountedByHand() {
    let text = "ab\nä\r\n\rlast 文字 " + String(repeating: "xé", count: 400)
    let source = SourceText(name: "x", bytes: Array(text.utf8))
    var (line, column, offset) = (1, 1, 0)
    let scalars = Array(text.unicodeScalars)
    for (index, scalar) in scalars.enumerated() {
      let position = source.position(of: offset)
      #expect(position.line == line && position.column == column, "offset \(offset)")
      offset += String(scalar).utf8.count
      column += 1
      let next = index + 1 < scalars.count ? scalars[index + 1] : nil
      if scalar == "\n" || scalar == "\r" && next != "\n" { (line, column) = (line + 1, 1) }
    }
    #expect(source.lineCount == 4)
  }

  @Test func linesAreWithoutTheirEnds() {
    let source = SourceText(name: "x", bytes: Array("\u{FEFF}a\r\nb\n\nc".utf8))
    #expect((1...5).map { source.line($0) } == ["a", "b", "", "c", nil])
    #expect(source.line(0) == nil)
  }

  @Test func offsetsOutsideTheFileAreItsEnds() {
    let source = SourceText(name: "x", bytes: Array("a\nbc".utf8))
    #expect(source.position(of: -5) == (1, 1))
    #expect(source.position(of: 99) == (2, 3))
    #expect(SourceText(name: "", bytes: []).position(of: 0) == (1, 1))
  }
}
