import Foundation
import NIOCore
import Testing

@testable import GatewayHTTP

private func normalize(_ target: String) throws(HTTPError) -> (path: String, query: String?, asIs: Bool) {
  try normalize(Array(target.utf8))
}

private func normalize(_ target: [UInt8]) throws(HTTPError) -> (path: String, query: String?, asIs: Bool) {
  let buffer = ByteBuffer(bytes: target)
  let result = try buffer.withUnsafeReadableBytes { (bytes) throws(HTTPError) in try RequestTarget.normalize(bytes) }
  let source = result.rewritten ?? buffer
  let path = source.getString(at: source.readerIndex + result.path.lowerBound, length: Int(result.path.count))
  let query = buffer.getString(at: result.query.lowerBound, length: Int(result.query.count))
  return (path ?? "", result.hasQuery ? query : nil, result.rewritten == nil)
}

@Suite struct RequestTargetTests {
  @Test(arguments: [
    "/", "/a", "/a/b/c.json", "/a/", "//", "//admin", "/a//b", "/a:b@c,d=e+f!$&'()*~_-", "/.well-known/x", "/a.",
    "/a..",
    "/...", "/..a", "/a/.b/", "/;x", "/admin;x=1", "/a;..", "/a%20b", "/a%2Fb", "/caf%C3%A9", "/%F0%9F%98%80", "/a%25b",
    "/%252e%252e/", "/%2561", "/a%3Bb",
  ])
  func `a path in normal spelling stays where it is`(path: String) throws {
    let result = try normalize(path)
    #expect(result.path == path && result.query == nil && result.asIs)
    let withQuery = try normalize(path + "?q=%zz&/../;")
    #expect(withQuery.path == path && withQuery.query == "q=%zz&/../;" && withQuery.asIs)
  }

  @Test func `the asterisk of OPTIONS stays`() throws {
    #expect(try normalize("*").path == "*")
  }

  @Test(arguments: [
    ("", "/"), ("/%61dmin", "/admin"), ("/%41%7a%30%2D%5f%7E", "/Az0-_~"), ("/a%2fb", "/a%2Fb"),
    ("/caf%c3%a9", "/caf%C3%A9"),
    ("/a%2eb", "/a.b"), ("/%2e%2e%2e", "/..."), ("/%2ewell-known", "/.well-known"), ("/{id}", "/%7Bid%7D"),
    ("/a\"b<c>d^e`f|g", "/a%22b%3Cc%3Ed%5Ee%60f%7Cg"), ("/a[0]", "/a%5B0%5D"), ("/%3b", "/%3B"),
  ])
  func `other spellings become the normal one`(received: String, normal: String) throws {
    let result = try normalize(received)
    #expect(result.path == normal && !result.asIs)
    #expect(try normalize(normal).path == normal, "normal spelling is a fixed point")
    #expect(try normalize(received + "?%61").query == "%61", "the query is as received")
  }

  @Test(arguments: [
    "/.", "/..", "/./a", "/../a", "/a/.", "/a/..", "/a/./b", "/public/../admin", "/public/%2e%2e/admin", "/%2e",
    "/%2E./a",
    "/.%2e/", "/..;a=b/admin", "/.;", "/a/..;/b", "/..%3Ba/b", "/public%2f..%2fadmin", "/a%2F..", "/a%2f.",
    "/..%2fadmin",
    "/%2e%2e%2fadmin", "/a%2f%2e%2e%3bx%2fb", "/a//../b", "/..?x",
  ])
  func `a dot segment in any spelling is refused`(path: String) {
    expectRefused(path, "dot segment in the path")
  }

  @Test(arguments: [
    ("/%zz", "malformed escape in the path"), ("/%", "malformed escape in the path"),
    ("/%4", "malformed escape in the path"),
    ("/%4?1", "malformed escape in the path"), ("/%u0041", "malformed escape in the path"),
    ("/%00", "encoded control character in the path"), ("/admin%00", "encoded control character in the path"),
    ("/%0d%0aSet-Cookie:x", "encoded control character in the path"), ("/%1f", "encoded control character in the path"),
    ("/%7F", "encoded control character in the path"), ("/%C2%85", "encoded control character in the path"),
    ("/a\\b", "backslash in the path"), ("/a%5Cb", "backslash in the path"), ("/..%5c..", "backslash in the path"),
    ("/a%5c..", "backslash in the path"), ("/..\\", "backslash in the path"),
    ("/%c0%ae%c0%ae/", "escapes in the path are not UTF-8"), ("/%c0%af", "escapes in the path are not UTF-8"),
    ("/%e0%80%ae", "escapes in the path are not UTF-8"), ("/%ed%a0%80", "escapes in the path are not UTF-8"),
    ("/%f4%90%80%80", "escapes in the path are not UTF-8"), ("/%ff", "escapes in the path are not UTF-8"),
    ("/%c3", "escapes in the path are not UTF-8"), ("/%c3a", "escapes in the path are not UTF-8"),
    ("/%c3/%a9", "escapes in the path are not UTF-8"), ("/%a9", "escapes in the path are not UTF-8"),
    ("/a#b", "fragment in the request target"), ("/a?b#c", "fragment in the request target"),
    ("/a b", "byte 0x20 in the path; percent-encode it"), ("/a\u{0}", "byte 0x00 in the path; percent-encode it"),
    ("/é", "byte 0xC3 in the path; percent-encode it"), ("/a?é", "byte 0xC3 in the query"),
    ("/a?\r\n", "byte 0x0D in the query"),
    ("a", "request target does not begin with /"), ("*a", "request target does not begin with /"),
    ("**", "request target does not begin with /"), ("%2F", "request target does not begin with /"),
  ])
  func `what implementations disagree about is refused`(target: String, detail: String) {
    expectRefused(target, detail)
  }

  private func expectRefused(_ target: String, _ detail: String) {
    let error = #expect(throws: HTTPError.self) { try normalize(target) }
    #expect(error?.status == 400 && error?.detail == detail && error?.closes == true)
  }

  /// For every byte, raw and encoded: the result is visible ASCII in normal spelling, or a refusal; never a second
  /// spelling of the same path.
  @Test func `normalisation of every byte is a fixed point`() throws {
    for byte in UInt8.min...UInt8.max {
      let hex = String(byte, radix: 16)
      for target in [[0x2F, byte], Array("/%\(byte < 16 ? "0" : "")\(hex)".utf8), [0x2F, 0x61, byte, 0x62]] {
        guard let result = try? normalize(target) else { continue }
        #expect(result.path.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F })
        #expect(try normalize(result.path).path == result.path)
      }
    }
  }

  @Test(.enabled(if: Corpora.root != nil, Corpora.missing))
  func `naughty strings survive as encoded segments and values`() throws {
    let strings = try JSONDecoder().decode([String].self, from: Corpora.file("naughty-strings/blns.json"))
    #expect(strings.count > 500)
    for text in strings {
      var encoded = ByteBuffer()
      ByteBuffer(string: text).withUnsafeReadableBytes { PercentCoding.encodeSegment($0, into: &encoded) }
      let component = String(buffer: encoded)
      let decoded = encoded.withUnsafeReadableBytes { PercentCoding.decode($0) }
      #expect(decoded == text)
      #expect(encoded.withUnsafeReadableBytes { PercentCoding.decodeForm($0) } == text)
      let hasControl = text.unicodeScalars.contains { $0.properties.generalCategory == .control }
      let result = try? normalize("/x\(component)?q=\(component)")
      if hasControl || text.contains("\\") || text.contains("/./") || text.contains("/../") || text.hasSuffix("/..") {
        continue
      }
      #expect(result?.path == "/x" + component, "\(text)")
      #expect(result?.query == "q=" + component, "\(text)")
      // Raw, whatever it is, it is an answer and not a crash.
      _ = try? normalize("/" + text)
      _ = traceRequests([bytes("GET /\(text) HTTP/1.1\r\nHost: \(text)\r\n\(text): \(text)\r\n\r\n")])
    }
  }

  @Test func `a head gives the path as a slice and the query as a range of itself`() throws {
    for (target, path, query) in [
      ("/a/b?c=d", "/a/b", "c=d"), ("http://x:1/a/b?c=d", "/a/b", "c=d"), ("/%61?x", "/a", "x"), ("http://x", "/", ""),
      ("http://x?y", "/", "y"), ("/a?", "/a", ""), ("/a", "/a", ""),
    ] {
      var parser = RequestParser()
      var buffer = ByteBuffer(string: "GET \(target) HTTP/1.1\r\nHost: a\r\n\r\n")
      guard case .head(let head) = try parser.next(&buffer) else { return #expect(Bool(false), "no head") }
      let result = try head.normalizedTarget()
      #expect(String(buffer: result.path) == path)
      #expect(head.text(result.query) == query)
    }
  }
}
