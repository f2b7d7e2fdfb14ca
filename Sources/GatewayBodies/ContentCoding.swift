import GatewayHTTP

/// A coding that a request body may come in (RFC 9110 §8.4).
public enum ContentCoding: Sendable, Equatable {
  case identity, gzip, deflate

  /// What a 415 tells the client to send (RFC 7694 §3).
  public static let accepted = "gzip, deflate"

  /// The coding that the values of all `Content-Encoding` fields name. 415 with `Accept-Encoding` for an unknown one
  /// and for more than one: nobody compresses a request twice but to multiply a bomb's ratio.
  public static func of(_ head: RequestHead) throws(HTTPError) -> ContentCoding {
    var coding = ContentCoding.identity
    for field in head.fields where field.known == .contentEncoding {
      let next = head.bytes.withUnsafeReadableBytes { parse($0[field.value]) }
      guard let next, next == .identity || coding == .identity else { throw unsupported }
      if next != .identity { coding = next }
    }
    return coding
  }

  /// The coding that one field value names; nil where it is unknown, or there are several.
  public static func parse(_ value: UnsafeRawBufferPointer) -> ContentCoding? {
    var coding = ContentCoding.identity
    for element in value.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: true) {
      let isBlank = { (byte: UInt8) in byte == 0x20 || byte == 0x09 }
      let head = element.drop(while: isBlank)
      let name = UnsafeRawBufferPointer(
        rebasing: head[..<(head.lastIndex { !isBlank($0) }.map { $0 + 1 } ?? head.startIndex)])
      if name.isEmpty || FieldSyntax.isSameName(name, "identity") { continue }
      guard coding == .identity else { return nil }
      // RFC 9110 §8.4.1.3: x-gzip is the same.
      if FieldSyntax.isSameName(name, "gzip") || FieldSyntax.isSameName(name, "x-gzip") {
        coding = .gzip
      } else if FieldSyntax.isSameName(name, "deflate") {
        coding = .deflate
      } else {
        return nil
      }
    }
    return coding
  }

  private static var unsupported: HTTPError {
    HTTPError(
      415, detail: "The content coding of the body is not supported.", fields: [("accept-encoding", accepted)])
  }
}
