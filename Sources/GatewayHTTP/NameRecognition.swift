/// Recognises names without making text of them: by length first, then by whole words of eight bytes.
///
/// The constants are words of the literals themselves; in a release build they are folded into the code, so a name
/// costs one jump and a few comparisons of registers. Letters compare in any case, every other character exactly:
/// folding by `| 0x20` alone would let CR (0x0D) pass for a hyphen (0x2D).
struct NameMatcher {
  /// Bytes 0-7, 8-15 and 16-23 of the name, and its last eight; zero where the name is shorter.
  let first: UInt64
  let second: UInt64
  let third: UInt64
  let last: UInt64
  let count: Int

  /// Nil where the name is longer than any known one, or empty.
  @inline(__always)
  init?(_ bytes: UnsafeRawBufferPointer, _ start: Int, _ count: Int) {
    // The caller's range lies in `bytes`; each load below stays inside it, or is checked against the whole buffer.
    guard count > 0, count <= 32 else { return nil }
    self.count = count
    if count >= 8 {
      first = ByteScan.load(bytes, start)
      last = ByteScan.load(bytes, start &+ count &- 8)
      second = count >= 16 ? ByteScan.load(bytes, start &+ 8) : 0
      third = count >= 24 ? ByteScan.load(bytes, start &+ 16) : 0
    } else {
      if start &+ 8 <= bytes.count {
        first = ByteScan.load(bytes, start) & (1 &<< (8 &* UInt64(count)) &- 1)
      } else {
        var word: UInt64 = 0
        for i in 0..<count { word |= UInt64(bytes[start &+ i]) &<< (8 &* UInt64(i)) }
        first = word
      }
      second = 0
      third = 0
      last = first
    }
  }

  /// Whether the name is `text` in any letter case. `text` is lower case and of `count` bytes.
  @inline(__always)
  func isName(_ text: StaticString) -> Bool {
    let n = text.utf8CodeUnitCount
    guard n == count else { return false }
    if n < 8 { return same(first, text, 0, n) }
    guard same(first, text, 0, 8), same(last, text, n - 8, 8) else { return false }
    if n > 16, !same(second, text, 8, 8) { return false }
    if n > 24, !same(third, text, 16, 8) { return false }
    return true
  }

  /// Whether the token is exactly `text` (RFC 9110 §9.1: methods are case-sensitive).
  @inline(__always)
  func isToken(_ text: StaticString) -> Bool {
    let n = text.utf8CodeUnitCount
    guard n == count else { return false }
    if n < 8 { return first == Self.word(text, 0, n) }
    return first == Self.word(text, 0, 8) && last == Self.word(text, n - 8, 8)
  }

  @inline(__always)
  private func same(_ word: UInt64, _ text: StaticString, _ from: Int, _ length: Int) -> Bool {
    word | Self.letters(text, from, length) == Self.word(text, from, length)
  }

  /// `length` (≤ 8) characters of a literal as a word.
  @inline(__always)
  private static func word(_ text: StaticString, _ from: Int, _ length: Int) -> UInt64 {
    var word: UInt64 = 0
    var i = 0
    while i < length {
      word |= UInt64(text.utf8Start[from &+ i]) &<< (8 &* UInt64(i))
      i &+= 1
    }
    return word
  }

  /// 0x20 at every letter of the literal: the bit that upper and lower case differ in.
  @inline(__always)
  private static func letters(_ text: StaticString, _ from: Int, _ length: Int) -> UInt64 {
    var word: UInt64 = 0
    var i = 0
    while i < length {
      let byte = text.utf8Start[from &+ i]
      if byte >= 0x61 && byte <= 0x7A { word |= 0x20 &<< (8 &* UInt64(i)) }
      i &+= 1
    }
    return word
  }
}

extension KnownField {
  /// The field of that name in any letter case; `other` for any further name, valid or not.
  public init(_ name: UnsafeRawBufferPointer) {
    self.init(name, start: 0, count: name.count)
  }

  /// As above for `count` bytes from `start`, which lie inside `bytes`. Reads up to eight bytes beyond the name where
  /// `bytes` has them.
  @inline(__always)
  init(_ bytes: UnsafeRawBufferPointer, start: Int, count: Int) {
    self = .other
    guard let name = NameMatcher(bytes, start, count) else { return }
    switch count {
    case 2:
      if name.isName("te") { self = .te }
    case 3:
      if name.isName("via") { self = .via }
    case 4:
      if name.isName("host") { self = .host }
      else if name.isName("date") { self = .date }
      else if name.isName("etag") { self = .etag }
      else if name.isName("vary") { self = .vary }
    case 5:
      if name.isName("range") { self = .range }
      else if name.isName("allow") { self = .allow }
    case 6:
      if name.isName("accept") { self = .accept }
      else if name.isName("cookie") { self = .cookie }
      else if name.isName("origin") { self = .origin }
      else if name.isName("expect") { self = .expect }
      else if name.isName("server") { self = .server }
    case 7:
      if name.isName("referer") { self = .referer }
      else if name.isName("upgrade") { self = .upgrade }
      else if name.isName("trailer") { self = .trailer }
    case 8:
      if name.isName("location") { self = .location }
    case 9:
      if name.isName("x-real-ip") { self = .realIP }
      else if name.isName("forwarded") { self = .forwarded }
    case 10:
      if name.isName("user-agent") { self = .userAgent }
      else if name.isName("connection") { self = .connection }
      else if name.isName("set-cookie") { self = .setCookie }
      else if name.isName("keep-alive") { self = .keepAlive }
    case 11:
      if name.isName("traceparent") { self = .traceparent }
      else if name.isName("retry-after") { self = .retryAfter }
    case 12:
      if name.isName("content-type") { self = .contentType }
      else if name.isName("x-request-id") { self = .requestID }
    case 13:
      if name.isName("authorization") { self = .authorization }
      else if name.isName("if-none-match") { self = .ifNoneMatch }
    case 14:
      if name.isName("content-length") { self = .contentLength }
    case 15:
      if name.isName("accept-encoding") { self = .acceptEncoding }
      else if name.isName("x-forwarded-for") { self = .forwardedFor }
    case 16:
      if name.isName("content-encoding") { self = .contentEncoding }
      else if name.isName("x-forwarded-host") { self = .forwardedHost }
      else if name.isName("x-forwarded-port") { self = .forwardedPort }
      else if name.isName("proxy-connection") { self = .proxyConnection }
    case 17:
      if name.isName("transfer-encoding") { self = .transferEncoding }
      else if name.isName("if-modified-since") { self = .ifModifiedSince }
      else if name.isName("x-forwarded-proto") { self = .forwardedProto }
    case 18:
      if name.isName("proxy-authenticate") { self = .proxyAuthenticate }
    case 19:
      if name.isName("proxy-authorization") { self = .proxyAuthorization }
    case 25:
      if name.isName("strict-transport-security") { self = .strictTransportSecurity }
    case 29:
      if name.isName("access-control-request-method") { self = .accessControlRequestMethod }
    case 30:
      if name.isName("access-control-request-headers") { self = .accessControlRequestHeaders }
    default:
      break
    }
  }
}

extension HTTPMethod {
  /// The method of that token, letter case minded; `other` for any further token.
  public init(_ token: UnsafeRawBufferPointer) {
    self.init(token, start: 0, count: token.count)
  }

  @inline(__always)
  init(_ bytes: UnsafeRawBufferPointer, start: Int, count: Int) {
    self = .other
    guard let token = NameMatcher(bytes, start, count) else { return }
    switch count {
    case 3:
      if token.isToken("GET") { self = .get }
      else if token.isToken("PUT") { self = .put }
    case 4:
      if token.isToken("POST") { self = .post }
      else if token.isToken("HEAD") { self = .head }
      else if token.isToken("COPY") { self = .copy }
      else if token.isToken("MOVE") { self = .move }
      else if token.isToken("LOCK") { self = .lock }
    case 5:
      if token.isToken("PATCH") { self = .patch }
      else if token.isToken("QUERY") { self = .query }
      else if token.isToken("TRACE") { self = .trace }
      else if token.isToken("MKCOL") { self = .mkcol }
      else if token.isToken("PURGE") { self = .purge }
    case 6:
      if token.isToken("DELETE") { self = .delete }
      else if token.isToken("UNLOCK") { self = .unlock }
      else if token.isToken("REPORT") { self = .report }
    case 7:
      if token.isToken("OPTIONS") { self = .options }
      else if token.isToken("CONNECT") { self = .connect }
    case 8:
      if token.isToken("PROPFIND") { self = .propfind }
    case 9:
      if token.isToken("PROPPATCH") { self = .proppatch }
    default:
      break
    }
  }
}
