import GatewayHTTP
import NIOCore
import Testing

@testable import GatewayBodies

private func read(
  _ body: [UInt8], limits: FormLimits = FormLimits(), undecodable: URLEncodedForm.Undecodable = .refused
) throws -> [String] {
  let form = try URLEncodedForm(ByteBuffer(bytes: body), limits: limits, undecodable: undecodable)
  return form.text.withUnsafeReadableBytes { text in
    form.fields.map {
      "\(String(decoding: text[$0.name], as: UTF8.self))=\(String(decoding: text[$0.value], as: UTF8.self))"
    }
  }
}

@Suite struct URLEncodedFormTests {
  @Test(arguments: [
    ("", []), ("a=1", ["a=1"]), ("a=1&b=2&a=3", ["a=1", "b=2", "a=3"]), ("a", ["a="]), ("=", ["="]), ("=x", ["=x"]),
    ("&&a=1&", ["a=1"]), ("a=b=c", ["a=b=c"]), ("a;b=1", ["a;b=1"]), ("a+b=c+d", ["a b=c d"]), ("a%20b=%2B", ["a b=+"]),
    ("a=%zz%4", ["a=%zz%4"]), ("n%C3%A4=%E2%82%AC", ["nä=€"]), ("nä=€", ["nä=€"]), ("a=%00", ["a=\0"]),
    ("a=%26%3D", ["a=&="]),
    ("a[]=1&b.c=2", ["a[]=1", "b.c=2"]),
  ])
  func `names and values are split, then decoded`(body: String, expected: [String]) throws {
    #expect(try read(Array(body.utf8)) == expected)
  }

  @Test func `what real clients send is read`() throws {
    #expect(try read(ClientBody.curlUrlencode.bytes) == ["title=Der Prozeß & mehr", "plus=1+1", "raw=a b"])
    #expect(
      try read(ClientBody.requestsUrlencoded.bytes)
        == ["title=Der Prozeß & mehr", "plus=1+1", "tag=a", "tag=b", "e="])
    #expect(try read(ClientBody.httpxUrlencoded.bytes) == ["title=Der Prozeß & mehr", "plus=1+1"])
  }

  @Test(arguments: [Array("a=%ff".utf8), Array("%c3=1".utf8), [0x61, 0x3D, 0xFF], Array("a=%ed%a0%80".utf8)])
  func `what is not UTF-8 is refused, or replaced as FastAPI does`(body: [UInt8]) throws {
    #expect(caught { _ = try read(body) } == HTTPError(400, detail: "The text is not valid UTF-8."))
    let text = try read(body, undecodable: .replaced)
    #expect(text.count == 1 && text[0].contains("\u{FFFD}"))
  }

  @Test func `a sequence that is cut by the field's end is not healed by the next field`() {
    #expect(caught { _ = try read(Array("a=%c3&%a4=1".utf8)) }?.status == 400)
    #expect(caught { _ = try read([0x61, 0x3D, 0xC3, 0x26, 0xA4, 0x3D]) }?.status == 400)
  }

  @Test func `numbers and sizes are limited`() throws {
    let many = (0..<1000).map { "f\($0)=1" }.joined(separator: "&")
    #expect(try read(Array(many.utf8)).count == 1000)
    #expect(
      caught { _ = try read(Array((many + "&x=1").utf8)) }
        == HTTPError(400, detail: "Too many fields. Maximum number of fields is 1000."))
    var limits = FormLimits()
    limits.fieldSize = 1024
    #expect(try read(Array("a=".utf8) + [UInt8](repeating: 0x78, count: 1022), limits: limits).count == 1)
    #expect(
      caught { _ = try read(Array("a=".utf8) + [UInt8](repeating: 0x78, count: 1023), limits: limits) }
        == HTTPError(400, detail: "Field exceeded maximum size of 1KB."))
    limits.total = 3
    #expect(try read(Array("a=1".utf8), limits: limits) == ["a=1"])
    #expect(caught { _ = try read(Array("a=12".utf8), limits: limits) }?.status == 413)
  }
}

@Suite struct TextCharsetTests {
  private func charset(_ type: String) throws -> TextCharset {
    try Array(type.utf8).withUnsafeBytes { try TextCharset.of(MediaType($0)) }
  }

  @Test func `a charset is known by its names`() throws {
    for (type, expected) in [
      ("text/plain", TextCharset.utf8), ("text/plain; charset=UTF-8", .utf8), ("text/plain; charset=\"utf8\"", .utf8),
      ("text/plain; charset=US-ASCII", .usASCII), ("text/plain;charset=iso-8859-1", .latin1),
    ] { #expect(try charset(type) == expected) }
  }

  @Test(arguments: ["utf-16", "utf-7", "windows-1252", "", "utf-8\\0", "x"])
  func `any other is unsupported`(name: String) {
    #expect(caught { _ = try charset("text/plain; charset=\"\(name)\"") }?.status == 415)
  }

  @Test func `text is brought to UTF-8 or refused`() throws {
    let bytes = { (bytes: [UInt8]) in ByteBuffer(bytes: bytes) }
    #expect(try TextCharset.utf8.decode(bytes([0xC3, 0xA4])) == bytes([0xC3, 0xA4]))
    #expect(try TextCharset.latin1.decode(bytes([0x61, 0xE4, 0xFF])) == ByteBuffer(string: "aäÿ"))
    #expect(try TextCharset.usASCII.decode(bytes([0x61])) == bytes([0x61]))
    for invalid: [UInt8] in [[0xFF], [0xC0, 0xAE], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xC3]] {
      #expect(caught { _ = try TextCharset.utf8.decode(bytes(invalid)) }?.status == 400)
    }
    #expect(
      caught { _ = try TextCharset.usASCII.decode(bytes([0xC3, 0xA4])) }
        == HTTPError(400, detail: "The text is not valid US-ASCII."))
    #expect(try TextCharset.utf8.decode(ByteBuffer()) == ByteBuffer())
  }

  @Test func `a part has the charset of its own content type`() throws {
    var part = MultipartPart(name: "a", filename: nil, contentType: nil, fields: FieldLines())
    #expect(try part.charset() == .utf8)
    part.contentType = ByteBuffer(string: "text/plain; charset=latin1")
    #expect(try part.charset() == .latin1)
    part.contentType = ByteBuffer(string: "whatever a page sets")
    #expect(try part.charset() == .utf8)
    part.contentType = ByteBuffer(string: "text/plain; charset=utf-16")
    #expect(caught { _ = try part.charset() }?.status == 415)
  }
}
