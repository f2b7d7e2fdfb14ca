import GatewayBodies
import GatewayHTTP
import NIOCore

/// Takes in a request body that has to be taken apart while it arrives: one that is compressed, or a multipart form.
///
/// Does no I/O: what has to go to disk is handed out, and until it is written nothing more is taken apart.
final class BodyIntake {
  struct File {
    var part: MultipartPart
    var content: SpooledContent
  }

  /// The body, decompressed; empty for a multipart form.
  private(set) var body = ByteBuffer()
  /// Text fields of a multipart form, in the order sent, in UTF-8.
  private(set) var fields: [(name: String, text: ByteBuffer)] = []
  private(set) var files: [File] = []

  private var inflater: Inflater?
  private var parser: MultipartParser?
  private let spool: SpoolDirectory
  private let memory: Int
  /// As received.
  private var waiting = ByteBuffer()
  /// Decompressed and not yet taken apart.
  private var decoded = ByteBuffer()
  private var open: OpenPart?
  private var spooling: Int?

  private enum OpenPart {
    case field(MultipartPart, ByteBuffer)
    case file
  }

  /// - Parameters:
  ///   - limit: bytes of the body after decompression.
  ///   - memory: bytes of a file that stay in memory.
  init(
    coding: ContentCoding, multipart: MultipartParser?, limit: Int, memory: Int, spool: SpoolDirectory
  ) throws(HTTPError) {
    inflater = coding == .identity ? nil : try Inflater(coding, limits: InflateLimits(size: limit))
    parser = multipart
    self.memory = memory
    self.spool = spool
  }

  /// Takes a part of the body. A write that comes back has to be performed, and reported to `wrote`, before more of the
  /// body is read.
  func take(_ part: ByteBuffer) throws(HTTPError) -> SpoolWrite? {
    if waiting.readableBytes == 0 { waiting = part } else { waiting.writeImmutableBuffer(part) }
    return try advance()
  }

  func wrote(_ write: SpoolWrite.Result) throws(HTTPError) -> SpoolWrite? {
    if let spooling { files[spooling].content.wrote(write) }
    spooling = nil
    return try advance()
  }

  var isSpooling: Bool { spooling != nil }

  /// The body has ended, and every write is done. 400 where it is cut off.
  func finish() throws(HTTPError) {
    if inflater != nil { try inflater?.finish() }
    try parser?.finish()
  }

  private func advance() throws(HTTPError) -> SpoolWrite? {
    guard spooling == nil else { return nil }
    while true {
      if parser == nil {
        body.writeBuffer(&decoded)
      } else {
        while let event = try parser?.next(&decoded) {
          if let write = try handle(event) { return write }
        }
      }
      if inflater == nil {
        guard waiting.readableBytes > 0 else { return nil }
        swap(&decoded, &waiting)
        waiting.clear()
      } else {
        guard let piece = try inflater?.next(&waiting) else { return nil }
        decoded = piece
      }
    }
  }

  private func handle(_ event: MultipartParser.Event) throws(HTTPError) -> SpoolWrite? {
    switch event {
    case .partBegan(let part):
      if part.isFile {
        files.append(File(part: part, content: SpooledContent(in: spool, threshold: memory)))
        open = .file
      } else {
        open = .field(part, ByteBuffer())
      }
    case .partData(let piece):
      switch open {
      case .field(let part, var text):
        // Taken out first, so that the text grows in place.
        open = nil
        text.writeImmutableBuffer(piece)
        open = .field(part, text)
      case .file:
        files[files.count - 1].content.append(piece)
        return write(all: false)
      case nil: break
      }
    case .partEnded:
      defer { open = nil }
      switch open {
      case .field(let part, let text):
        fields.append((part.name, try part.charset().decode(text)))
      case .file:
        if let last = files.last, last.part.filename == "", last.content.size == 0 {
          // What browsers send for a file input that nobody used (FastAPI counts it as absent too).
          files.removeLast()
          return nil
        }
        return write(all: true)
      case nil: break
      }
    }
    return nil
  }

  private func write(all: Bool) -> SpoolWrite? {
    let last = files.count - 1
    guard let write = files[last].content.nextWrite(all: all) else { return nil }
    spooling = last
    return write
  }
}
