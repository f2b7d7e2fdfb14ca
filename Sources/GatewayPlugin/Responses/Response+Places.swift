extension Response {
  /// Sends the client elsewhere.
  ///
  /// - Parameters:
  ///   - target: a path or an absolute URL. What may not stand in a URL is percent-encoded; what is encoded already
  ///     stays as it is. Never pass a client's text unchecked: it could name another site.
  ///   - status: 307 and 308 keep method and body, 303 makes it a GET.
  public static func redirect(to target: String, status: Int = 307, headers: Headers = [:]) -> Response {
    var headers = headers
    headers.append("location", percentEncoded(target))
    return Response(status: status, headers: headers)
  }

  /// A file of the gateway's file system, with `etag`, `last-modified`, conditional requests and ranges.
  ///
  /// - Parameters:
  ///   - path: never put together from a client's text unchecked. A missing file is a 500.
  ///   - contentType: by the file's name where nil.
  ///   - downloadName: makes clients save it under this name instead of showing it.
  public static func file(
    path: String, status: Int = 200, contentType: StaticString? = nil, downloadName: String? = nil,
    headers: Headers = [:]
  ) -> Response {
    var headers = headers
    if let downloadName { headers.append("content-disposition", disposition(downloadName)) }
    return Response(status: status, contentType: contentType, headers: headers, body: .file(path))
  }

  /// RFC 6266: a quoted name where that can say it, else RFC 8187's form.
  static func disposition(_ name: String) -> String {
    let isPlain = name.utf8.allSatisfy { (0x20...0x7E).contains($0) && ![0x22, 0x25, 0x5C].contains($0) }
    if isPlain { return "attachment; filename=\"\(name)\"" }
    return "attachment; filename*=utf-8''" + encoded(name) { isUnreserved($0) }
  }

  /// Reserved characters and percent signs keep their meaning (RFC 3986 §2).
  static func percentEncoded(_ target: String) -> String {
    encoded(target) { isUnreserved($0) || "%:/?#[]@!$&'()*+,;=".utf8.contains($0) }
  }

  private static func isUnreserved(_ byte: UInt8) -> Bool {
    (byte | 0x20) &- 0x61 < 26 || byte &- 0x30 < 10 || "-._~".utf8.contains(byte)
  }

  private static func encoded(_ text: String, keeping isKept: (UInt8) -> Bool) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    var out: [UInt8] = []
    for byte in text.utf8 {
      if isKept(byte) {
        out.append(byte)
      } else {
        out += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      }
    }
    return String(decoding: out, as: UTF8.self)
  }
}
