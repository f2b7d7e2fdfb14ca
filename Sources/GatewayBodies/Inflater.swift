import CZlib
import GatewayHTTP
import NIOCore

/// What a compressed body may come to.
public struct InflateLimits: Sendable, Equatable {
  /// Bytes decompressed. 413 beyond.
  public var size: Int
  /// Bytes decompressed for each byte received, over the body so far. 413 beyond. Deflate reaches 1032; text and JSON,
  /// repetitive ones too, stay below 100.
  public var ratio: Int
  /// Bytes decompressed before the ratio counts, so that a short body of blanks is no bomb.
  public var ratioFree: Int

  public init(size: Int = 1 << 20, ratio: Int = 200, ratioFree: Int = 64 << 10) {
    self.size = size
    self.ratio = ratio
    self.ratioFree = ratioFree
  }
}

/// Decompresses one request body as it arrives: gzip of one or more members (RFC 1952 §2.2), or zlib, which is what the
/// coding `deflate` means (RFC 9110 §8.4.1.2); bare deflate is refused.
///
/// Holds zlib's window and state, about 40 KiB, and nothing of the body. The caller owns the pace: each call makes at
/// most one piece of output. After an error it must not be used again.
public struct Inflater: ~Copyable {
  // Unsafe: zlib keeps the address of its stream, so the stream lives behind a pointer of its own that this value owns
  // alone (it cannot be copied) and frees in deinit.
  private let stream: UnsafeMutablePointer<z_stream>
  private let isGzip: Bool
  private let limits: InflateLimits
  private var received = 0
  private var produced = 0
  /// Whether the bytes so far are whole: the end of a member.
  private var isAtEnd = false
  private var hasBegun = false
  /// zlib stopped for want of room and may hold more output than input is left.
  private var hasMore = false

  /// Bytes of one piece of output at most.
  public static let pieceSize = 32 << 10

  /// 500 where memory is short, and for `identity`, which needs no inflater.
  public init(_ coding: ContentCoding, limits: InflateLimits = InflateLimits()) throws(HTTPError) {
    guard coding != .identity else { throw HTTPError(500, cause: "an inflater for a body that is not compressed") }
    let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    stream.initialize(to: z_stream())
    // 15: the largest window, which every compressor may use; 16 more: a gzip header instead of zlib's.
    let bits = MAX_WBITS + (coding == .gzip ? 16 : 0)
    let code = inflateInit2_(stream, bits, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    guard code == Z_OK else {
      stream.deinitialize(count: 1)
      stream.deallocate()
      throw HTTPError(500, cause: "inflateInit2 failed with \(code)")
    }
    self.stream = stream
    isGzip = coding == .gzip
    self.limits = limits
  }

  deinit {
    inflateEnd(stream)
    stream.deinitialize(count: 1)
    stream.deallocate()
  }

  /// The next piece, at most `pieceSize` bytes, never empty; nil where `input` is used up. Call until nil.
  public mutating func next(_ input: inout ByteBuffer) throws(HTTPError) -> ByteBuffer? {
    var output = ByteBuffer()
    while input.readableBytes > 0 || hasMore {
      if isAtEnd {
        guard input.readableBytes > 0 else { return nil }
        // zlib's form ends with its checksum; gzip may go on with another member, and anything else is refused by its
        // header check.
        guard isGzip else { throw Self.malformed("bytes after the end of the compressed body") }
        guard inflateReset(stream) == Z_OK else { throw HTTPError(500, cause: "inflateReset failed") }
        isAtEnd = false
      }
      var code = Z_OK
      let before = input.readableBytes
      // A small body gets a small piece. One byte more than is allowed tells "exactly the limit" from "beyond".
      let guess = min(Self.pieceSize, max(4 << 10, before &* 8))
      let room = min(guess - 1, limits.size - produced) + 1
      let used = input.withUnsafeReadableBytes { source in
        let count = UInt32(clamping: source.count)
        output.writeWithUnsafeMutableBytes(minimumWritableBytes: room) { target in
          // zlib reads at most `avail_in` bytes and never writes them; the pointers hold during this call only.
          stream.pointee.next_in = UnsafeMutablePointer(
            mutating: source.baseAddress?.assumingMemoryBound(to: UInt8.self))
          stream.pointee.avail_in = count
          stream.pointee.next_out = target.baseAddress?.assumingMemoryBound(to: UInt8.self)
          stream.pointee.avail_out = UInt32(clamping: room)
          code = inflate(stream, Z_NO_FLUSH)
          stream.pointee.next_in = nil
          stream.pointee.next_out = nil
          return room - Int(stream.pointee.avail_out)
        }
        return Int(count - stream.pointee.avail_in)
      }
      input.moveReaderIndex(forwardBy: used)
      received += used
      hasBegun = hasBegun || used > 0
      hasMore = code == Z_OK && stream.pointee.avail_out == 0
      switch code {
      case Z_OK: break
      case Z_STREAM_END: isAtEnd = true
      case Z_BUF_ERROR:
        // No progress for want of input.
        hasMore = false
        if input.readableBytes == before, before > 0 { throw Self.malformed("no progress") }
      case Z_MEM_ERROR: throw HTTPError(500, cause: "inflate: out of memory")
      default: throw Self.malformed(stream.pointee.msg.map { String(cString: $0) } ?? "zlib error \(code)")
      }
      guard output.readableBytes > 0 else { continue }
      produced += output.readableBytes
      try check()
      return output
    }
    return nil
  }

  /// To be called when the body has ended; 400 where it is cut off.
  public func finish() throws(HTTPError) {
    guard isAtEnd else {
      throw Self.malformed(hasBegun ? "the compressed body is cut off" : "the compressed body is empty")
    }
  }

  private func check() throws(HTTPError) {
    guard produced <= limits.size else {
      throw HTTPError(413, detail: "Body exceeded maximum size of \(limits.size) bytes decompressed.")
    }
    let (most, overflow) = received.multipliedReportingOverflow(by: limits.ratio)
    guard produced <= limits.ratioFree || overflow || produced <= most else {
      throw HTTPError(413, detail: "The body is compressed by more than \(limits.ratio) to 1.")
    }
  }

  private static func malformed(_ cause: String) -> HTTPError {
    HTTPError(400, detail: "The compressed body is malformed.", cause: "inflate: \(cause)")
  }
}
