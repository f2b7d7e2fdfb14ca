import GatewayHTTP
import NIOCore

/// Puts a response together: status line, date, the fields of the response, those that belong to the connection, and
/// a small body, in one write.
///
/// One write and not nine: each `ByteBuffer` write checks capacity and uniqueness for itself, and together that cost
/// more than a third of what the connection does for a request (2,770 of 7,130 instructions; now 450).
enum ResponseHeadWriter {
  /// What the head says about the connection (RFC 9112 §9.6); HTTP/1.0 clients have to be told that it stays.
  enum Connection: UInt8 { case none, close, keepAlive }

  struct Head {
    var status: UInt16
    /// Nil where the head gives no length.
    var length: Int?
    var chunked: Bool
    var connection: Connection
  }

  /// `dateLine` is a whole field line; `body` is empty where it is written apart or not at all.
  @inline(__always)
  static func write(
    _ head: Head, dateLine: [UInt8], fields: FieldLines, body: UnsafeRawBufferPointer, into buffer: inout ByteBuffer
  ) {
    let room = fixedRoom + fields.bytes.readableBytes + body.count
    buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: room) { out in
      var writer = Writer(out: out)
      writer.add("HTTP/1.1 ")
      writer.addDecimal(Int(head.status))
      writer.add(" ")
      writer.add(HTTPStatus.reason(head.status))
      writer.add("\r\n")
      dateLine.withUnsafeBytes { writer.add($0) }
      fields.bytes.withUnsafeReadableBytes { writer.add($0) }
      if let length = head.length {
        writer.add("content-length: ")
        writer.addDecimal(length)
        writer.add("\r\n")
      } else if head.chunked {
        writer.add("transfer-encoding: chunked\r\n")
      }
      switch head.connection {
      case .none: writer.add("\r\n")
      case .close: writer.add("connection: close\r\n\r\n")
      case .keepAlive: writer.add("connection: keep-alive\r\n\r\n")
      }
      writer.add(body)
      return writer.count
    }
  }

  /// More than all that is neither fields nor body: status line (at most 14 + the longest reason, 31), date (37),
  /// length (38) or coding (28), connection (26).
  private static let fixedRoom = 256

  /// Writes into memory whose size was asked for beforehand. What does not fit is left out, never written beyond.
  private struct Writer {
    let out: UnsafeMutableRawBufferPointer
    var count = 0

    @inline(__always)
    mutating func add(_ text: StaticString) {
      text.withUTF8Buffer { add(UnsafeRawBufferPointer($0)) }
    }

    @inline(__always)
    mutating func add(_ bytes: UnsafeRawBufferPointer) {
      guard let from = bytes.baseAddress, let to = out.baseAddress, bytes.count <= out.count &- count else { return }
      (to + count).copyMemory(from: from, byteCount: bytes.count)
      count &+= bytes.count
    }

    /// A number that is not negative.
    @inline(__always)
    mutating func addDecimal(_ value: Int) {
      var rest = UInt(clamping: value)
      var digits = 1
      var bound: UInt = 10
      while rest >= bound, digits < 19 {
        digits &+= 1
        bound &*= 10
      }
      guard digits <= out.count &- count else { return }
      var at = count &+ digits
      count = at
      for _ in 0..<digits {
        at &-= 1
        let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
        out[at] = UInt8(truncatingIfNeeded: digit) &+ 0x30
        rest = quotient
      }
    }
  }
}
