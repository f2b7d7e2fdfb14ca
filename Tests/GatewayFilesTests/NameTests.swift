import Testing

@testable import GatewayFiles

@Suite struct NameTests {
  @Test(arguments: [
    (ContentDisposition.attachment("report.pdf"), "attachment; filename=\"report.pdf\""),
    (.inline("a b.txt"), "inline; filename=\"a b.txt\""), (.attachment(""), "attachment"),
    (.attachment("Übung.txt"), "attachment; filename=\"_bung.txt\"; filename*=UTF-8''%C3%9Cbung.txt"),
    (.attachment("a\"b\\c%41"), "attachment; filename=\"a_b_c_41\"; filename*=UTF-8''a%22b%5Cc%2541"),
    (.attachment("a\r\nx: y"), "attachment; filename=\"a__x: y\"; filename*=UTF-8''a%0D%0Ax%3A%20y"),
    (.attachment("/etc/passwd"), "attachment; filename=\"passwd\""), (.attachment("a/"), "attachment"),
    (.attachment("€'.txt"), "attachment; filename=\"_'.txt\"; filename*=UTF-8''%E2%82%AC%27.txt"),
  ])
  func `a name is offered so that every client reads it and none is misled`(
    disposition: ContentDisposition, expected: String
  ) { #expect(disposition.fieldValue == expected) }

  @Test(arguments: [
    ("index.html", "text/html; charset=utf-8"), ("A.PNG", "image/png"), ("a.tar.gz", "application/gzip"),
    ("dir.d/file", "application/octet-stream"), (".html", "application/octet-stream"),
    ("a.", "application/octet-stream"),
    ("", "application/octet-stream"), ("x/.hidden.css", "text/css; charset=utf-8"),
    ("a.mjs", "text/javascript; charset=utf-8"),
    ("a.unknownextension", "application/octet-stream"), ("a.\u{e9}", "application/octet-stream"),
    ("b.json", "application/json"),
  ])
  func `an extension tells the media type`(name: String, type: String) {
    #expect(MediaTypeTable.type(forName: name) == type)
  }
}
