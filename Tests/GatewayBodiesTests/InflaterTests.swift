import CZlib
import GatewayHTTP
import NIOCore
import Testing

@testable import GatewayBodies

/// Compressed by zlib itself. `bits` as in deflateInit2: 31 gzip, 15 zlib, -15 bare.
private func compressed(_ bytes: [UInt8], bits: Int32 = 31) -> [UInt8] {
  var stream = z_stream()
  var source = bytes
  var target = [UInt8](repeating: 0, count: bytes.count + bytes.count / 1000 + 128)
  deflateInit2_(&stream, 9, Z_DEFLATED, bits, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
  defer { deflateEnd(&stream) }
  let count = source.withUnsafeMutableBufferPointer { source in
    target.withUnsafeMutableBufferPointer { target in
      stream.next_in = source.baseAddress
      stream.avail_in = UInt32(source.count)
      stream.next_out = target.baseAddress
      stream.avail_out = UInt32(target.count)
      #expect(deflate(&stream, Z_FINISH) == Z_STREAM_END)
      return target.count - Int(stream.avail_out)
    }
  }
  return Array(target[..<count])
}

private func inflated(
  _ pieces: [some Collection<UInt8>], _ coding: ContentCoding = .gzip, limits: InflateLimits = InflateLimits()
) throws -> [UInt8] {
  var inflater = try Inflater(coding, limits: limits)
  var result: [UInt8] = []
  for piece in pieces {
    var input = ByteBuffer(bytes: piece)
    while let output = try inflater.next(&input) {
      #expect(output.readableBytes > 0 && output.readableBytes <= Inflater.pieceSize)
      result += output.readableBytesView
    }
    #expect(input.readableBytes == 0)
  }
  try inflater.finish()
  return result
}

private let text = Array((0..<400).map { "line \($0 &* 7919 % 1000)\n" }.joined().utf8)

@Suite struct InflaterTests {
  @Test func `gzip and deflate are read, however they are cut`() throws {
    for (bits, coding) in [(Int32(31), ContentCoding.gzip), (15, .deflate)] {
      let body = compressed(text, bits: bits)
      #expect(try inflated([body], coding) == text)
      for cut in 0...body.count { #expect(try inflated([body[..<cut], body[cut...]], coding) == text) }
      #expect(try inflated(body.map { [$0] }, coding) == text)
      #expect(try inflated([compressed([], bits: bits)], coding) == [])
    }
  }

  @Test func `what gzip(1) and zlib's stored, fixed and dynamic blocks hold comes out larger than one piece`() throws {
    var state: UInt32 = 1
    let noise = (0..<300_000).map { _ -> UInt8 in
      state = state &* 1_664_525 &+ 1_013_904_223
      return UInt8(truncatingIfNeeded: state >> 24)
    }
    #expect(try inflated([compressed(noise)]) == noise)
  }

  @Test func `gzip may have several members`() throws {
    let body = compressed(text) + compressed([]) + compressed(text)
    for cut in 0...body.count { #expect(try inflated([body[..<cut], body[cut...]]) == text + text) }
  }

  @Test func `a body that is cut off is refused, wherever`() {
    let body = compressed(text)
    for end in 0..<body.count { #expect(caught { _ = try inflated([body[..<end]]) }?.status == 400, "cut at \(end)") }
    let two = body + body
    for end in body.count + 1..<two.count { #expect(caught { _ = try inflated([two[..<end]]) }?.status == 400) }
  }

  private static let misfits: [(ContentCoding, [UInt8])] = [
    (.gzip, compressed(text) + [0]), (.gzip, compressed(text) + Array("garbage".utf8)), (.gzip, text),
    (.gzip, compressed(text, bits: 15)), (.deflate, compressed(text)), (.deflate, compressed(text, bits: -15)),
    (.deflate, compressed(text, bits: 15) + [0]), (.deflate, compressed(text, bits: 15) + compressed(text, bits: 15)),
  ]

  @Test(arguments: misfits)
  func `garbage after the end and the wrong form are refused`(coding: ContentCoding, body: [UInt8]) {
    #expect(caught { _ = try inflated([body], coding) }?.detail == "The compressed body is malformed.")
    #expect(caught { _ = try inflated(body.map { [$0] }, coding) }?.status == 400)
  }

  @Test func `a wrong checksum is refused`() {
    var body = compressed(text)
    body[body.count - 6] ^= 1
    #expect(caught { _ = try inflated([body]) }?.status == 400)
  }

  @Test func `no damaged byte gets through or traps`() {
    let body = compressed(text)
    for index in body.indices {
      var damaged = body
      damaged[index] ^= 0x55
      if let result = try? inflated([damaged]) { #expect(result == text, "byte \(index)") }
    }
  }

  @Test func `the size is limited to the byte`() throws {
    let body = compressed(text)
    #expect(try inflated([body], limits: InflateLimits(size: text.count)) == text)
    for limits in [InflateLimits(size: text.count - 1), InflateLimits(size: 0)] {
      #expect(caught { _ = try inflated([body], limits: limits) }?.status == 413)
    }
    #expect(try inflated([body], limits: InflateLimits(size: .max, ratio: .max)) == text)
  }

  @Test func `a bomb is stopped early by its ratio, in several members too`() throws {
    let zeros = [UInt8](repeating: 0, count: 8 << 20)
    let bomb = compressed(zeros)
    let limits = InflateLimits(size: .max)
    #expect(
      caught { _ = try inflated([bomb], limits: limits) }
        == HTTPError(413, detail: "The body is compressed by more than 200 to 1."))
    let small = compressed([UInt8](repeating: 0, count: 60 << 10))
    #expect(try inflated([small], limits: limits).count == 60 << 10)
    #expect(caught { _ = try inflated([small + small], limits: limits) }?.status == 413)
    #expect(try inflated([bomb], limits: InflateLimits(size: 8 << 20, ratio: 2000)).count == 8 << 20)
  }

  @Test func `a bomb's pieces stay small`() throws {
    let bomb = compressed([UInt8](repeating: 0, count: 4 << 20))
    var inflater = try Inflater(.gzip, limits: InflateLimits(size: .max, ratio: .max))
    var input = ByteBuffer(bytes: bomb)
    var total = 0
    while let piece = try inflater.next(&input) {
      #expect(piece.capacity <= 2 * Inflater.pieceSize)
      total += piece.readableBytes
    }
    try inflater.finish()
    #expect(total == 4 << 20)
  }
}

@Suite struct ContentCodingTests {
  private func parse(_ text: String) -> ContentCoding? { Array(text.utf8).withUnsafeBytes { ContentCoding.parse($0) } }

  @Test(arguments: [
    ("gzip", ContentCoding.gzip), ("GZIP", .gzip), ("x-gzip", .gzip), ("deflate", .deflate), ("identity", .identity),
    ("", .identity), (" gzip\t", .gzip), ("identity, gzip", .gzip), (",gzip,", .gzip),
  ])
  func `the codings that are read`(text: String, coding: ContentCoding) { #expect(parse(text) == coding) }

  @Test(arguments: ["br", "zstd", "gzip, gzip", "deflate, gzip", "gzip;q=1", "gz ip", "compress", "*"])
  func `every other, and more than one, is unsupported`(text: String) { #expect(parse(text) == nil) }

  @Test func `a request is told what it may send`() throws {
    func coding(_ lines: String) throws -> ContentCoding {
      var parser = RequestParser()
      var bytes = ByteBuffer(string: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\(lines)\r\n")
      guard case .head(let head) = try parser.next(&bytes) else { return .identity }
      return try ContentCoding.of(head)
    }
    #expect(try coding("") == .identity)
    #expect(try coding("Content-Encoding: gzip\r\n") == .gzip)
    for lines in ["Content-Encoding: br\r\n", "Content-Encoding: gzip\r\nContent-Encoding: gzip\r\n"] {
      let error = caught { _ = try coding(lines) }
      #expect(error?.status == 415)
      #expect(error?.fields.map { "\($0.name): \($0.value)" } == ["accept-encoding: gzip, deflate"])
    }
  }
}
