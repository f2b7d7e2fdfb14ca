import GatewayHTTP
import NIOCore

/// The head of a part of a `multipart/form-data` body (RFC 7578 §4).
public struct MultipartPart: Sendable, Equatable {
  public internal(set) var name: String
  /// As the client named it, `..`, `/` and `\` included: data, never a path. Nil for a text field.
  public internal(set) var filename: String?
  /// The `Content-Type` as sent; nil where there is none. Browsers send whatever a page sets, so it need not be a
  /// media type.
  public internal(set) var contentType: ByteBuffer?
  /// Every header line of the part, checked; for handlers that ask.
  public internal(set) var fields: FieldLines

  public var isFile: Bool { filename != nil }

  /// The charset of a text field: that of its `Content-Type`, else UTF-8. A `_charset_` field (RFC 7578 §4.6) is a
  /// field like any other: every browser that still sends one sends UTF-8, and other text is refused as undecodable.
  public func charset() throws(HTTPError) -> TextCharset {
    guard let contentType else { return .utf8 }
    do {
      return try contentType.withUnsafeReadableBytes { try TextCharset.of(MediaType($0)) }
    } catch let error as HTTPError {
      throw error
    } catch {
      throw HTTPError(500, cause: "charset of a part: \(error)")
    }
  }

  public static func == (a: MultipartPart, b: MultipartPart) -> Bool {
    a.name == b.name && a.filename == b.filename && a.contentType == b.contentType && a.fields.bytes == b.fields.bytes
  }
}
