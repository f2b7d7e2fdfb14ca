import GatewayBodies
import GatewayHTTP
import NIOCore

/// Takes in a request body that has to be taken apart while it arrives: one that is compressed, or a multipart form.
///
/// Does no I/O: what has to go to disk is handed out, and until it is written nothing more is taken apart.
final class BodyIntake {
  /// The body, decompressed; empty for a multipart form.
  private(set) var body = ByteBuffer()
  private(set) var form: MultipartForm?
  private var inflater: Inflater?
  /// As received, not yet looked at.
  private var waiting = ByteBuffer()
  private(set) var isSpooling = false

  /// - Parameter limit: bytes of the body after decompression.
  init(coding: ContentCoding, form: MultipartForm?, limit: Int) throws(HTTPError) {
    inflater = coding == .identity ? nil : try Inflater(coding, limits: InflateLimits(size: limit))
    self.form = form
  }

  /// Takes a part of the body. A write that comes back has to be performed, and reported to `wrote`, before more of the
  /// body is read.
  func take(_ part: ByteBuffer) throws(HTTPError) -> SpoolWrite? {
    if waiting.readableBytes == 0 { waiting = part } else { waiting.writeImmutableBuffer(part) }
    return try advance()
  }

  func wrote(_ result: SpoolWrite.Result) throws(HTTPError) -> SpoolWrite? {
    form?.wrote(result)
    isSpooling = false
    return try advance()
  }

  private func advance() throws(HTTPError) -> SpoolWrite? {
    guard !isSpooling else { return nil }
    while true {
      if let write = form?.nextWrite() {
        isSpooling = true
        return write
      }
      var piece: ByteBuffer
      if inflater == nil {
        guard waiting.readableBytes > 0 else { return nil }
        piece = waiting
        waiting = ByteBuffer()
      } else {
        guard let next = try inflater?.next(&waiting) else { return nil }
        piece = next
      }
      if form == nil { body.writeBuffer(&piece) } else { try form?.feed(piece) }
    }
  }

  /// The body has ended, and every write is done. 400 where it is cut off.
  func finish() throws(HTTPError) {
    if inflater != nil { try inflater?.finish() }
    try form?.finish()
  }

  /// Files as handlers get them: what browsers send for a file input that nobody used is left out, as FastAPI does.
  var files: [MultipartForm.File] {
    (form?.files ?? []).filter { $0.part.filename != "" || $0.content.size > 0 }
  }
}
