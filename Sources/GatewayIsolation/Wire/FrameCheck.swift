import NIOCore

/// What the gateway reads of bytes that a worker sends, for tests that feed it with any bytes.
public enum FrameCheck {
  public struct Counts: Equatable, Sendable {
    public var taken = 0
    public var refused = 0

    public init(taken: Int = 0, refused: Int = 0) {
      self.taken = taken
      self.refused = refused
    }
  }

  /// Cuts bytes into frames and takes every frame apart as if it were one of its kind: how many were, and how many were refused.
  /// Never traps, and never reads outside of `bytes`.
  public static func read(_ bytes: [UInt8], pieces: Int = 1) -> Counts {
    var splitter = FrameSplitter()
    var counts = Counts()
    let size = max(1, bytes.count / max(1, pieces))
    var at = 0
    while at < bytes.count {
      let end = min(bytes.count, at + size)
      do throws(FrameSplitter.SplitError<FrameError>) {
        try splitter.feed(ByteBuffer(bytes: bytes[at..<end])) { (head, payload) throws(FrameError) in
          do throws(FrameError) {
            try read(head, payload)
            counts.taken += 1
          } catch { counts.refused += 1 }
          return true
        }
      } catch {
        counts.refused += 1
        return counts
      }
      at = end
    }
    return counts
  }

  private static func read(_ head: Frame.Head, _ payload: UnsafeRawBufferPointer) throws(FrameError) {
    guard let kind = WorkerFrame(rawValue: head.kind) else { throw FrameError("a frame of kind \(head.kind)") }
    var reader = FrameReader(payload)
    let fields = FieldTable()
    switch kind {
    case .opened:
      let description = try PluginDescription(payload)
      var again = ByteBuffer()
      description.write(to: &again)
      // What is understood is understood in one way only.
      guard again.readableBytes == payload.count else { throw FrameError("a description of another length") }
    case .refused: _ = try ProblemCoding.read(payload)
    case .responded:
      let _: UInt16 = try reader.integer()
      let hasFailure = try reader.boolean()
      try fields.read(&reader)
      _ = try reader.body(nil)
      if hasFailure { _ = try FailureMessage(&reader, FieldTable()) }
      try reader.end()
    case .failed:
      _ = try FailureMessage(&reader, fields).text
      try reader.end()
    case .proceeded: try ChangesMessage.read(&reader, fields) { _ in }
    case .began, .file, .log, .metric:
      _ = try reader.data(limit: 64 << 10)
      try fields.read(&reader)
      try reader.end()
    case .fetch:
      for _ in 0..<3 { _ = try reader.data(limit: 64 << 10) }
      try fields.read(&reader)
    default: break
    }
  }
}
