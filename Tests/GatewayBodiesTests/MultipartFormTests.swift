import Foundation
import GatewayHTTP
import NIOCore
import Testing

@testable import GatewayBodies

@Suite struct MultipartFormTests {
  private let spool = SpoolDirectory(path: FileManager.default.temporaryDirectory.path)

  private func file(_ name: String, _ bytes: [UInt8]) -> [UInt8] {
    Array("--b\r\nContent-Disposition: form-data; name=\(name); filename=\(name)\r\n\r\n".utf8) + bytes
      + Array("\r\n".utf8)
  }

  private func field(_ name: String, _ value: [UInt8], type: String = "") -> [UInt8] {
    Array("--b\r\nContent-Disposition: form-data; name=\(name)\r\n\(type)\r\n".utf8) + value + Array("\r\n".utf8)
  }

  private let last = Array("--b--\r\n".utf8)

  private func read(_ body: [UInt8], piece: Int, memory: Int) throws -> MultipartForm {
    var form = MultipartForm(MultipartParser(boundary: Array("b".utf8)), spool: spool, memory: memory)
    for start in stride(from: 0, to: body.count, by: piece) {
      try form.feed(ByteBuffer(bytes: body[start..<min(start + piece, body.count)]))
      while let write = form.nextWrite() {
        #expect(form.nextWrite() == nil, "one write at a time")
        form.wrote(try write.perform())
      }
      let held = form.files.reduce(0) { $0 + ($1.content.inMemory?.readableBytes ?? 0) }
      #expect(held <= memory, "files hold no more than is allowed")
    }
    try form.finish()
    return form
  }

  private func bytes(_ file: MultipartForm.File) throws -> [UInt8] {
    if let memory = file.content.inMemory { return Array(memory.readableBytesView) }
    let spooled = try #require(file.content.file)
    return try Array(spooled.read(at: 0, count: file.content.size + 1).readableBytesView)
  }

  @Test(arguments: [1, 100, 5000, 1_000_000])
  func `fields and files come out whole, whatever goes to the spool`(piece: Int) throws {
    let contents = [0, 10, 300, 90_000, 1, 600, 500].map { count in
      (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    }
    var body = field("first", Array("ä".utf8))
    for (index, content) in contents.enumerated() { body += file("f\(index)", content) }
    body += field("last", []) + last
    let form = try read(body, piece: piece, memory: 1000)
    #expect(
      form.fields == [.init(name: "first", value: ByteBuffer(string: "ä")), .init(name: "last", value: ByteBuffer())])
    #expect(form.files.map(\.part.name) == contents.indices.map { "f\($0)" })
    for (file, content) in zip(form.files, contents) {
      #expect(try bytes(file) == content)
      #expect(file.content.size == content.count)
    }
    #expect(form.files.map { $0.content.file != nil } == [false, false, false, true, false, false, true])
    #expect(spool.openFiles == 2)
  }

  @Test func `spooled files are gone with the form`() throws {
    do {
      let form = try read(file("f", [UInt8](repeating: 1, count: 5000)) + last, piece: 100, memory: 10)
      #expect(form.files.count == 1 && spool.openFiles == 1)
    }
    #expect(spool.openFiles == 0 && spool.usedBytes == 0)
  }

  @Test func `they are gone too where the client goes away in the middle`() throws {
    do {
      var form = MultipartForm(MultipartParser(boundary: Array("b".utf8)), spool: spool, memory: 10)
      try form.feed(ByteBuffer(bytes: file("f", [UInt8](repeating: 1, count: 5000)).dropLast(10)))
      let next = form.nextWrite()
      let write = try #require(next)
      form.wrote(try write.perform())
      #expect(spool.openFiles == 1)
      #expect(throws: HTTPError.self) { try form.finish() }
    }
    #expect(spool.openFiles == 0 && spool.usedBytes == 0)
  }

  @Test func `fields are brought to UTF-8 by their own charset, or refused`() throws {
    let latin = field("a", [0xE4], type: "Content-Type: text/plain; charset=iso-8859-1\r\n")
    #expect(try read(latin + last, piece: 1, memory: 0).fields.first?.value == ByteBuffer(string: "ä"))
    #expect(caught { _ = try read(field("a", [0xE4]) + last, piece: 100, memory: 0) }?.status == 400)
    let utf16 = field("a", [0xE4], type: "Content-Type: text/plain; charset=utf-16\r\n")
    #expect(caught { _ = try read(utf16 + last, piece: 100, memory: 0) }?.status == 415)
  }

  @Test func `fields and heads have a common limit, because they stay in memory`() throws {
    let mega = [UInt8](repeating: 0x78, count: 1 << 20)
    let four = field("a", mega) + field("b", mega) + field("c", mega) + field("d", mega)
    #expect(
      caught { _ = try read(four + last, piece: 1 << 16, memory: 0) }
        == HTTPError(413, detail: "The fields of the form exceeded a total size of 4096KB."))
    let padding =
      Array("--b\r\nContent-Disposition: form-data; name=x; filename=f\r\nA: ".utf8)
      + [UInt8](repeating: 0x78, count: 8000) + Array("\r\n\r\n\r\n".utf8)
    let heads = (0..<600).flatMap { _ in padding }
    #expect(caught { _ = try read(heads + last, piece: 1 << 16, memory: 0) }?.status == 413)
  }
}
