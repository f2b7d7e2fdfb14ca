import GatewayHTTP
import NIOCore
import Testing

@testable import GatewayBodies

private func part(_ disposition: String, _ content: String, extra: String = "") -> String {
  "--b\r\nContent-Disposition: form-data; \(disposition)\r\n\(extra)\r\n\(content)\r\n"
}

@Suite struct MultipartTests {
  @Test(arguments: [
    (
      ClientBody.curlForm,
      [
        "part title", "data Der Prozeß", "part na\"me", "data x", "part file file a\"b\\c é.txt text/plain",
        "data file<13><10>text", "part empty", "data ", "end",
      ]
    ),
    (ClientBody.curlFormEscape, ["part file file a\"b\\c é.txt text/plain", "data file<13><10>text", "end"]),
    (
      ClientBody.requestsMultipart,
      [
        "part title", "data Der Prozeß", "part tag", "data a", "part tag", "data b",
        "part file file ü\"\\x<13><10>.txt application/octet-stream", "data <0><65533><13><10>--", "end",
      ]
    ),
    (
      ClientBody.httpxMultipart,
      ["part title", "data Der Prozeß", "part file file ü\"\\x.txt text/plain", "data abc", "end"]
    ),
  ])
  func `what real clients send is read, however it is cut`(body: ClientBody, expected: [String]) throws {
    let boundary = try #require(
      Array(body.contentType.utf8).withUnsafeBytes {
        MediaType($0)?.boundary.map { String(decoding: $0, as: UTF8.self) }
      })
    let bytes = body.bytes
    #expect(parse([bytes], boundary: boundary).lines == expected)
    for cut in 0...bytes.count {
      #expect(parse([bytes[..<cut], bytes[cut...]], boundary: boundary).lines == expected, "cut at \(cut)")
    }
    #expect(parse(bytes.map { [$0] }, boundary: boundary).lines == expected)
  }

  @Test(arguments: [
    "\r", "\r\n", "\r\n-", "\r\n--", "\r\r\n--", "\r\n\r\n--", "\r\n--a", "\r\n-\r\n--", "--b", "\n--b\n", "\r--b",
    "\r\n --b",
    "-\r\n--\r\n", "\r\n--\r\n--\r\n-", "\r\n--B", "\u{0}\r\n",
  ])
  func `content that nearly is a delimiter is content`(content: String) {
    let body = Array((part("name=x", "a" + content) + "--b--\r\n").utf8)
    let expected = ["part x", "data a\(printable(content.utf8))", "end"]
    for cut in 0...body.count { #expect(parse([body[..<cut], body[cut...]]).lines == expected) }
    #expect(parse(body.map { [$0] }).lines == expected)
  }

  @Test(arguments: ["\r\n--", "-", "\n--b", "\r\n-b", "\r"])
  func `content that begins like a delimiter loses nothing`(content: String) {
    let body = Array((part("name=x", content) + "--b--").utf8)
    let expected = ["part x", "data \(printable(content.utf8))", "end"]
    for cut in 0...body.count { #expect(parse([body[..<cut], body[cut...]]).lines == expected) }
  }

  @Test func `a form without parts, a line end before it, line ends after it`() {
    for body in ["--b--", "--b--\r\n", "\r\n--b--\r\n", "--b--\r\n\r\n"] { #expect(parse(body).lines == ["end"]) }
  }

  @Test func `a file without name and content is told as such`() {
    let body = part("name=\"f\"; filename=\"\"", "", extra: "Content-Type: application/octet-stream\r\n") + "--b--\r\n"
    #expect(parse(body).lines == ["part f file  application/octet-stream", "data ", "end"])
  }

  @Test(arguments: [
    ("name=plain", "part plain"), ("name=\"a b\"", "part a b"), ("name=\"\"", "part "), ("NAME=\"x\"", "part x"),
    ("name=\"a%22b%0d%0Ac%20d%\"", "part a\"b<13><10>c%20d%"), ("name=\"a\\\"b\\\\c\\d\"", "part a\"b\\c\\d"),
    ("name=\"x\"; filename=\"..\\..\\etc/../passwd\"", "part x file ..\\..\\etc/../passwd"),
    ("name=\"x\"; filename=\"C:\\dir\\a.txt\"", "part x file C:\\dir\\a.txt"),
    ("name=\"x\"; filename*=utf-8''%e2%82%ac%20rates", "part x file € rates"),
    ("name=\"x\"; filename*=UTF-8'de'a.txt", "part x file a.txt"), ("name=x;", "part x"),
    ("name=x; unknown=y", "part x"),
    ("name=\"ключ\"", "part ключ"), ("name=\"_charset_\"", "part _charset_"),
  ])
  func `names are data, decoded as browsers and libraries write them`(disposition: String, expected: String) {
    #expect(parse(part(disposition, "") + "--b--\r\n").lines == [expected, "data ", "end"])
  }

  @Test func `escapes stay where FastAPI's reading is asked for`() {
    let body = Array((part("name=\"a%22b\"", "") + "--b--").utf8)
    #expect(parse([body], decodesEscapes: false).lines == ["part a%22b", "data ", "end"])
  }

  private static let refused: [(body: String, cause: String)] = [
    ("", "the body ends before its last delimiter"),
    ("--b\r\nContent-Disposition: form-data; name=x\r\n\r\nabc", "the body ends before its last delimiter"),
    (part("name=x", "abc"), "the body ends before its last delimiter"),
    (part("name=x", "abc") + "--b", "the body ends before its last delimiter"),
    (part("name=x", "abc") + "--b-", "the body ends before its last delimiter"),
    ("preamble\r\n--b--", "the body does not begin with its delimiter"),
    ("\n--b--", "the body does not begin with its delimiter"),
    ("\r\n\r\n--b--", "the body does not begin with its delimiter"),
    ("--c\r\n", "the body does not begin with its delimiter"),
    ("--b\nContent-Disposition: form-data; name=x\n\nabc\n--b--", "a delimiter that goes on after the boundary"),
    (part("name=x", "a\r\n--boundary") + "--b--", "a delimiter that goes on after the boundary"),
    (part("name=x", "a\r\n--b ") + "--b--", "a delimiter that goes on after the boundary"),
    (part("name=x", "a\r\n--b-x") + "--b--", "a delimiter that goes on after the boundary"),
    ("--b\rx", "bare CR after a delimiter"),
    (part("name=x", "a") + "--b--\r\nepilogue", "bytes after the last delimiter"),
    (part("name=x", "a") + "--b--\r\n" + part("name=y", "b") + "--b--", "bytes after the last delimiter"),
    ("--b\r\nContent-Disposition: form-data; name=x\r\n\r\n--b--", "a delimiter directly behind the head of a part"),
    ("--b\r\nContent-Disposition: form-data; name=x\nA: b\r\n\r\n", "bare LF in the head of a part"),
    (
      "--b\r\nContent-Disposition: form-data; name=x;\r\n filename=y\r\n\r\n", "a header line of a part without a colon"
    ),
    ("--b\r\nContent-Disposition : form-data; name=x\r\n\r\n", "a header line of a part that is no field"),
    ("--b\r\nContent-Disposition: form-data; name=x\r\nA\rB: c\r\n\r\n", "a header line of a part that is no field"),
    ("--b\r\nContent-Disposition: form-data; name=\"x\u{0}\"\r\n\r\n", "a malformed Content-Disposition in a part"),
    ("--b\r\nContent-Disposition: attachment; name=x\r\n\r\n", "a part whose Content-Disposition is not form-data"),
    ("--b\r\nContent-Disposition: form-data; name=x; name=y\r\n\r\n", "a part with two names"),
    ("--b\r\nContent-Disposition: form-data; name=x; name*=utf-8''y\r\n\r\n", "a part with name*"),
    ("--b\r\nContent-Disposition: form-data; name=x; filename=a; filename=b\r\n\r\n", "a part with two filenames"),
    (
      "--b\r\nContent-Disposition: form-data; name=x; filename=a; filename*=utf-8''b\r\n\r\n",
      "a part with filename and filename*"
    ),
    (
      "--b\r\nContent-Disposition: form-data; name=x; filename*=latin1''b\r\n\r\n",
      "a filename* that is not UTF-8 with percent-escapes"
    ),
    (
      "--b\r\nContent-Disposition: form-data; name=x; filename*=utf-8''%ff\r\n\r\n",
      "a filename* that is not UTF-8 with percent-escapes"
    ),
    ("--b\r\nContent-Disposition: form-data; name=\"x\r\n\r\n", "a malformed Content-Disposition in a part"),
    ("--b\r\nContent-Disposition: form-data; name = x\r\n\r\n", "a malformed Content-Disposition in a part"),
    (
      "--b\r\nContent-Disposition: form-data; name=x\r\nContent-Disposition: form-data; name=y\r\n\r\n",
      "a part with two Content-Disposition lines"
    ),
    (
      "--b\r\nContent-Disposition: form-data; name=x\r\nContent-Type: a/b\r\ncontent-type: c/d\r\n\r\n",
      "a part with two Content-Type lines"
    ),
    (
      "--b\r\nContent-Disposition: form-data; name=x\r\nContent-Transfer-Encoding: base64\r\n\r\n",
      "a part with a Content-Transfer-Encoding"
    ),
  ]

  @Test(arguments: refused)
  func `what readers disagree about is refused`(body: String, cause: String) {
    let bytes = Array(body.utf8)
    let whole = parse([bytes])
    #expect(whole.error == HTTPError(400, detail: "Invalid multipart data.", cause: "multipart: \(cause)"))
    for cut in 0...bytes.count { #expect(parse([bytes[..<cut], bytes[cut...]]).lines == whole.lines) }
    #expect(parse(bytes.map { [$0] }).lines == whole.lines)
  }

  @Test(arguments: [
    "", "X-A: b\r\n", "Content-Disposition: form-data\r\n", "Content-Disposition: form-data; filename=a\r\n",
  ])
  func `a part without a name is refused in FastAPI's words`(head: String) {
    #expect(
      parse("--b\r\n\(head)\r\n").error
        == HTTPError(400, detail: "The Content-Disposition header field \"name\" must be provided."))
  }

  @Test func `a name that is not UTF-8 is refused`() {
    let body = Array("--b\r\nContent-Disposition: form-data; name=\"".utf8) + [0xFF] + Array("\"\r\n\r\n".utf8)
    #expect(parse([body]).error == HTTPError(400, detail: "The text is not valid UTF-8."))
  }

  @Test func `a body type without a usable boundary is refused`() {
    for type in [
      "multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=\"a \"",
      "multipart/form-data; boundary=\"" + String(repeating: "a", count: 71) + "\"",
      "multipart/form-data; boundary=\"ä\"",
    ] {
      let error = caught {
        try Array(type.utf8).withUnsafeBytes { bytes in
          guard let media = MediaType(bytes) else { throw HTTPError(400, detail: "Missing boundary in multipart.") }
          _ = try MultipartParser(media)
        }
      }
      #expect(error == HTTPError(400, detail: "Missing boundary in multipart."), "\(type)")
    }
  }
}

@Suite struct MultipartLimitTests {
  @Test func `numbers and sizes are limited in FastAPI's words`() {
    var limits = FormLimits()
    limits.fields = 2
    limits.files = 1
    limits.fieldSize = 1024
    limits.fileSize = 2048
    let field = part("name=x", "1")
    let file = part("name=x; filename=f", "1")
    #expect(parse(field + file + field + "--b--", limits: limits).error == nil)
    #expect(
      parse(field + field + field, limits: limits).error
        == HTTPError(400, detail: "Too many fields. Maximum number of fields is 2."))
    #expect(
      parse(file + file, limits: limits).error
        == HTTPError(400, detail: "Too many files. Maximum number of files is 1."))
    let kilo = String(repeating: "x", count: 1024)
    #expect(parse(part("name=x", kilo) + "--b--", limits: limits).error == nil)
    #expect(
      parse(part("name=x", kilo + "x") + "--b--", limits: limits).error
        == HTTPError(400, detail: "Part exceeded maximum size of 1KB."))
    #expect(parse(part("name=x; filename=f", kilo + kilo) + "--b--", limits: limits).error == nil)
    #expect(
      parse(part("name=x; filename=f", kilo + kilo + "x") + "--b--", limits: limits).error
        == HTTPError(413, detail: "File exceeded maximum size of 2KB."))
  }

  @Test func `the whole body is limited to the byte`() {
    let body = part("name=x", "1") + "--b--"
    var limits = FormLimits()
    limits.total = body.utf8.count
    #expect(parse(body, limits: limits).error == nil)
    limits.total -= 1
    #expect(
      parse(body, limits: limits).error
        == HTTPError(413, detail: "Body exceeded maximum size of \(limits.total) bytes."))
  }

  @Test func `a head that never ends is refused without being kept`() {
    let filler = String(repeating: "x", count: 9 << 10)
    #expect(parse("--b\r\nX-A: \(filler)").error?.status == 400)
    #expect(parse("--b\r\n" + String(repeating: "A: b\r\n", count: 17) + "\r\n").error?.status == 400)
    let line = "Content-Disposition: form-data; name=x\r\n"
    let most = FormLimits().partHead
    let fill = { (count: Int) in "X: " + String(repeating: "y", count: count - line.utf8.count - 5) + "\r\n" }
    #expect(parse("--b\r\n\(line)\(fill(most))\r\n\r\n--b--").error == nil)
    #expect(parse("--b\r\n\(line)\(fill(most + 1))\r\n\r\n--b--").error?.status == 400)
  }

  @Test func `a thousand fields are read, one more is not`() {
    let field = part("name=x", "1")
    #expect(parse(String(repeating: field, count: 1000) + "--b--").error == nil)
    #expect(
      parse(String(repeating: field, count: 1001) + "--b--").error?.detail
        == "Too many fields. Maximum number of fields is 1000.")
  }

  @Test(arguments: [
    "\r", "\r\n", "\r\n-", "\r\n--", "\r\n--------", "\r\n" + String(repeating: "-", count: 70), "-", "x",
    "\r\n--------a",
  ])
  func `no content makes the search look at a byte more than thrice`(unit: String) {
    // The boundary that agrees longest with such content.
    let boundary = String(repeating: "-", count: 69) + "Z"
    let content = String(repeating: unit, count: (16 << 10) / unit.utf8.count)
    let head = "--\(boundary)\r\nContent-Disposition: form-data; name=x\r\n\r\n"
    let body = Array((head + "y" + content + "\r\n--\(boundary)--").utf8)
    for size in [body.count, 4096, 1000, 73, 7, 1] {
      let pieces = stride(from: 0, to: body.count, by: size).map { body[$0..<min($0 + size, body.count)] }
      let trace = parse(pieces, boundary: boundary)
      #expect(trace.lines == ["part x", "data y\(printable(content.utf8))", "end"])
      #expect(trace.examined <= 3 * body.count, "\(trace.examined) for \(body.count) bytes in pieces of \(size)")
    }
  }
}
