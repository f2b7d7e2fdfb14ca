import CSHA256

/// SHA-256 (FIPS 180-4) for the hashes in the page's policy and its entity tag. Public data, hashed once per page: a wrong
/// digest would make the browser refuse the script, and nothing here is secret.
enum SHA256 {
  static func digest(_ message: [UInt8]) -> [UInt8] {
    var hash = gw_sha256()
    gw_sha256_start(&hash)
    message.withUnsafeBytes { gw_sha256_add(&hash, $0.baseAddress, $0.count) }
    return [UInt8](unsafeUninitializedCapacity: 32) { buffer, count in
      // Writes exactly 32 bytes.
      gw_sha256_finish(&hash, buffer.baseAddress)
      count = 32
    }
  }

  /// The source expression of `text` for a policy, without its quotes.
  static func source(of text: [UInt8]) -> String { "sha256-" + base64(digest(text)) }

  private static func base64(_ bytes: [UInt8]) -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var result: [UInt8] = []
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let group = bytes[start..<min(start + 3, bytes.count)]
      let bits = group.reduce(UInt32(0)) { $0 << 8 | UInt32($1) } << UInt32(8 * (3 - group.count))
      for index in 0..<4 {
        let digit = Int(bits >> UInt32(18 - 6 * index)) & 63
        result.append(index <= group.count ? alphabet[digit] : UInt8(ascii: "="))
      }
    }
    return String(decoding: result, as: UTF8.self)
  }
}
