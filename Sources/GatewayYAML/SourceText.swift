/// The bytes of a file and the way from an offset to a line and column, and back to the line's text.
public struct SourceText: Sendable {
  /// The file as the user named it.
  public let name: String
  public let bytes: [UInt8]
  private let checkpoints: [Checkpoint]
  /// Index of the checkpoint that begins each line.
  private let lines: [Int]

  /// A known position: one at the start of each line, and one about every 256 bytes of a long line, so that finding
  /// the column of everything in a file of one line does not take the square of its length.
  private struct Checkpoint: Sendable {
    var offset: Int
    var line: Int
    var column: Int
  }

  /// Lines end with LF, CR LF or a lone CR (YAML 1.2 §5.4).
  public init(name: String, bytes: [UInt8]) {
    self.name = name
    self.bytes = bytes
    let start = SourceText.bytesOfMark(in: bytes)
    var checkpoints = [Checkpoint(offset: start, line: 1, column: 1)]
    var lines = [0]
    var (line, column, last) = (1, 1, start)
    for index in start..<bytes.count {
      let byte = bytes[index]
      let isEnd =
        byte == UInt8(ascii: "\n")
        || byte == UInt8(ascii: "\r") && index + 1 < bytes.count && bytes[index + 1] != UInt8(ascii: "\n")
      if isEnd {
        (line, column, last) = (line + 1, 1, index + 1)
        lines.append(checkpoints.count)
        checkpoints.append(Checkpoint(offset: index + 1, line: line, column: 1))
        continue
      }
      guard byte & 0xC0 != 0x80 else { continue }
      if index - last >= 256 {
        checkpoints.append(Checkpoint(offset: index, line: line, column: column))
        last = index
      }
      column += 1
    }
    self.checkpoints = checkpoints
    self.lines = lines
  }

  /// Bytes of a UTF-8 byte order mark at the start: 3 or 0. It belongs to no line and no column.
  static func bytesOfMark(in bytes: [UInt8]) -> Int {
    bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
  }

  public var lineCount: Int { lines.count }

  /// Line and column, from 1, of a byte. Offsets outside the file count as its start or end.
  public func position(of offset: Int) -> (line: Int, column: Int) {
    let offset = min(max(offset, checkpoints[0].offset), bytes.count)
    var low = 0
    var high = checkpoints.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if checkpoints[middle].offset <= offset { low = middle } else { high = middle }
    }
    let near = checkpoints[low]
    return (near.line, near.column + scalars(in: near.offset..<max(offset, near.offset)))
  }

  public func mark(file: Int, from start: Int, to end: Int) -> Mark {
    let (line, column) = position(of: start)
    return Mark(file: file, line: line, column: column, offset: start, end: max(start, end))
  }

  /// The text of a line (from 1) without its end; nil for a line that is not there. Bytes that are no UTF-8 read as
  /// U+FFFD.
  public func line(_ number: Int) -> String? {
    guard number >= 1, number <= lines.count else { return nil }
    let start = checkpoints[lines[number - 1]].offset
    var end = number < lines.count ? checkpoints[lines[number]].offset : bytes.count
    while end > start, bytes[end - 1] == UInt8(ascii: "\n") || bytes[end - 1] == UInt8(ascii: "\r") { end -= 1 }
    return String(decoding: bytes[start..<end], as: UTF8.self)
  }

  /// The text a mark covers; empty where it lies outside.
  public func text(of mark: Mark) -> String {
    guard mark.offset <= mark.end, mark.end <= bytes.count else { return "" }
    return String(decoding: bytes[mark.offset..<mark.end], as: UTF8.self)
  }

  /// Bytes that begin a scalar; stray continuation bytes do not count.
  private func scalars(in range: Range<Int>) -> Int {
    bytes[range].reduce(0) { $1 & 0xC0 == 0x80 ? $0 : $0 + 1 }
  }
}
