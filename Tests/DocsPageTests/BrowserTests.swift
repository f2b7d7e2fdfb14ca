import Foundation
import Testing

@testable import GatewayOpenAPI

/// The page in a headless Chromium, driven by `Browser/docs_page.py`: every line that it prints is one check.
@Suite struct BrowserTests {
  @Test(.enabled(if: Browser.isAvailable, "skipped: chromium or python3 is absent (apt-get install chromium python3)"))
  func thePageWorksInABrowser() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "docs-page-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    // The second server listens on a port that the test only knows when it runs.
    let page = DocsPage(
      title: "Bookshop", documentPath: "/openapi.json", servers: ["/api", "http://127.0.0.1:{port}/api"])
    try Data(page.body).write(to: folder.appending(path: "page.html"))
    let headers = [DocsPage.Header(name: "content-type", value: page.contentType)] + page.headers
    try Data(headers.map { "\($0.name): \($0.value)" }.joined(separator: "\n").utf8)
      .write(to: folder.appending(path: "headers.txt"))

    let lines = try Browser.check(folder)
    #expect(lines.count { $0.hasPrefix("ok ") } >= 30, "\(lines.joined(separator: "\n"))")
    for failure in lines.joined(separator: "\n").components(separatedBy: "\nok ").filter({ $0.contains("not ok ") }) {
      Issue.record("\(failure)")
    }
  }
}

enum Browser {
  static let isAvailable =
    hasProgram("python3") && ["chromium", "chromium-browser", "google-chrome"].contains(where: hasProgram)

  static func check(_ folder: URL) throws -> [String] {
    let python = Process()
    python.executableURL = URL(filePath: "/usr/bin/env")
    python.arguments =
      ["python3", PageSources.root.appending(path: "Tests/DocsPageTests/Browser/docs_page.py").path, folder.path]
      + (naughtyStrings.map { ["--naughty", $0] } ?? [])
    let output = Pipe()
    python.standardOutput = output
    try python.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    python.waitUntilExit()
    let lines = text.components(separatedBy: "\n").filter { !$0.isEmpty }
    // A browser that does not start prints nothing.
    guard python.terminationStatus == 0 || lines.contains(where: { $0.hasPrefix("not ok ") }) else {
      return lines + ["not ok docs_page.py ended with \(python.terminationStatus)"]
    }
    return lines
  }

  /// Official test data, kept outside the repository.
  private static var naughtyStrings: String? {
    let named = ProcessInfo.processInfo.environment["GATEWAY_CORPORA"].map { URL(filePath: $0) }
    let beside = PageSources.root.deletingLastPathComponent().appending(path: "shared/corpora")
    return [named, beside].compactMap { $0?.appending(path: "naughty-strings/blns.json").path }
      .first { FileManager.default.fileExists(atPath: $0) }
  }

  private static func hasProgram(_ name: String) -> Bool {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    return path.split(separator: ":").contains { FileManager.default.isExecutableFile(atPath: "\($0)/\(name)") }
  }
}
