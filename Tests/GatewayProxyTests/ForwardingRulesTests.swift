import GatewayHTTP
import NIOCore
import Testing

@testable import GatewayProxy

/// What an upstream sees of a request.
struct ForwardingRulesTests {
  private func forward(
    _ head: String, _ rules: ForwardingRules = .standard, peer: String? = "192.0.2.7", tls: Bool = false,
    trusted: Bool = false, id: String = "", body: UpstreamBody = .none, extra: FieldLines? = nil,
    path: ProxyPathTemplate? = nil
  ) throws -> String {
    var buffer = ByteBuffer(string: head.replacing("\n", with: "\r\n") + "\r\n\r\n")
    var parser = RequestParser()
    guard case .head(let parsed) = try parser.next(&buffer) else {
      Issue.record("no head")
      return ""
    }
    let target = parsed.text(parsed.pathAndQuery)
    let mark = target.firstIndex(of: "?")
    var query = ByteRange(start: 0, count: 0)
    if let mark {
      let skipped = target[...mark].utf8.count
      query = ByteRange(
        start: parsed.pathAndQuery.start + UInt32(skipped), count: parsed.pathAndQuery.count - UInt32(skipped))
    }
    var context = RequestContext(
      head: parsed, path: ByteBuffer(string: String(target[..<(mark ?? target.endIndex)])), query: query,
      peer: peer.flatMap { IPAddress($0) }, isTLS: tls, started: .now())
    context.requestID = id
    var request = UpstreamRequest()
    try rules.fill(&request, from: context, path: path, body: body, trustsPeer: trusted, extra: extra)
    return String(buffer: request.head).replacing("\r\n", with: "\n")
  }

  /// The lines of the head, without the request line and the final empty line.
  private func fields(
    _ head: String, _ rules: ForwardingRules = .standard, peer: String? = "192.0.2.7", tls: Bool = false,
    trusted: Bool = false, id: String = "", body: UpstreamBody = .none
  ) throws -> [String] {
    try forward(head, rules, peer: peer, tls: tls, trusted: trusted, id: id, body: body)
      .split(separator: "\n").dropFirst().map(String.init)
  }

  @Test func usualRequest() throws {
    let forwarded = try forward("GET /a/b?c=d&e HTTP/1.1\nHost: shop.example\nUser-Agent: curl/8\nAccept: */*")
    #expect(
      forwarded == """
        GET /a/b?c=d&e HTTP/1.1
        User-Agent: curl/8
        Accept: */*
        x-forwarded-for: 192.0.2.7
        x-forwarded-proto: http
        x-forwarded-host: shop.example
        via: 1.1 gateway


        """)
  }

  @Test func oddSpacingIsWrittenAnew() throws {
    let fields = try fields("GET / HTTP/1.1\nHost:a\nX:1\nY: \t 2 \t\nZ:\nW: 3")
    #expect(fields.prefix(4) == ["X: 1", "Y: 2", "Z: ", "W: 3"])
  }

  @Test func fieldsBetweenNeighboursStay() throws {
    let fields = try fields(
      """
      POST / HTTP/1.1
      Host: a
      Connection: keep-alive, Upgrade, X-Hop, HTTP2-Settings
      Keep-Alive: timeout=5
      Proxy-Connection: keep-alive
      Proxy-Authorization: Basic eDp5
      TE: gzip
      Trailer: checksum
      Transfer-Encoding: chunked
      Upgrade: h2c
      HTTP2-Settings: AAMAAABk
      Expect: 100-continue
      X-Hop: 1
      X-End: 2
      """, body: .stream(length: nil))
    #expect(
      fields == [
        "X-End: 2", "x-forwarded-for: 192.0.2.7", "x-forwarded-proto: http", "x-forwarded-host: a", "via: 1.1 gateway",
        "transfer-encoding: chunked",
      ])
  }

  @Test func connectionCannotRemoveEssentialFields() throws {
    let fields = try fields(
      """
      GET / HTTP/1.1
      Host: a
      Connection: X-Forwarded-For, Host, authorization, Cookie, Content-Type, x-request-id, Cache-Control, close
      Authorization: Bearer t
      Cookie: s=1
      Content-Type: text/plain
      Cache-Control: no-store
      """, id: "r1")
    #expect(
      fields == [
        "Authorization: Bearer t", "Cookie: s=1", "Content-Type: text/plain", "Cache-Control: no-store",
        "x-forwarded-for: 192.0.2.7", "x-forwarded-proto: http", "x-forwarded-host: a", "x-request-id: r1",
        "via: 1.1 gateway",
      ])
  }

  @Test func floodOfConnectionOptionsIsRefused() {
    let options = (0..<40).map { "a\($0)" }.joined(separator: ", ")
    #expect {
      try forward("GET / HTTP/1.1\nHost: a\nConnection: \(options)")
    } throws: { ($0 as? HTTPError)?.status == 400 }
  }

  static let spoofed = """
    GET / HTTP/1.1
    Host: a
    X-Forwarded-For: 10.0.0.1
    x-forwarded-for: 10.0.0.2
    X-Forwarded-Proto: https
    X-Forwarded-Host: evil.example
    X-Forwarded-Port: 1
    X-Forwarded-Prefix: /admin
    X-Real-IP: 10.0.0.3
    X-Original-URL: /admin
    Forwarded: for=10.0.0.4
    X-Request-Id: spoofed
    """

  @Test func forwardingFieldsOfAStrangerAreReplaced() throws {
    #expect(
      try fields(Self.spoofed) == [
        "x-forwarded-for: 192.0.2.7", "x-forwarded-proto: http", "x-forwarded-host: a", "via: 1.1 gateway",
      ])
  }

  @Test func forwardingFieldsOfATrustedPeerAreContinued() throws {
    #expect(
      try fields(Self.spoofed, trusted: true) == [
        "X-Forwarded-Proto: https", "X-Forwarded-Host: evil.example", "X-Forwarded-Port: 1",
        "X-Forwarded-Prefix: /admin", "X-Original-URL: /admin", "X-Request-Id: spoofed", "x-forwarded-for: 10.0.0.1, 10.0.0.2, 192.0.2.7", "via: 1.1 gateway",
      ])
  }

  @Test func ownRequestIDReplacesAnother() throws {
    let ids = try fields(Self.spoofed, trusted: true, id: "mine").filter { $0.lowercased().hasPrefix("x-request-id") }
    #expect(ids == ["x-request-id: mine"])
  }

  @Test func requestIDThatWouldBreakTheHeadIsLeftOut() throws {
    #expect(try !forward("GET / HTTP/1.1\nHost: a", id: "a\r\nevil: 1").contains("evil"))
  }

  @Test func namesWithUnderscoresAreDroppedUnlessWanted() throws {
    let head = "GET / HTTP/1.1\nHost: a\nX_Forwarded_For: 1.2.3.4\nmy_field: 1"
    #expect(try !forward(head).contains("_"))
    let rules = try #require(ForwardingRules(passesUnderscoreNames: true))
    #expect(try forward(head, rules).contains("\nmy_field: 1\n"))
  }

  @Test func addressesAndSchemeOfTheConnection() throws {
    #expect(
      try fields("GET / HTTP/1.1\nHost: a", peer: "2001:db8::1", tls: true).prefix(2) == [
        "x-forwarded-for: 2001:db8::1", "x-forwarded-proto: https",
      ])
    #expect(try fields("GET / HTTP/1.1\nHost: a", peer: nil).first == "x-forwarded-proto: http")
    #expect(try fields("GET / HTTP/1.1\nHost: a", peer: "255.0.10.9").first == "x-forwarded-for: 255.0.10.9")
  }

  @Test func hostOfTheClientIsPreservedWhereAsked() throws {
    let rules = try #require(ForwardingRules(host: .client, via: nil))
    #expect(try fields("GET / HTTP/1.1\nhost: shop.example:8080", rules).first == "host: shop.example:8080")
    // RFC 9112 §3.2.2: the target's authority wins over Host.
    #expect(try fields("GET http://shop.example/ HTTP/1.1\nHost: other", rules).first == "host: shop.example")
    #expect(try !forward("GET / HTTP/1.0", rules).contains("host"))
  }

  @Test func viaNamesTheVersionReceived() throws {
    #expect(try fields("GET / HTTP/1.0\nVia: 1.1 cdn").suffix(1) == ["via: 1.0 gateway"])
    #expect(try fields("GET / HTTP/1.1\nHost: a\nVia: 1.1 cdn").first == "Via: 1.1 cdn")
    #expect(ForwardingRules(via: "two words") == nil)
  }

  @Test func trailersAreAskedForOnlyByName() throws {
    #expect(try fields("GET / HTTP/1.1\nHost: a\nTE: gzip, Trailers").contains("te: trailers"))
    #expect(try fields("GET / HTTP/1.1\nHost: a\nTE: gzip, Trailers").contains("connection: te"))
    #expect(try !fields("GET / HTTP/1.1\nHost: a\nTE: trailers;q=0").contains("te: trailers"))
  }

  @Test func framingComesFromTheBodyAlone() throws {
    let head = "POST / HTTP/1.1\nHost: a\nContent-Length: 5"
    #expect(try fields(head, body: .whole(ByteBuffer(string: "abc"))).last == "content-length: 3")
    #expect(try fields(head, body: .stream(length: 9)).last == "content-length: 9")
    #expect(try fields(head, body: .stream(length: nil)).last == "transfer-encoding: chunked")
    #expect(try fields(head).last == "content-length: 0")
    #expect(try !forward("GET / HTTP/1.1\nHost: a").contains("content-length"))
  }

  @Test func tunnelsAndEchoesAreNotForwarded() {
    for head in ["CONNECT a:443 HTTP/1.1\nHost: a:443", "TRACE / HTTP/1.1\nHost: a"] {
      #expect { try forward(head) } throws: { ($0 as? HTTPError)?.status == 501 }
    }
  }

  @Test func unknownMethodsAreForwardedAsTheyAre() throws {
    #expect(try forward("BREW /pot HTTP/1.1\nHost: a").hasPrefix("BREW /pot HTTP/1.1\n"))
  }

  @Test func extraLinesAreAdded() throws {
    var extra = FieldLines()
    extra.append("x-user", "42")
    #expect(try forward("GET / HTTP/1.1\nHost: a", extra: extra).contains("\nx-user: 42\n"))
  }

  @Test func filledRequestReusesItsStorage() throws {
    var buffer = ByteBuffer(string: "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    var parser = RequestParser()
    guard case .head(let head) = try parser.next(&buffer) else { return }
    let context = RequestContext(
      head: head, path: ByteBuffer(string: "/"), query: ByteRange(start: 0, count: 0), peer: nil, isTLS: false,
      started: .now())
    var request = UpstreamRequest()
    try ForwardingRules.standard.fill(&request, from: context, body: .none)
    let storage = request.head.storagePointer
    for _ in 0..<10 { try ForwardingRules.standard.fill(&request, from: context, body: .none) }
    #expect(request.head.storagePointer == storage)
  }
}

extension ByteBuffer {
  var storagePointer: UnsafeRawPointer? { withVeryUnsafeBytes { $0.baseAddress } }
}
