import Foundation
import GatewayPlugin
import Glibc
import Testing

@testable import GatewayTesting

/// Answers with files: whole, in ranges, not modified, and not at all.
@Suite(.timeLimit(.minutes(5)))
struct FileTests {
  private func withFiles(
    _ folder: Folder, log: TestLog = TestLog(), journal: Journal = Journal(),
    _ body: (TestClient) async throws -> Void
  ) async throws {
    let configuration = """
      dependencies: { unit: { provider: p.unit } }
      routes:
        - { match: "GET /{name}", handler: p.file }
        - { match: "GET /blocking/{name}", handler: p.blocking }
        - { match: "GET /saved/{name}", handler: p.saved }
        - { match: "GET /status/{name}", handler: p.status }
        - { match: "GET /unit/{name}", handler: p.unit, needs: { unit: unit } }
      """
    let path = folder.path
    try await withGateway(configuration, log: log) { plugin in
      let unit = Dependency<String>("unit")
      plugin.inlineProvider("unit", scope: .handler) { _ in "unit" } teardown: { _, outcome in journal.note("\(outcome)") }
      plugin.handler("file") { .file(path: "\(path)/\($0.text("name") ?? "")", headers: ["x-a": "b"]) }
      plugin.blockingHandler("blocking") { .file(path: "\(path)/\($0.text("name") ?? "")", contentType: "text/csv") }
      plugin.inlineHandler("saved") { .file(path: "\(path)/\($0.text("name") ?? "")", downloadName: "a\"ü.txt") }
      plugin.handler("status") { .file(path: "\(path)/\($0.text("name") ?? "")", status: 404) }
      plugin.handler("unit", needs: unit) { request, _ in .file(path: "\(path)/\(request.text("name") ?? "")") }
    } body: { try await body($0) }
  }

  private static let text = Array("0123456789abcdef".utf8)

  // MARK: whole

  @Test func aFileIsSentWhole() async throws {
    let folder = try Folder()
    try folder.write("a.txt", Self.text)
    try await withFiles(folder) { client async throws in
      let answer = try await client.get("/a.txt")
      #expect(answer.status == 200)
      #expect(answer.body == Self.text)
      #expect(answer.header("content-type")?.hasPrefix("text/plain") == true)
      #expect(answer.header("content-length") == "16")
      #expect(answer.headers.count { $0.name.lowercased() == "content-length" } == 1)
      #expect(answer.header("accept-ranges") == "bytes")
      #expect(answer.header("etag")?.hasPrefix("\"") == true)
      #expect(answer.header("last-modified")?.hasSuffix("GMT") == true)
      #expect(answer.header("x-a") == "b")
      #expect(try await client.get("/blocking/a.txt").header("content-type") == "text/csv")
      expect(
        try await client.get("/saved/a.txt").header("content-disposition") ?? "",
        "attachment; filename*=utf-8''a%22%C3%BC.txt")
    }
  }

  @Test func headIsTheHeadAlone() async throws {
    let folder = try Folder()
    try folder.write("a.txt", Self.text)
    try await withFiles(folder) { client async throws in
      let answer = try await client.ask("HEAD /a.txt")
      #expect(answer.status == 200)
      #expect(answer.header("content-length") == "16")
      #expect(answer.header("etag") != nil)
      #expect(answer.body.isEmpty)
      expect(try await client.get("/a.txt").text, "0123456789abcdef")
    }
  }

  @Test func anEmptyFileIsAnAnswer() async throws {
    let folder = try Folder()
    try folder.write("empty", [])
    try await withFiles(folder) { client async throws in
      let answer = try await client.get("/empty")
      #expect(answer.status == 200)
      #expect(answer.header("content-length") == "0")
      #expect(try await client.ask("GET /empty", ["range: bytes=0-0"]).status == 416)
    }
  }

  @Test func aLargeFileIsSentAsFastAsItIsTaken() async throws {
    let folder = try Folder()
    let size = 20 << 20
    let content = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
    try folder.write("large", content)
    try await withFiles(folder) { client async throws in
      let stream = ManualStream(client)
      try await stream.on { $0.takesBytes = 1 << 20 }
      try await stream.start("GET /large")
      await stream.journal.wait(for: "part", count: 8)
      // The client takes no more: nothing more is read, however often the loop turns.
      for _ in 0..<20 { #expect(try await client.ask("HEAD /large").status == 200) }
      #expect(try await stream.on { $0.takenBytes } <= (1 << 20) + (256 << 10))
      try await stream.takeMore()
      try await stream.waitForEnd()
      let sent = try await stream.on { stream in stream.parts.flatMap { Array($0.readableBytesView) } }
      #expect(sent == content)
      #expect(try await stream.on { $0.parts.map(\.readableBytes).max() ?? 0 } <= 256 << 10)
      #expect(try await stream.active() == 0)
    }
  }

  @Test func aClientThatLeavesInTheMiddleEndsIt() async throws {
    let folder = try Folder()
    try folder.write("large", [UInt8](repeating: 7, count: 4 << 20))
    let journal = Journal()
    try await withFiles(folder, journal: journal) { client async throws in
      let stream = ManualStream(client)
      try await stream.on { $0.takesBytes = 1 << 20 }
      try await stream.start("GET /unit/large")
      await stream.journal.wait(for: "part", count: 8)
      try await stream.leave()
      #expect(try await client.ask("HEAD /large").status == 200)
      while try await stream.active() > 0 { _ = try await client.ask("HEAD /large") }
      #expect(open(in: folder) == 0)
    }
    // Its commit was before the first byte.
    #expect(journal.entries == ["succeeded"])
  }

  /// Descriptors of this process that are open below the folder.
  private func open(in folder: Folder) -> Int {
    ((try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []).count {
      (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\($0)"))?.hasPrefix(folder.path) == true
    }
  }

  // MARK: ranges

  @Test(arguments: [
    ("bytes=0-3", "0123", "bytes 0-3/16"), ("bytes=10-", "abcdef", "bytes 10-15/16"),
    ("bytes=-2", "ef", "bytes 14-15/16"), ("bytes=15-99", "f", "bytes 15-15/16"), ("bytes=-99", "0123456789abcdef", "bytes 0-15/16"),
  ])
  func aRangeIs206(range: String, text: String, content: String) async throws {
    let folder = try Folder()
    try folder.write("a.txt", Self.text)
    try await withFiles(folder) { client async throws in
      let answer = try await client.ask("GET /a.txt", ["range: \(range)"])
      #expect(answer.status == 206)
      expect(answer.text, text)
      #expect(answer.header("content-range") == content)
      #expect(answer.header("content-length") == "\(text.utf8.count)")
    }
  }

  @Test func severalRangesAreParts() async throws {
    let folder = try Folder()
    // Large enough that parts cost less than the whole.
    try folder.write("a.txt", Self.text + [UInt8](repeating: 0x2E, count: 5000) + Self.text)
    try await withFiles(folder) { client async throws in
      let answer = try await client.ask("GET /a.txt", ["range: bytes=0-1, 5030-5031"])
      #expect(answer.status == 206)
      let type = answer.header("content-type") ?? ""
      #expect(type.hasPrefix("multipart/byteranges; boundary="))
      let boundary = try #require(type.split(separator: "=").last)
      #expect(answer.header("content-length") == "\(answer.body.count)")
      let parts = answer.text.components(separatedBy: "--\(boundary)")
      #expect(parts.count == 4)
      #expect(parts.dropFirst().first?.hasSuffix("\r\n\r\n01\r\n") == true)
      #expect(answer.text.lowercased().contains("content-range: bytes 5030-5031/5032"))
      #expect(parts.last == "--\r\n" || parts.last == "--")
    }
  }

  @Test(arguments: ["bytes=16-", "bytes=99-100", "bytes=-0"])
  func aRangeBehindTheEndIs416(range: String) async throws {
    let folder = try Folder()
    try folder.write("a.txt", Self.text)
    let journal = Journal()
    try await withFiles(folder, journal: journal) { client async throws in
      let answer = try await client.ask("GET /unit/a.txt", ["range: \(range)"])
      #expect(answer.status == 416)
      #expect(answer.header("content-range") == "bytes */16")
      #expect(try answer.json()["detail"] != nil)
    }
    #expect(journal.entries.count == 1)
  }

  @Test(arguments: ["bytes", "lines=0-1", "bytes=a-b", "bytes=3-1"])
  func whatIsNoRangeIsIgnored(range: String) async throws {
    let folder = try Folder()
    try folder.write("a.txt", Self.text)
    try await withFiles(folder) { client async throws in
      let answer = try await client.ask("GET /a.txt", ["range: \(range)"])
      #expect(answer.status == 200)
      #expect(answer.body == Self.text)
    }
  }

  // MARK: conditions

  @Test func aClientThatHasTheFileIsTold() async throws {
    let folder = try Folder()
    try folder.write("a.txt", Self.text)
    try await withFiles(folder) { client async throws in
      let first = try await client.get("/a.txt")
      let tag = try #require(first.header("etag"))
      let date = try #require(first.header("last-modified"))
      for field in ["if-none-match: \(tag)", "if-none-match: W/\(tag), \"other\"", "if-none-match: *", "if-modified-since: \(date)"] {
        let answer = try await client.ask("GET /a.txt", [field])
        #expect(answer.status == 304, "\(field)")
        #expect(answer.body.isEmpty)
        #expect(answer.header("etag") == tag)
        #expect(answer.header("content-length") == nil)
      }
      #expect(try await client.ask("GET /a.txt", ["if-none-match: \"other\""]).status == 200)
      try folder.write("a.txt", Array("changed".utf8), age: 4000)
      #expect(try await client.ask("GET /a.txt", ["if-none-match: \(tag)"]).text == "changed")
      #expect(try await client.ask("GET /a.txt", ["if-modified-since: \(date)"]).text == "changed")
    }
  }

  @Test func aConditionThatFailsIs412() async throws {
    let folder = try Folder()
    try folder.write("a.txt", Self.text)
    try await withFiles(folder) { client async throws in
      let tag = try #require(try await client.get("/a.txt").header("etag"))
      #expect(try await client.ask("GET /a.txt", ["if-match: \"other\""]).status == 412)
      #expect(try await client.ask("GET /a.txt", ["if-match: \(tag)"]).status == 200)
      #expect(
        try await client.ask("GET /a.txt", ["if-unmodified-since: Thu, 01 Jan 1970 00:00:00 GMT"]).status == 412)
      // The range of another version would not fit.
      #expect(try await client.ask("GET /a.txt", ["range: bytes=0-1", "if-range: \"other\""]).status == 200)
      #expect(try await client.ask("GET /a.txt", ["range: bytes=0-1", "if-range: \(tag)"]).status == 206)
    }
  }

  @Test func anotherStatusKnowsNeitherConditionsNorRanges() async throws {
    let folder = try Folder()
    try folder.write("a.txt", Self.text)
    try await withFiles(folder) { client async throws in
      let answer = try await client.ask("GET /status/a.txt", ["range: bytes=0-1", "if-none-match: *"])
      #expect(answer.status == 404)
      #expect(answer.body == Self.text)
    }
  }

  // MARK: what goes wrong

  @Test(arguments: ["missing.txt", "directory", "pipe"])
  func whatCannotBeServedIs500AndTheLogSaysWhy(name: String) async throws {
    let folder = try Folder()
    try FileManager.default.createDirectory(atPath: "\(folder.path)/directory", withIntermediateDirectories: false)
    #expect(mkfifo("\(folder.path)/pipe", 0o600) == 0)
    let log = TestLog()
    let journal = Journal()
    try await withFiles(folder, log: log, journal: journal) { client async throws in
      let answer = try await client.get("/unit/\(name)")
      #expect(answer.status == 500)
      expect(answer.text, #"{"detail":"Internal Server Error"}"#)
      #expect(try await client.get("/\(name)").status == 500)
    }
    #expect(journal.entries == ["failed"])
    let lines = log.lines("plugin failed")
    #expect(lines.count == 2)
    #expect(lines.first?.facts["error"]?.contains("\(folder.path)/\(name)") == true)
  }

  /// Fills the pool of a test gateway, four that run and 256 that wait, for as long as `body` runs.
  private func withFullPool(
    _ client: TestClient, _ journal: Journal, _ gate: DispatchSemaphore, _ body: () async throws -> Void
  ) async throws {
    let holding = (0..<260).map { _ in ManualStream(client) }
    for stream in holding { try await stream.start("GET /hold") }
    await journal.wait(for: "held", count: 4)
    let outcome: Result<Void, any Error>
    do { outcome = .success(try await body()) } catch { outcome = .failure(error) }
    for _ in holding { gate.signal() }
    for stream in holding { try await stream.waitForEnd() }
    try outcome.get()
  }

  private func withHeldPool(
    _ folder: Folder, log: TestLog, _ body: (TestClient, Journal, DispatchSemaphore) async throws -> Void
  ) async throws {
    let configuration = """
      dependencies: { unit: { provider: p.unit } }
      routes:
        - { match: GET /hold, handler: p.hold }
        - { match: "GET /{name}", handler: p.file, needs: { unit: unit } }
      """
    let (path, journal, gate) = (folder.path, Journal(), DispatchSemaphore(value: 0))
    try await withGateway(configuration, log: log) { plugin in
      plugin.blockingHandler("hold") { _ in
        journal.note("held")
        gate.wait()
        return .noContent
      }
      plugin.inlineProvider("unit") { _ in "unit" } teardown: { _, outcome in journal.note("unit \(outcome)") }
      plugin.handler("file", needs: Dependency<String>("unit")) { request, _ in
        .file(path: "\(path)/\(request.text("name") ?? "")")
      }
    } body: { try await body($0, journal, gate) }
  }

  @Test func aFullPoolAnswersAFileWith503() async throws {
    let folder = try Folder()
    try folder.write("a.txt", Self.text)
    let log = TestLog()
    try await withHeldPool(folder, log: log) { client, journal, gate async throws in
      try await withFullPool(client, journal, gate) {
        let refused = try await client.get("/a.txt")
        #expect(refused.status == 503)
        #expect(refused.header("retry-after") == "1")
        #expect(refused.header("etag") == nil)
        await journal.wait(for: "unit failed")
      }
      #expect(try await client.get("/a.txt").text == "0123456789abcdef")
    }
    #expect(log.lines("plugin failed").count == 1)
  }

  @Test func aFileThatIsBeingSentIsFinishedWhenThePoolIsFull() async throws {
    let folder = try Folder()
    try folder.write("large", [UInt8](repeating: 7, count: 4 << 20))
    try await withHeldPool(folder, log: TestLog()) { client, journal, gate async throws in
      let stream = ManualStream(client)
      try await stream.on { $0.takesBytes = 1 }
      try await stream.start("GET /large")
      await stream.journal.wait(for: "part")
      try await withFullPool(client, journal, gate) { try await stream.takeMore() }
      try await stream.waitForEnd()
      #expect(try await stream.on { $0.takenBytes } == 4 << 20)
      #expect(try await stream.on { !$0.events.contains("abort") })
    }
  }

  @Test func aFileThatIsCutWhileItIsSentBreaksTheAnswerOff() async throws {
    let folder = try Folder()
    try folder.write("large", [UInt8](repeating: 7, count: 4 << 20))
    try await withFiles(folder) { client async throws in
      let stream = ManualStream(client)
      try await stream.on { $0.takesBytes = 1 << 20 }
      try await stream.start("GET /large")
      await stream.journal.wait(for: "part", count: 8)
      #expect(truncate("\(folder.path)/large", 1000) == 0)
      try await stream.takeMore()
      try await stream.waitForEnd()
      #expect(try await stream.on { $0.events.last } == "abort")
      #expect(try await stream.active() == 0)
      #expect(open(in: folder) == 0)
      #expect(try await client.get("/large").body.count == 1000)
    }
  }
}
