import GatewayHTTP
import NIOCore

/// A charset of text bodies and form fields that the gateway reads. Handlers always get UTF-8.
///
/// UTF-16 and UTF-32 are not read: RFC 8259 §8.1 wants JSON in UTF-8, and for text nobody sends them.
public enum TextCharset: Sendable {
  case utf8, usASCII, latin1

  /// By its name in lower case (IANA registry, the usual aliases); nil where it is not one of these.
  public init?(_ name: String) {
    switch name {
    case "utf-8", "utf8": self = .utf8
    case "us-ascii", "ascii": self = .usASCII
    case "iso-8859-1", "iso8859-1", "latin1", "latin-1": self = .latin1
    default: return nil
    }
  }

  /// The charset of a body: the `charset` parameter, else UTF-8. 415 for one that is not read.
  public static func of(_ media: MediaType?) throws(HTTPError) -> TextCharset {
    guard let name = media?.charset else { return .utf8 }
    guard let charset = TextCharset(name) else {
      throw HTTPError(415, detail: "The charset of the body is not supported; send utf-8.")
    }
    return charset
  }

  var name: String {
    switch self {
    case .utf8: "UTF-8"
    case .usASCII: "US-ASCII"
    case .latin1: "ISO-8859-1"
    }
  }

  /// The text in UTF-8: the same storage where the bytes are it already. 400 where they are not of this charset.
  /// Latin-1 grows to at most twice its size.
  public func decode(_ bytes: ByteBuffer) throws(HTTPError) -> ByteBuffer {
    let (isASCII, isUTF8) = bytes.withUnsafeReadableBytes { Self.judge($0) }
    switch self {
    case .utf8:
      guard isUTF8 else { throw FormFault.undecodable(name) }
      return bytes
    case .usASCII:
      guard isASCII else { throw FormFault.undecodable(name) }
      return bytes
    case .latin1:
      if isASCII { return bytes }
      return bytes.withUnsafeReadableBytes { source in
        var result = ByteBuffer()
        result.writeWithUnsafeMutableBytes(minimumWritableBytes: source.count * 2) { out in
          var written = 0
          // At most two bytes a byte: inside the space that was asked for.
          for byte in source {
            if byte < 0x80 {
              out[written] = byte
              written += 1
            } else {
              out[written] = 0xC0 | byte >> 6
              out[written + 1] = 0x80 | byte & 0x3F
              written += 2
            }
          }
          return written
        }
        return result
      }
    }
  }

  static func isUTF8(_ bytes: UnsafeRawBufferPointer) -> Bool { judge(bytes).isUTF8 }

  private static func judge(_ bytes: UnsafeRawBufferPointer) -> (isASCII: Bool, isUTF8: Bool) {
    guard let text = try? UTF8Span(validating: bytes.assumingMemoryBound(to: UInt8.self).span) else {
      return (false, false)
    }
    return (text.isKnownASCII, true)
  }
}
