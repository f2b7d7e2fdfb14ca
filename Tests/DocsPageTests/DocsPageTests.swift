import Foundation
import Testing

@testable import GatewayOpenAPI

@Suite struct DocsPageTests {
  private func policy(_ page: DocsPage) throws -> [String: [String]] {
    let value = try #require(page.headers.first { $0.name == "content-security-policy" }?.value)
    return Dictionary(
      uniqueKeysWithValues: value.components(separatedBy: "; ").map { directive in
        let words = directive.components(separatedBy: " ")
        return (words[0], Array(words.dropFirst()))
      })
  }

  private func between(_ start: String, _ end: String, in page: DocsPage) throws -> String {
    let text = String(decoding: page.body, as: UTF8.self)
    let from = try #require(text.range(of: start)?.upperBound)
    return String(text[from..<(try #require(text.range(of: end, range: from..<text.endIndex)?.lowerBound))])
  }

  /// An independent SHA-256.
  private func sha256(_ text: String) throws -> String {
    let python = Process()
    python.executableURL = URL(filePath: "/usr/bin/env")
    python.arguments = [
      "python3", "-c",
      "import sys,hashlib,base64;print(base64.b64encode(hashlib.sha256(sys.stdin.buffer.read()).digest()).decode(),end='')",
    ]
    let (input, output) = (Pipe(), Pipe())
    python.standardInput = input
    python.standardOutput = output
    try python.run()
    try input.fileHandleForWriting.write(contentsOf: Data(text.utf8))
    try input.fileHandleForWriting.close()
    return String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
  }

  @Test func thePolicyAdmitsExactlyThisScriptAndThisStyle() throws {
    let page = DocsPage(title: "Bookshop", documentPath: "/openapi.json")
    let policy = try policy(page)
    #expect(policy["script-src"] == ["'sha256-\(try sha256(between("<script>", "</script>", in: page)))'"])
    #expect(policy["style-src"] == ["'sha256-\(try sha256(between("<style>", "</style>", in: page)))'"])
  }

  @Test func thePolicyDeniesEverythingElse() throws {
    let policy = try policy(DocsPage(title: "Bookshop", documentPath: "/openapi.json"))
    #expect(policy["default-src"] == ["'none'"])
    #expect(policy["connect-src"] == ["'self'"])
    #expect(policy["img-src"] == ["data:", "blob:"])
    for name in ["base-uri", "form-action", "frame-ancestors", "trusted-types"] { #expect(policy[name] == ["'none'"]) }
    #expect(policy["require-trusted-types-for"] == ["'script'"])
    #expect(!policy.values.joined().contains { $0.contains("unsafe") })
  }

  @Test func serversOfTheDocumentMayBeReachedByTheirOrigins() throws {
    let page = DocsPage(
      title: "", documentPath: "https://docs.example/openapi.json",
      servers: [
        "/", "v1", "https://api.example.com/v1", "https://api.example.com/v2", "http://127.0.0.1:8081",
        "https://{region}.api.example.com:{port}/{base}", "{scheme}://api.example.net/",
      ])
    #expect(
      try policy(page)["connect-src"] == [
        "'self'", "https://docs.example", "https://api.example.com", "http://127.0.0.1:8081",
        "https://*.api.example.com:*", "api.example.net",
      ])
    #expect(page.serversOutOfReach.isEmpty)
  }

  @Test(arguments: [
    "https://{host}/v1", "https://{name}.com", "http://[::1]:8080/", "ftp://example.com", "javascript:alert(1)",
    "https://a.example; script-src *", "https://a.example, default-src *", "https://a.example'self'", "https://",
    "https://a.example:99999999", "https://user@a.example", "https:\\\\a.example", "", "https://a.example\nx: y",
    "https://*.example.com",
  ])
  func aServerThatThePolicyCannotNameIsReported(server: String) throws {
    let page = DocsPage(title: "", documentPath: "/openapi.json", servers: [server])
    #expect(try policy(page)["connect-src"] == ["'self'"])
    #expect(page.serversOutOfReach == [server])
  }

  @Test func titleAndDocumentAreEscaped() {
    let page = DocsPage(
      title: "<script>alert('1')</script> & {{script}}", documentPath: "/a\"><img src=x onerror=alert(1)>")
    let text = String(decoding: page.body, as: UTF8.self)
    #expect(text.contains("<title>&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt; &amp; {{script}}</title>"))
    #expect(text.contains("content=\"/a&quot;&gt;&lt;img src=x onerror=alert(1)&gt;\""))
    #expect(text.components(separatedBy: "<script>").count == 2)
    #expect(!text.contains("<img"))
  }

  @Test func allMarkersAreReplacedAndNothingEndsAnElementEarly() throws {
    let page = DocsPage(title: "T", documentPath: "/openapi.json")
    let text = String(decoding: page.body, as: UTF8.self)
    for marker in ["title", "document", "style", "script"] { #expect(!text.contains("{{\(marker)}}")) }
    for ending in ["</script", "</style"] { #expect(text.lowercased().components(separatedBy: ending).count == 2) }
    // Inside a script, this would begin a state in which </script> no longer ends it.
    #expect(!(try between("<script>", "</script>", in: page)).contains("<!--"))
  }

  @Test func thePageIsLight() {
    let page = DocsPage(title: "T", documentPath: "/openapi.json")
    #expect(page.body.count < 100_000)
  }

  @Test func theEntityTagFollowsTheContent() {
    let page = DocsPage(title: "A", documentPath: "/openapi.json")
    #expect(page.entityTag == DocsPage(title: "A", documentPath: "/openapi.json").entityTag)
    #expect(page.entityTag != DocsPage(title: "B", documentPath: "/openapi.json").entityTag)
    #expect(page.entityTag.hasPrefix("\"") && page.entityTag.hasSuffix("\"") && page.entityTag.count == 34)
    #expect(page.headers.contains(.init(name: "etag", value: page.entityTag)))
  }

  @Test func trimmingKeepsEverythingButIndentationAndComments() {
    let trimmed = DocsPage.trimmed(Array("// a\n  b // c\n\n    d\n/* e */\n".utf8))
    #expect(String(decoding: trimmed, as: UTF8.self) == "b // c\nd\n")
  }

  /// What trimming relies on.
  @Test func noSourceHasALiteralOrCommentThatSpansLines() throws {
    let folder = PageSources.folder
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".js") }
    #expect(names.count > 10)
    for name in names {
      let text = try String(contentsOf: folder.appending(path: name), encoding: .utf8)
      for (index, line) in text.components(separatedBy: "\n").enumerated() {
        // The Markdown reader holds single backticks as characters of its input.
        #expect(line.filter { $0 == "`" }.count % 2 == 0 || name == "markdown.js", "\(name):\(index + 1)")
        #expect(!line.contains("/*") || line.contains("*/"), "\(name):\(index + 1)")
      }
      #expect(text.utf8.allSatisfy { $0 != 0x09 }, "\(name) has tabs")
    }
  }

  @Test func theWholePageIsCompiledIn() throws {
    let declared = try String(
      contentsOf: PageSources.folder.deletingLastPathComponent().appending(path: "gateway_docs_page.c"), encoding: .utf8
    )
    for name in try FileManager.default.contentsOfDirectory(atPath: PageSources.folder.path) {
      #expect(declared.contains("#embed \"Page/\(name)\""), "\(name) is not embedded")
    }
  }

  @Test(arguments: [0, 1, 3, 55, 56, 63, 64, 65, 119, 120, 1000])
  func digestsAgreeWithAnotherImplementation(count: Int) throws {
    let text = String(repeating: "a", count: count)
    #expect(DocsPageHash.source(of: Array(text.utf8)) == "sha256-" + (try sha256(text)))
  }
}

enum PageSources {
  static let root = URL(filePath: #filePath).resolvingSymlinksInPath()
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
  static let folder = root.appending(path: "Sources/CGatewayDocsPage/Page")
}
