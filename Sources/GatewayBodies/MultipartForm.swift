import GatewayHTTP
import NIOCore

/// A multipart form as it arrives: fields in memory, in UTF-8; files in memory together up to a threshold, in the spool
/// beyond it.
///
/// Does no I/O itself. After each `feed`, the caller carries out the writes before it feeds again, which is what holds
/// the client back and memory down to one piece of the body:
///
///     try form.feed(piece)
///     while let write = form.nextWrite() { form.wrote(try await pool.run { try write.perform() }) }
public struct MultipartForm: Sendable {
  public struct Field: Sendable, Equatable {
    public var name: String
    /// In UTF-8.
    public var value: ByteBuffer
  }

  public struct File: Sendable {
    public var part: MultipartPart
    public var content: SpooledContent
    fileprivate var isWhole = false
  }

  /// In the order of the body.
  public private(set) var fields: [Field] = []
  public private(set) var files: [File] = []

  private enum Current {
    case none
    case field(TextCharset)
    case file
  }

  private var parser: MultipartParser
  private let spool: SpoolDirectory
  private var current = Current.none
  /// Bytes that further files may keep in memory.
  private var memory: Int
  /// Files before this one are whole and in their place.
  private var settled = 0

  /// `memory`: bytes of all files together that stay out of the spool.
  public init(_ parser: MultipartParser, spool: SpoolDirectory, memory: Int = 1 << 20) {
    self.parser = parser
    self.spool = spool
    self.memory = memory
  }

  /// Takes the next piece of the body. No write may be under way.
  public mutating func feed(_ piece: ByteBuffer) throws(HTTPError) {
    var piece = piece
    while let event = try parser.next(&piece) {
      switch event {
      case .partBegan(let part) where part.isFile:
        current = .file
        files.append(File(part: part, content: SpooledContent(in: spool, threshold: memory)))
      case .partBegan(let part):
        current = .field(try part.charset())
        fields.append(Field(name: part.name, value: ByteBuffer()))
      case .partData(let data): append(data)
      case .partEnded: try end()
      }
    }
  }

  private mutating func append(_ data: ByteBuffer) {
    switch current {
    case .field: fields[fields.count - 1].value.writeImmutableBuffer(data)
    case .file: files[files.count - 1].content.append(data)
    case .none: break
    }
  }

  private mutating func end() throws(HTTPError) {
    switch current {
    case .field(let charset):
      let last = fields.count - 1
      fields[last].value = try charset.decode(fields[last].value)
    case .file:
      let last = files.count - 1
      files[last].isWhole = true
      if files[last].content.inMemory != nil, !files[last].content.mustWrite { memory -= files[last].content.size }
    case .none: break
    }
    current = .none
  }

  /// A write that has to be performed before more is fed; nil where there is none, or one is under way.
  public mutating func nextWrite() -> SpoolWrite? {
    while settled < files.count {
      if let write = files[settled].content.nextWrite(all: files[settled].isWhole) { return write }
      guard files[settled].isWhole, !files[settled].content.isWriting else { return nil }
      settled += 1
    }
    return nil
  }

  /// Takes note of the write that `nextWrite` gave.
  public mutating func wrote(_ result: SpoolWrite.Result) {
    guard settled < files.count else { return }
    files[settled].content.wrote(result)
  }

  /// To be called when the body has ended and no write is left. 400 where it is cut off.
  public func finish() throws(HTTPError) { try parser.finish() }
}
