import Foundation
import GatewayPlugin
import GatewayTesting
import Testing

@testable import GatewayTesting

/// Forms: their fields and files as a handler gets them, their limits, and what is left of them on disk: nothing.
@Suite(.timeLimit(.minutes(5)))
struct FormTests {
  /// A directory of this test's own for what is too large for memory.
  private final class Spool {
    let path: String

    init() throws {
      path = FileManager.default.temporaryDirectory.appendingPathComponent("form-tests-\(UUID().uuidString)").path
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Names in it, and descriptors of this process that are open below it: spooled files have no name.
    var left: Int {
      let names = (try? FileManager.default.contentsOfDirectory(atPath: path).count) ?? -1
      let descriptors = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
      let open = descriptors.filter {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\($0)"))?.hasPrefix(path) == true
      }
      return names + open.count
    }
  }

  private func withUploads(
    _ spool: Spool, body: String? = nil, server: String = "", _ run: (TestClient) async throws -> Void
  ) async throws {
    let configuration = """
      server: { temporary_directory: "\(spool.path)"\(server) }
      routes:
        - { match: POST /upload, \(body.map { "body: \($0), " } ?? "")handler: p.upload }
        - { match: POST /fields, handler: p.fields }
      """
    try await withGateway(configuration) { $0 = Uploads.plugin() } body: { try await run($0) }
  }

  // MARK: urlencoded

  @Test func fieldsOfAURLEncodedFormAreReadAsTheyAreDeclared() async throws {
    let type = "application/x-www-form-urlencoded"
    try await withUploads(try Spool()) { client async throws in
      expect(
        try await client.post("/fields", type, "title=a+%C3%BC%26&stars=5&tags=x&tags=y&other=1").text,
        #"["a ü&","5","x","y"]"#)
      expect(try await client.post("/fields", type, "title=a&title=b").text, #"["b","3"]"#)
      expect(try await client.post("/fields", type, "title=a&stars=").text, #"["a","3"]"#)
      expect(try await client.post("/fields", type, "stars=9").summary, "missing@body.title less_than_equal@body.stars")
      expect(try await client.post("/fields", type, "title=").summary, "missing@body.title")
      expect(try await client.post("/fields", type, "").summary, "missing@body.title")
      #expect(try await client.post("/fields", type, "title=%FF").status == 400)
      #expect(try await client.post("/fields", "application/json", "{}").status == 415)
    }
  }

  @Test func theSameFieldsMayComeAsMultipart() async throws {
    try await withUploads(try Spool()) { client async throws in
      var form = FormText()
      form.field("title", "aü")
      form.field("tags", "x")
      form.field("tags", "")
      expect(try await client.post("/fields", FormText.type, form.whole).text, #"["aü","3","x",""]"#)
      expect(try await client.post("/fields", FormText.type, FormText().whole).summary, "missing@body.title")
    }
  }

  // MARK: files

  private static func form(_ content: [UInt8], others: Int = 0) -> FormText {
    var form = FormText()
    form.field("title", "t")
    form.file("photo", "a \u{FC}.png", content, type: "image/png")
    for index in 0..<others { form.file("others", "\(index).txt", [UInt8(index)]) }
    return form
  }

  @Test func aSmallFileStaysInMemory() async throws {
    let spool = try Spool()
    try await withUploads(spool) { client async throws in
      let answer = try await client.post("/upload", FormText.type, Self.form([1, 2, 3], others: 2).whole)
      #expect(answer.text == #"["t","3","a ü.png","image/png","3","6","memory","0.txt","1.txt"]"#)
    }
  }

  @Test func aLargeFileGoesToTheTemporaryDirectoryAndIsRemovedAfterwards() async throws {
    let spool = try Spool()
    try await withUploads(spool, body: "{ form: { memory: 1KiB } }") { client async throws in
      let content = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
      let sum = content.reduce(0) { $0 + Int($1) }
      for _ in 0..<3 {
        let answer = try await client.post("/upload", FormText.type, Self.form(content).whole)
        #expect(answer.text == #"["t","3","a ü.png","image/png","200000","\#(sum)","disk"]"#)
      }
      // The exchange is over before the next one begins.
      _ = try await client.post("/fields", FormText.type, FormText().whole)
      #expect(spool.left == 0)
    }
    #expect(spool.left == 0)
  }

  @Test func aFileThatNobodyChoseIsMissing() async throws {
    try await withUploads(try Spool()) { client async throws in
      var form = FormText()
      form.field("title", "t")
      form.file("photo", "", [])
      expect(try await client.post("/upload", FormText.type, form.whole).summary, "missing@body.photo")
      form.file("photo", "b.txt", [])
      #expect(try await client.post("/upload", FormText.type, form.whole).text.contains(#""b.txt","text/plain","0""#))
    }
  }

  @Test func filesNeedMultipart() async throws {
    try await withUploads(try Spool()) { client async throws in
      let answer = try await client.post("/upload", "application/x-www-form-urlencoded", "title=t&photo=x")
      #expect(answer.status == 415)
      #expect(answer.header("accept") == "multipart/form-data")
      // A text where a file is wanted is none.
      var form = FormText()
      form.field("title", "t")
      form.field("photo", "x")
      #expect(try await client.post("/upload", FormText.type, form.whole).status == 422)
    }
  }

  // MARK: limits

  /// Counts and fields as in FastAPI, sizes of files as everywhere in HTTP.
  @Test(arguments: [("max_fields: 0", 400), ("max_files: 2", 400), ("max_field_size: 0B", 400), ("max_file_size: 50B", 413)])
  func whatIsOverALimitIsRefused(limit: String, status: Int) async throws {
    let spool = try Spool()
    try await withUploads(spool, body: "{ form: { memory: 10B, \(limit) } }") { client async throws in
      let form = Self.form([UInt8](repeating: 7, count: 51), others: 2)
      let answer = try await client.post("/upload", FormText.type, form.whole)
      #expect(answer.status == status)
      #expect(answer.text.contains("aximum"), "the limit is told: \(answer.text)")
      _ = try await client.post("/fields", FormText.type, FormText().whole)
      #expect(spool.left == 0)
    }
  }

  @Test func aFormOverTheBodysLimitIs413() async throws {
    try await withUploads(try Spool(), body: "{ max_size: 500B }") { client async throws in
      #expect(try await client.post("/upload", FormText.type, Self.form([1]).whole).status == 200)
      #expect(
        try await client.post("/upload", FormText.type, Self.form([UInt8](repeating: 1, count: 500)).whole).status == 413)
    }
  }

  @Test func aFormThatIsCutOffOrMalformedIs400() async throws {
    let spool = try Spool()
    try await withUploads(spool, body: "{ form: { memory: 10B } }") { client async throws in
      let whole = Self.form([UInt8](repeating: 7, count: 5000)).whole
      for cut in [1, 3, 40, 3000, whole.count - 5] {
        let answer = try await client.post("/upload", FormText.type, Array(whole.dropLast(cut)))
        #expect(answer.status == 400 || cut <= 3 && answer.status == 200, "\(cut)")
      }
      #expect(try await client.post("/upload", "multipart/form-data", whole).status == 400)
      #expect(try await client.post("/upload", FormText.type, "no form").status == 400)
      _ = try await client.post("/fields", FormText.type, FormText().whole)
      #expect(spool.left == 0)
    }
  }

  @Test func aDirectoryThatIsNotThereIsNoClientsFault() async throws {
    let spool = try Spool()
    try await withUploads(spool, body: "{ form: { memory: 10B } }") { client async throws in
      try FileManager.default.removeItem(atPath: spool.path)
      let answer = try await client.post("/upload", FormText.type, Self.form([UInt8](repeating: 7, count: 5000)).whole)
      #expect(answer.status == 500)
      #expect(answer.text == #"{"detail":"Internal Server Error"}"#)
      #expect(try await client.post("/upload", FormText.type, Self.form([1]).whole).status == 200)
    }
  }

  // MARK: a form that arrives slowly

  private static func begin(_ stream: ManualStream, _ form: [UInt8]) async throws {
    try await stream.start("POST /upload", headers: ["content-type: \(FormText.type)", "content-length: 1000000"])
    try await stream.feed(form)
  }

  @Test func aClientThatLeavesInTheMiddleLeavesNothing() async throws {
    let spool = try Spool()
    try await withUploads(spool, body: "{ form: { memory: 10B } }", server: ", limits: { body: 2MiB }") {
      client async throws in
      for round in 0..<8 {
        let stream = ManualStream(client)
        try await Self.begin(stream, Self.form([UInt8](repeating: 7, count: 30_000)).bytes)
        // Once after the disk has it, once while it still writes.
        if round % 2 == 0 {
          await stream.journal.wait(for: "resume")
          #expect(spool.left == 1)
        }
        try await stream.leave()
      }
      // Behind whatever the threads have still to say to the loop.
      let whole = try await client.post("/upload", FormText.type, Self.form([UInt8](repeating: 7, count: 30_000)).whole)
      #expect(whole.status == 200)
      _ = try await client.post("/fields", FormText.type, FormText().whole)
      #expect(try await client.active() == 0)
      #expect(spool.left == 0)
    }
  }

  @Test func nothingMoreIsReadWhileTheDiskWrites() async throws {
    let spool = try Spool()
    try await withUploads(spool, body: "{ form: { memory: 10B } }", server: ", limits: { body: 2MiB }") {
      client async throws in
      let stream = ManualStream(client)
      let whole = Self.form([UInt8](repeating: 7, count: 30_000)).whole
      try await Self.begin(stream, Array(whole.prefix(20_000)))
      #expect(stream.journal.entries.first == "pause")
      await stream.journal.wait(for: "resume")
      try await stream.feed(Array(whole.dropFirst(20_000)))
      try await stream.finishBody()
      try await stream.waitForAnswer()
      #expect(try await stream.on { $0.body }.contains(#""30000","210000","disk""#))
      #expect(try await stream.active() == 0)
      #expect(spool.left == 0)
    }
  }

  @Test func aFormThatStopsArrivingIs408() async throws {
    let spool = try Spool()
    try await withUploads(spool, body: "{ form: { memory: 10B } }", server: ", limits: { body: 2MiB }") {
      client async throws in
      let stream = ManualStream(client)
      try await Self.begin(stream, Self.form([UInt8](repeating: 7, count: 30_000)).bytes)
      await stream.journal.wait(for: "resume")
      try await stream.tick()
      #expect(try await stream.on { $0.events.contains("408") && $0.events.contains("closes") })
      #expect(try await stream.active() == 0)
      #expect(spool.left == 0)
    }
  }
}

@Plugin("p", entry: false) struct Uploads {
  @Handler func upload(
    @Form title: String, @Form(.range(1...5)) stars: Int = 3, @File photo: UploadedFile, @File others: [UploadedFile]?
  ) throws -> [String] {
    let sum = try photo.bytes().reduce(0) { $0 + Int($1) }
    return [title, "\(stars)", photo.filename, photo.contentType, "\(photo.size)", "\(sum)", photo.path == nil ? "memory" : "disk"]
      + (others ?? []).map(\.filename)
  }

  @Handler func fields(
    @Form title: String, @Form(.range(1...5)) stars: Int = 3, @Form tags: [String] = []
  ) async -> [String] { [title, "\(stars)"] + tags }
}
