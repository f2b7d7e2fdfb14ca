import NIOCore
import Testing

@testable import GatewayIsolation

/// What the fuzz target does with its seeds, here with bytes that are changed by chance.
@Suite struct AnyBytesTests {
  private static func frames() -> [[UInt8]] {
    func frame(_ kind: WorkerFrame, flag: UInt8 = 0, _ body: (inout ByteBuffer) -> Void) -> [UInt8] {
      var buffer = ByteBuffer()
      buffer.writeFrame(kind.rawValue, flag: flag, number: 1, body)
      return Array(buffer.readableBytesView)
    }
    func fields(_ buffer: inout ByteBuffer) {
      buffer.put(UInt32(1))
      buffer.put(text: "content-type")
      buffer.put(text: "application/json")
    }
    func failure(_ buffer: inout ByteBuffer) {
      buffer.put(FailureMessage.Kind.status.rawValue)
      buffer.put(UInt16(404))
      for text in [#""gone""#, "HTTPError", "why"] { buffer.put(text: text) }
      buffer.put(true)
      fields(&buffer)
    }
    return [
      frame(.responded) { buffer in
        buffer.put(UInt16(200))
        buffer.put(true)
        fields(&buffer)
        buffer.put(body: UnsafeRawBufferPointer(start: nil, count: 0), at: nil)
        failure(&buffer)
      },
      frame(.failed) { failure(&$0) },
      frame(.proceeded, flag: 3) { buffer in
        buffer.put(UInt16(0))
        buffer.put(true)
        buffer.put(UInt32(1))
        buffer.put(text: "x-gone")
        fields(&buffer)
        buffer.put(text: "another body")
      },
      frame(.refused) { buffer in
        buffer.put(UInt32(1))
        for text in ["notFound", "error", "file", "nothing", "a file", "correct the path"] { buffer.put(text: text) }
      },
      frame(.finished) { _ in },
    ]
  }

  @Test func whatWasWrittenIsReadWhole() {
    let stream = Self.frames().flatMap { $0 }
    #expect(FrameCheck.read(stream) == .init(taken: 5))
    for pieces in 2..<40 { #expect(FrameCheck.read(stream, pieces: pieces) == .init(taken: 5), "\(pieces)") }
  }

  @Test func everyTruncationIsRefusedOrWaitsForMore() {
    for frame in Self.frames() {
      for count in frame.indices { #expect(FrameCheck.read(Array(frame[..<count])) == .init(), "\(count)") }
    }
  }

  @Test func bytesChangedByChanceAreReadTheSameWayHoweverTheyAreCut() {
    let stream = Self.frames().flatMap { $0 }
    var random: UInt64 = 7
    func next(_ limit: Int) -> Int {
      random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(random >> 33) % limit
    }
    var refused = 0
    for _ in 0..<20_000 {
      var bytes = stream
      for _ in 0...next(4) { bytes[next(bytes.count)] = UInt8(truncatingIfNeeded: next(256)) }
      let whole = FrameCheck.read(bytes)
      refused += whole.refused
      #expect(FrameCheck.read(bytes, pieces: 1 + next(50)) == whole)
    }
    #expect(refused > 1000)
  }
}
