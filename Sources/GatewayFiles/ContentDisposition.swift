/// `Content-Disposition` of an answer (RFC 6266).
public enum ContentDisposition: Sendable {
  case attachment(String)
  case inline(String)

  /// The field value. A name that is a plain text goes into `filename`; for any other, `filename*` (RFC 8187) carries
  /// it and `filename` a form of it that old clients can show. Only what is behind the last `/` is a name.
  public var fieldValue: String {
    switch self {
    case .attachment(let name): "attachment" + Self.parameters(name)
    case .inline(let name): "inline" + Self.parameters(name)
    }
  }

  private static func parameters(_ path: String) -> String {
    let name = path.split(separator: "/", omittingEmptySubsequences: false).last.map(String.init) ?? ""
    guard !name.isEmpty else { return "" }
    // A `%` too: some clients decode it in `filename` (RFC 6266 appendix D).
    if name.utf8.allSatisfy(isPlain) { return "; filename=\"\(name)\"" }
    let fallback = String(name.unicodeScalars.map { $0.isASCII && isPlain(UInt8($0.value)) ? Character($0) : "_" })
    return "; filename=\"\(fallback)\"; filename*=UTF-8''\(encoded(name))"
  }

  private static func isPlain(_ byte: UInt8) -> Bool {
    byte >= 0x20 && byte < 0x7F && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\") && byte != UInt8(ascii: "%")
  }

  /// Everything but attr-char (RFC 8187 §3.2.1) as an escape.
  private static func encoded(_ name: String) -> String {
    var text = ""
    for byte in name.utf8 {
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "~"), UInt8(ascii: "!"), UInt8(ascii: "#"), UInt8(ascii: "$"), UInt8(ascii: "&"),
        UInt8(ascii: "+"), UInt8(ascii: "^"), UInt8(ascii: "`"), UInt8(ascii: "|"):
        text.unicodeScalars.append(UnicodeScalar(byte))
      default:
        let digits = String(byte, radix: 16, uppercase: true)
        text += byte < 16 ? "%0\(digits)" : "%\(digits)"
      }
    }
    return text
  }
}
