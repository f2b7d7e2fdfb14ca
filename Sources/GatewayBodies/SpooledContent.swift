import NIOCore

/// Content of unknown size: in memory up to a threshold, in a file without a name above it.
///
/// Does no I/O itself, so that it can be filled on an event loop: `append` takes bytes; where `nextWrite` is not nil
/// then, the caller runs it on a thread that may block, stops reading the body meanwhile, and reports back with
/// `wrote`.
///
///     content.append(piece)
///     if let write = content.nextWrite() { content.wrote(try await pool.run { try write.perform() }) }
///
/// The file goes with the last copy of this value and of its writes.
public struct SpooledContent: Sendable {
  /// Bytes that stay in memory.
  public let threshold: Int
  private let directory: SpoolDirectory
  /// Bytes appended.
  public private(set) var size = 0
  /// All of it where there is no file, else what is not written yet.
  private var memory = ByteBuffer()
  private var written = 0
  private(set) var isWriting = false
  /// Nil while everything is in memory.
  public private(set) var file: SpoolFile?

  /// The default is FastAPI's.
  public init(in directory: SpoolDirectory, threshold: Int = 1 << 20) {
    self.directory = directory
    self.threshold = threshold
  }

  public mutating func append(_ bytes: ByteBuffer) {
    size += bytes.readableBytes
    // Copied: a slice of a few bytes would keep the whole of what was received with it.
    memory.writeImmutableBuffer(bytes)
  }

  /// The content where it is in memory.
  public var inMemory: ByteBuffer? { file == nil && !isWriting ? memory : nil }

  /// Whether bytes have to be written before more is read from the client. Once there is a file, small pieces are
  /// gathered, so that a slow client does not cost a hop to another thread for each packet.
  public var mustWrite: Bool {
    !isWriting && (file == nil ? memory.readableBytes > threshold : memory.readableBytes >= Self.writeSize)
  }

  static let writeSize = 64 << 10

  /// What to write now; nil where nothing has to be, or a write is under way. `all`: at the end of the content, so that
  /// it is in one place.
  public mutating func nextWrite(all: Bool = false) -> SpoolWrite? {
    guard mustWrite || (all && file != nil && !isWriting && memory.readableBytes > 0) else { return nil }
    let write = SpoolWrite(directory: directory, file: file, bytes: memory, offset: written)
    isWriting = true
    memory = ByteBuffer()
    return write
  }

  /// Takes note of a write that was performed.
  public mutating func wrote(_ write: SpoolWrite.Result) {
    file = write.file
    written += write.count
    isWriting = false
  }
}

/// One write to a spool file, for a thread that may block.
public struct SpoolWrite: Sendable {
  public struct Result: Sendable {
    let file: SpoolFile
    let count: Int
  }

  let directory: SpoolDirectory
  let file: SpoolFile?
  let bytes: ByteBuffer
  let offset: Int

  /// Makes the file if this is its first write. Blocks.
  public func perform() throws(SpoolFailure) -> Result {
    let file = if let file { file } else { try SpoolFile.create(in: directory) }
    try file.write(bytes, at: offset)
    return Result(file: file, count: bytes.readableBytes)
  }
}
