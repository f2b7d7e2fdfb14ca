import CGatewayPlugin
import NIOCore
import Testing

@testable import GatewayIsolation

@Suite struct FrameTests {
  private struct Told: Error {}

  /// Frames that come out of those pieces.
  private func split(_ pieces: [ArraySlice<UInt8>]) throws -> [(Frame.Head, [UInt8])] {
    var splitter = FrameSplitter()
    var frames: [(Frame.Head, [UInt8])] = []
    for piece in pieces {
      try splitter.feed(ByteBuffer(bytes: piece)) { (head, payload) throws(Told) in
        frames.append((head, [UInt8](payload)))
        return true
      }
    }
    return frames
  }

  private var stream: [UInt8] {
    var buffer = ByteBuffer()
    buffer.writeFrame(2, flag: 3, number: 77) { $0.put(text: "hello") }
    buffer.writeFrame(9)
    buffer.writeFrame(4, number: .max) { $0.writeRepeatingByte(7, count: 5000) }
    return Array(buffer.readableBytesView)
  }

  @Test func framesComeOutWholeWhereverTheStreamIsCut() throws {
    let bytes = stream
    let whole = try split([bytes[...]])
    #expect(whole.map(\.0) == [
      Frame.Head(length: 9, kind: 2, flag: 3, number: 77), Frame.Head(length: 0, kind: 9),
      Frame.Head(length: 5000, kind: 4, number: .max),
    ])
    #expect(whole[0].1 == [5, 0, 0, 0] + Array("hello".utf8))
    for cut in stride(from: 0, through: bytes.count, by: 1) where cut < 80 || cut % 97 == 0 {
      let frames = try split([bytes[..<cut], bytes[cut...]])
      #expect(frames.map(\.0) == whole.map(\.0), "\(cut)")
      #expect(frames.map(\.1) == whole.map(\.1), "\(cut)")
    }
    let single = try split(bytes.indices.map { bytes[$0...$0] })
    #expect(single.map(\.1) == whole.map(\.1))
  }

  @Test func aFrameThatIsTooLongOrHasUnknownBitsIsRefusedByItsHead() {
    var long = ByteBuffer()
    long.writeMultipleIntegers(UInt32(Frame.limit + 1), UInt8(2), UInt8(0), UInt16(0), UInt64(0), endianness: .little)
    var odd = ByteBuffer()
    odd.writeMultipleIntegers(UInt32(0), UInt8(2), UInt8(0), UInt16(1), UInt64(0), endianness: .little)
    for buffer in [long, odd] {
      #expect(throws: (any Error).self) { try split([Array(buffer.readableBytesView)[...]]) }
    }
  }

  @Test func whoTakesMayStop() throws {
    var splitter = FrameSplitter()
    var count = 0
    try splitter.feed(ByteBuffer(bytes: stream)) { (_, _) throws(Told) in
      count += 1
      return count < 2
    }
    #expect(count == 2)
  }

  // MARK: descriptions

  private var description: [UInt8] {
    var buffer = ByteBuffer()
    for text in ["shop", "1.2.3", #"{"type":"object"}"#, ""] { buffer.put(text: text) }
    for flag in [true, false, true] { buffer.put(flag) }
    buffer.put(UInt32(1))
    buffer.put(text: "show")
    buffer.put(UInt32(1))
    buffer.put(texts: "price", "json:Price@1.0")
    buffer.put(text: "{}")
    buffer.put(UInt32(0))
    buffer.put(UInt32(1))
    buffer.put(texts: "store", "Store")
    buffer.put(UInt32(1))
    buffer.put(UInt32(0))
    buffer.put(texts: "", "{}")
    for flag in [false, true, false, true] { buffer.put(flag) }
    buffer.put(UInt32(1))
    buffer.put(texts: "sign", "{}")
    buffer.put(UInt32(1))
    buffer.put(UInt32(2))
    for flag in [true, true, false, true, false] { buffer.put(flag) }
    return Array(buffer.readableBytesView)
  }

  @Test func aDescriptionComesBackAsItWent() throws {
    let bytes = description
    let read = try bytes.withUnsafeBytes { try PluginDescription($0) }
    #expect(read.name == "shop")
    #expect(read.handlers.map(\.needs) == [[.init(name: "price", type: "json:Price@1.0")]])
    #expect(read.providers.map(\.hasTeardown) == [true])
    #expect(read.policies.map(\.responseBody) == [2])
    var buffer = ByteBuffer()
    read.write(to: &buffer)
    #expect(Array(buffer.readableBytesView) == bytes)
  }

  @Test func everyTruncationOfADescriptionIsAnError() {
    let bytes = description
    for count in bytes.indices {
      #expect(throws: FrameError.self, "\(count)") { try bytes[..<count].withUnsafeBytes { try PluginDescription($0) } }
    }
    #expect(throws: FrameError.self) { try (bytes + [0]).withUnsafeBytes { try PluginDescription($0) } }
  }

  @Test func aCountThatCannotBeTrueIsRefusedBeforeAnythingIsMade() {
    func isRefused(_ read: (inout FrameReader) throws(FrameError) -> Void) -> Bool {
      let bytes: [UInt8] = [0xFF, 0xFF, 0xFF, 0x7F, 1, 2, 3]
      return bytes.withUnsafeBytes { raw in
        var reader = FrameReader(raw)
        do throws(FrameError) { try read(&reader) } catch { return true }
        return false
      }
    }
    let refusal1 = isRefused { (reader) throws(FrameError) in _ = try reader.count(limit: Int.max, elementSize: 1) }
    #expect(refusal1)
    let refusal2 = isRefused { (reader) throws(FrameError) in _ = try reader.data() }
    #expect(refusal2)
    let refusal3 = isRefused { (reader) throws(FrameError) in try FieldTable().read(&reader) }
    #expect(refusal3)
  }

  // MARK: setups

  @Test func aSetupComesBackAsItWentAndNoTruncationDoes() throws {
    var limits = IsolationOptions.Limits()
    limits.memory = 1 << 30
    limits.processes = 0
    let setup = WorkerSetup(
      name: "shop", path: "/opt/libShop.so", parent: 4711, digest: String(repeating: "5a", count: 32), limits: limits, threads: 4,
      tasks: 100, isQuestion: true)
    var buffer = ByteBuffer()
    setup.write(to: &buffer)
    let bytes = Array(buffer.readableBytesView)
    #expect(try bytes.withUnsafeBytes { try WorkerSetup($0) } == setup)
    for count in bytes.indices {
      #expect(throws: FrameError.self) { try bytes[..<count].withUnsafeBytes { try WorkerSetup($0) } }
    }
  }

  // MARK: output

  @Test func outputIsCutIntoLinesAndLinesThatAreTooManyAreCounted() {
    var lines = OutputLines()
    var said: [OutputLines.Output] = []
    func feed(_ text: String, at second: Int64) {
      Array(text.utf8).withUnsafeBytes { lines.feed($0, now: second * 1_000_000_000) { said.append($0) } }
    }
    feed("one\ntw", at: 1)
    feed("o\n\n", at: 1)
    #expect(said == [.line("one"), .line("two")])
    said = []
    feed(String(repeating: "x", count: 10_000) + "\n", at: 1)
    #expect(said == [.line(String(repeating: "x", count: OutputLines.longest) + "...")])
    said = []
    feed(String(repeating: "y\n", count: 600), at: 2)
    #expect(said.count == 500)
    said = []
    feed("z\nrest", at: 3)
    #expect(said == [.lost(100), .line("z")])
    said = []
    lines.finish { said.append($0) }
    #expect(said == [.line("rest")])
  }
}

extension ByteBuffer {
  fileprivate mutating func put(texts: String...) { for text in texts { put(text: text) } }
}

@Suite struct PlaceTableTests {
  @Test func placesDoNotOverlapAndComeBack() throws {
    var table = PlaceTable(size: 1 << 20)
    var places: [(Int, Int)] = []
    var random = UInt64(42)
    for _ in 0..<10_000 {
      random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      if random >> 63 == 0 || places.isEmpty {
        let count = 1 + Int(random >> 20 % 70_000)
        if let place = table.take(count) {
          for (other, length) in places { #expect(place + count <= other || other + length <= place) }
          #expect(place + count <= 1 << 20)
          places.append((place, count))
        }
      } else {
        table.free(places.remove(at: Int(random >> 33) % places.count).0)
      }
    }
    for (place, _) in places { table.free(place) }
    #expect(table.count == 0)
    #expect(table.take(1 << 20) == 0)
    #expect(table.take(1) == nil)
  }

  @Test func whatIsTooLargeOrNothingHasNoPlace() {
    var table = PlaceTable(size: 4096)
    #expect(table.take(4097) == nil)
    #expect(table.take(0) == nil)
    #expect(table.take(-1) == nil)
    table.free(77)
    #expect(table.take(4096) == 0)
  }

  @Test func aBodyOutsideOfTheSharedMemoryIsRefused() {
    for (place, count) in [(0, 1), (UInt64(SharedMemory.size), 1), (.max, 1), (1, .max), (UInt64(SharedMemory.size) - 1, 2)]
      as [(UInt64, UInt64)] {
      var buffer = ByteBuffer()
      buffer.put(BodyForm.shared.rawValue)
      buffer.put(place)
      buffer.put(count)
      let memory = SharedMemory(taking: -1, isWritable: false)
      #expect(memory == nil)
      buffer.withUnsafeReadableBytes { raw in
        var reader = FrameReader(raw)
        do throws(FrameError) {
          _ = try reader.body(memory)
          Issue.record("\(place) \(count)")
        } catch {}
      }
    }
  }
}
