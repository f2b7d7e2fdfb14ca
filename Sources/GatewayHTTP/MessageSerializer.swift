import NIOCore

/// Writes the parts of an HTTP/1.1 response that are not fields or content.
public enum ResponseSerializer {
  /// `HTTP/1.1 200 OK` and its line end; an unregistered code has an empty reason. `status` is 100-999.
  public static func writeStatusLine(_ status: UInt16, into buffer: inout ByteBuffer) {
    withStatusLine(status) { line in _ = buffer.writeBytes(line) }
  }

  /// Status line, fields and the empty line, in one write.
  public static func writeHead(_ status: UInt16, _ fields: FieldLines, into buffer: inout ByteBuffer) {
    withStatusLine(status) { line in
      fields.bytes.withUnsafeReadableBytes { fields in
        let count = line.count + fields.count + 2
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { out in
          // `out` has room for at least `count` bytes: that is what minimumWritableBytes promises.
          out.copyMemory(from: line)
          UnsafeMutableRawBufferPointer(rebasing: out[line.count...]).copyMemory(from: fields)
          out[count - 2] = carriageReturn
          out[count - 1] = lineFeed
          return count
        }
      }
    }
  }

  private static func withStatusLine(_ status: UInt16, _ body: (UnsafeRawBufferPointer) -> Void) {
    if let line = HTTPStatus.statusLine(status) {
      line.withUTF8Buffer { body(UnsafeRawBufferPointer($0)) }
      return
    }
    var line = ByteBuffer()
    line.writeStaticString("HTTP/1.1 ")
    line.writeDecimal(Int(status))
    line.writeStaticString(" ")
    line.writeStaticString(HTTPStatus.reason(status))
    line.writeStaticString("\r\n")
    line.withUnsafeReadableBytes(body)
  }

  /// `HTTP/1.1 100 Continue` as a whole (RFC 9110 §15.2.1).
  public static func writeContinue(into buffer: inout ByteBuffer) {
    buffer.writeStaticString("HTTP/1.1 100 Continue\r\n\r\n")
  }
}

/// Writes the parts of an HTTP/1.1 request that are not fields or content.
public enum RequestSerializer {
  /// `GET /path HTTP/1.1` and its line end. False, and nothing written, where the method is not a token or the target
  /// is empty or has a byte that is not visible ASCII: nothing from outside can end the line early.
  @discardableResult
  public static func writeRequestLine(
    method: UnsafeRawBufferPointer, target: UnsafeRawBufferPointer, into buffer: inout ByteBuffer
  ) -> Bool {
    guard FieldSyntax.isName(method), !target.isEmpty,
      ByteScan.nonVisible(target, from: 0, to: target.count) == target.count
    else { return false }
    buffer.reserveCapacity(minimumWritableBytes: method.count + target.count + 12)
    buffer.writeBytes(method)
    buffer.writeStaticString(" ")
    buffer.writeBytes(target)
    buffer.writeStaticString(" HTTP/1.1\r\n")
    return true
  }
}

/// Writes chunked framing (RFC 9112 §7.1), for either direction.
public enum ChunkSerializer {
  /// The line before `count` bytes of data. `count` must not be 0: that would end the body.
  public static func writeHeader(_ count: Int, into buffer: inout ByteBuffer) {
    withHeader(count) { _ = buffer.writeBytes($0) }
  }

  private static func withHeader(_ count: Int, _ body: (UnsafeRawBufferPointer) -> Void) {
    assert(count > 0, "a chunk of no bytes ends the body")
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 18) { line in
      // 64 bits are 16 hex digits; then the line end.
      line[17] = lineFeed
      line[16] = carriageReturn
      var rest = UInt(bitPattern: count)
      var at = 16
      repeat {
        at -= 1
        let digit = UInt8(truncatingIfNeeded: rest & 15)
        line[at] = digit < 10 ? digit + 0x30 : digit + 0x57
        rest >>= 4
      } while rest > 0
      body(UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: line[at...])))
    }
  }

  /// The line end behind the data.
  public static func writeEnd(into buffer: inout ByteBuffer) {
    buffer.writeStaticString("\r\n")
  }

  /// A whole chunk; nothing for empty data.
  public static func write(_ data: UnsafeRawBufferPointer, into buffer: inout ByteBuffer) {
    guard !data.isEmpty else { return }
    withHeader(data.count) { header in
      let count = header.count + data.count + 2
      buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { out in
        // `out` has room for at least `count` bytes.
        out.copyMemory(from: header)
        UnsafeMutableRawBufferPointer(rebasing: out[header.count...]).copyMemory(from: data)
        out[count - 2] = carriageReturn
        out[count - 1] = lineFeed
        return count
      }
    }
  }

  /// The last chunk and the trailer section.
  public static func writeLast(trailers: FieldLines? = nil, into buffer: inout ByteBuffer) {
    guard let trailers, !trailers.isEmpty else {
      buffer.writeStaticString("0\r\n\r\n")
      return
    }
    buffer.writeStaticString("0\r\n")
    buffer.writeImmutableBuffer(trailers.bytes)
    buffer.writeStaticString("\r\n")
  }
}
