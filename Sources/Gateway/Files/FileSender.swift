import GatewayFiles
import GatewayHTTP
import NIOCore

/// The bytes of a file answer, piece by piece: read on a thread that may block, sent as fast as the client takes them.
struct FileSender {
  /// Bytes of one piece: enough to keep a connection busy, little enough to hold for each.
  static let pieceSize = 128 << 10

  let file: OpenFile
  private var segments: ArraySlice<FileAnswer.Segment>
  /// Of the first segment.
  private var sent = 0

  init(_ file: OpenFile, _ answer: FileAnswer) {
    self.file = file
    segments = answer.segments[...]
  }

  enum Step {
    case send(ByteBuffer)
    /// Bytes of the file to read next.
    case read(Range<Int>)
    case end
  }

  mutating func next() -> Step {
    guard let segment = segments.first else { return .end }
    switch segment {
    case .bytes(let bytes):
      segments.removeFirst()
      return .send(bytes)
    case .file(let range):
      let start = range.lowerBound + sent
      let end = min(range.upperBound, start + Self.pieceSize)
      sent = end - range.lowerBound
      if end == range.upperBound {
        segments.removeFirst()
        sent = 0
      }
      return .read(start..<end)
    }
  }
}
