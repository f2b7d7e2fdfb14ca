import NIOCore
import Testing

@testable import GatewayHTTP

private func cookies(_ text: String) -> [String] {
  Array(text.utf8).withUnsafeBytes { bytes in
    RequestCookies(bytes).map {
      "\(String(decoding: bytes[$0.name], as: UTF8.self))=\(RequestCookies.decode(bytes[$0.value]))"
    }
  }
}

@Suite struct RequestCookieTests {
  @Test(arguments: [
    ("", []), ("a=1", ["a=1"]), ("a=1; b=2", ["a=1", "b=2"]), ("a=1;b=2;", ["a=1", "b=2"]),
    (" a = 1 ;\tb=2", ["a=1", "b=2"]),
    ("a=b=c", ["a=b=c"]), ("justvalue", ["=justvalue"]), ("=v", ["=v"]), ("a=", ["a="]), (";;;", []), ("=", []),
    ("a=\"quoted\"", ["a=quoted"]), ("a=\"x\\073y\\\"z\\\\\"", ["a=x;y\"z\\"]), ("a=\"\\303\\244\"", ["a=Ã¤"]),
    ("a=\"\\344\"", ["a=ä"]),
    ("a=\"\\377\"", ["a=ÿ"]), ("a=\"\\400\"", ["a=400"]), ("a=\"\\07\"", ["a=07"]), ("a=\"\\\"", ["a=\\"]),
    ("a=\"", ["a=\""]),
    ("a=\"\"", ["a="]), ("a=\"b\"c", ["a=\"b\"c"]), ("a=%20+", ["a=%20+"]), ("a=1,b=2", ["a=1,b=2"]),
    ("A=1; a=2", ["A=1", "a=2"]),
    // Quotes do not protect a semicolon: the split comes first, as everywhere.
    ("a=\"b;c\"", ["a=\"b", "=c\""]),
  ])
  func `cookies are taken apart as FastAPI does`(text: String, expected: [String]) {
    #expect(cookies(text) == expected)
  }

  @Test func `of equal names the last in the last field counts`() throws {
    var parser = RequestParser()
    var bytes = ByteBuffer(
      string:
        "GET / HTTP/1.1\r\nHost: a\r\nCookie: s=1; t=0; s=2\r\nX: y\r\ncookie: u=5; s=3; s=4\r\nCookie: v=\r\n\r\n")
    guard case .head(let head) = try parser.next(&bytes) else {
      Issue.record("no head")
      return
    }
    func value(_ name: String) -> String? {
      Array(name.utf8).withUnsafeBytes { RequestCookies.last($0, in: head) }.map { head.text($0) }
    }
    #expect(value("s") == "4" && value("t") == "0" && value("u") == "5" && value("v") == "")
    #expect(value("S") == nil && value("") == nil)
  }
}

@Suite struct ResponseCookieTests {
  private func make(_ name: String, _ value: String, _ change: (inout ResponseCookie) -> Void = { _ in }) throws
    -> String
  {
    var cookie = ResponseCookie(name: name, value: value)
    change(&cookie)
    return try cookie.fieldValue()
  }

  @Test func `a cookie is for the whole site and lax unless said otherwise`() throws {
    #expect(try make("a", "b") == "a=b; Path=/; SameSite=Lax")
    let all = try make("a", "b") {
      $0.domain = "example.org"
      $0.path = "/x"
      $0.maxAge = 60
      $0.expires = 784_111_777
      $0.isSecure = true
      $0.isHTTPOnly = true
      $0.isPartitioned = true
      $0.sameSite = ResponseCookie.SameSite.none
    }
    #expect(
      all == "a=b; Domain=example.org; Path=/x; Max-Age=60; Expires=Sun, 06 Nov 1994 08:49:37 GMT; HttpOnly; Secure; "
        + "SameSite=None; Partitioned")
    #expect(
      try make("a", "b") {
        $0.path = nil
        $0.sameSite = nil
      } == "a=b")
  }

  @Test(arguments: ["", "plain", "a b", "a;b", "a,b", "a\"b\\c", "\"quoted\"", "a=b", "; Secure"])
  func `every value comes back as it was`(value: String) throws {
    let text = try make("a", value)
    #expect(cookies(String(text.prefix { $0 != ";" })) == ["a=\(value)"])
  }

  @Test func `a deleted cookie keeps the conditions of its prefix`() throws {
    #expect(
      try ResponseCookie.deleting("a").fieldValue()
        == "a=; Path=/; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; SameSite=Lax")
    #expect(try ResponseCookie.deleting("__Host-a").fieldValue().contains("; Secure"))
  }

  private static func cookie(
    _ name: String = "a", _ value: String = "v", _ change: (inout ResponseCookie) -> Void = { _ in }
  ) -> ResponseCookie {
    var cookie = ResponseCookie(name: name, value: value)
    change(&cookie)
    return cookie
  }

  private static let long = String(repeating: "x", count: 4096)

  private static let refused: [(ResponseCookie, ResponseCookie.Problem)] = [
    (cookie(""), .name), (cookie("a b"), .name), (cookie("a=b"), .name), (cookie("a\r\n"), .name),
    (cookie("a", "ä"), .value), (cookie("a", "b\r\nSet-Cookie: x=y"), .value), (cookie("a", "\u{0}"), .value),
    (cookie { $0.domain = "x; Secure" }, .domain), (cookie { $0.domain = "" }, .domain),
    (cookie { $0.path = "x" }, .path), (cookie { $0.path = "/; Secure" }, .path), (cookie { $0.path = "/\r\n" }, .path),
    (cookie("a", long), .size), (cookie { $0.path = "/" + long }, .size), (cookie { $0.domain = long }, .size),
    (cookie { $0.sameSite = ResponseCookie.SameSite.none }, .needsSecure),
    (cookie { $0.isPartitioned = true }, .needsSecure),
    (cookie("__Secure-a"), .securePrefix), (cookie("__host-a"), .hostPrefix),
    (
      cookie("__Host-a") {
        $0.isSecure = true
        $0.path = "/x"
      }, .hostPrefix
    ),
    (
      cookie("__Host-a") {
        $0.isSecure = true
        $0.domain = "x"
      }, .hostPrefix
    ),
  ]

  @Test(arguments: refused)
  func `what browsers drop or misread is the author's problem`(cookie: ResponseCookie, problem: ResponseCookie.Problem)
  {
    #expect(throws: problem) { _ = try cookie.fieldValue() }
  }

  @Test func `prefixes that are kept`() throws {
    #expect(try make("__Host-a", "v") { $0.isSecure = true } == "__Host-a=v; Path=/; Secure; SameSite=Lax")
    #expect(try make("__Secure-a", "v") { $0.isSecure = true } == "__Secure-a=v; Path=/; Secure; SameSite=Lax")
    #expect(try make("a", String(repeating: "x", count: 4095)).utf8.count > 4096)
  }
}
