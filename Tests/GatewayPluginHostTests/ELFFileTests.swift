import Foundation
import TestSupport
import Testing

@testable import GatewayPluginHost

@Suite(.enabled(if: BrokenPlugins.canBuild, Comment(rawValue: BrokenPlugins.whyNot)))
struct ELFFileTests {
  private func file(_ name: String) throws -> ELFFile {
    try ELFFile(.file(ReadableFile.open(BrokenPlugins.build(name))))
  }

  private func bytes(_ name: String) throws -> [UInt8] {
    try [UInt8](Data(contentsOf: URL(fileURLWithPath: BrokenPlugins.build(name))))
  }

  private func notes(_ file: ELFFile) throws -> [[UInt8]] {
    try file.notes(name: "Gateway", type: 1, section: ".note.gateway")
  }

  @Test func noteSymbolAndNeededLibrariesAreFound() throws {
    let file = try file("good")
    let notes = try notes(file)
    #expect(notes.count == 1)
    #expect(try PluginNote.parse(#require(notes.first)).language == "c")
    #expect(try file.exportedSymbol(named: "gateway_plugin_v1")?.isFunction == true)
    #expect(try file.neededLibraries().contains { $0.hasPrefix("libc.so") })
  }

  @Test func symbolsThatAreAbsentImportedOrPrivateAreNotExported() throws {
    let file = try file("good")
    #expect(try file.exportedSymbol(named: "gateway_plugin_v2") == nil)
    #expect(try file.exportedSymbol(named: "") == nil)
    #expect(try file.exportedSymbol(named: "pthread_create") == nil)
    #expect(try file.exportedSymbol(named: "answer_from_thread") == nil)
    #expect(try self.file("hidden_symbol").exportedSymbol(named: "gateway_plugin_v1") == nil)
  }

  @Test func variableIsNoFunction() throws {
    let symbol = try file("data_symbol").exportedSymbol(named: "gateway_plugin_v1")
    #expect(symbol?.isFunction == false)
  }

  @Test func strippedSectionTableIsNotNeeded() throws {
    let file = try file("stripped_sections")
    #expect(try file.sections().isEmpty)
    #expect(try notes(file).count == 1)
    #expect(try file.exportedSymbol(named: "gateway_plugin_v1") != nil)
    #expect(try file.neededLibraries() == self.file("good").neededLibraries())
  }

  @Test func noteIsFoundBySectionWhereNoSegmentCarriesIt() throws {
    var bytes = try bytes("good")
    let table = ELFBlock(bytes: bytes)
    let first = Int(table.u64(32))
    for index in 0..<Int(table.u16(56)) where table.u32(first + index * 56) == 4 {
      // PT_NOTE becomes PT_NULL.
      bytes[first + index * 56] = 0
    }
    #expect(try notes(ELFFile(.memory(bytes))).count == 1)
  }

  @Test func olderHashTableIsRead() throws {
    let file = try file("sysv_hash")
    #expect(file.dynamic?.gnuHash == nil)
    #expect(try file.exportedSymbol(named: "gateway_plugin_v1") != nil)
    #expect(try file.exportedSymbol(named: "gateway_plugin_v2") == nil)
  }

  @Test func memoryAndFileReadTheSame() throws {
    let memory = try ELFFile(.memory(bytes("good")))
    let file = try file("good")
    #expect(memory.segments == file.segments)
    #expect(memory.dynamic == file.dynamic)
    #expect(try notes(memory) == notes(file))
  }

  @Test func fileCutAnywhereIsRefusedButNeverReadBeyond() throws {
    let whole = try bytes("good")
    for count in stride(from: 0, to: whole.count, by: 7) {
      #expect(!PluginInspection.read(bytes: Array(whole[..<count])).isAcceptable, "cut at \(count)")
    }
    #expect(PluginInspection.read(bytes: whole).isAcceptable)
  }

  /// Every field of every table that is read, set to values that overflow sums, point outside or loop.
  @Test func hostileNumbersAreSurvived() throws {
    let whole = try bytes("good")
    let hostile: [[UInt8]] = [
      [UInt8](repeating: 0xFF, count: 8), [UInt8](repeating: 0, count: 8),
      [0, 0, 0, 0, 0, 0, 0, 0x80], [0xFF, 0xFF, 0xFF, 0x7F, 0, 0, 0, 0],
      [0xF0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF],
    ]
    let table = ELFBlock(bytes: whole)
    let dynamic = try #require(try ELFFile(.memory(whole)).segments.first { $0.kind == 2 })
    let ranges = [
      0..<64 + 56 * Int(table.u16(56)), Int(dynamic.file.offset)..<Int(dynamic.file.offset + dynamic.file.count),
      0x200..<0x400, Int(table.u64(40))..<whole.count - 8,
    ]
    for offset in ranges.joined() where offset % 2 == 0 && offset + 8 <= whole.count {
      for value in hostile {
        var bytes = whole
        bytes.replaceSubrange(offset..<offset + 8, with: value)
        _ = PluginInspection.read(bytes: bytes)
      }
    }
  }

  @Test func randomDamageIsSurvived() throws {
    let whole = try bytes("good")
    var random = SplitMix(state: 42)
    for _ in 0..<3000 {
      var bytes = whole
      for _ in 0..<Int.random(in: 1...24, using: &random) {
        bytes[Int.random(in: 0..<min(bytes.count, 2048), using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      _ = PluginInspection.read(bytes: bytes)
    }
  }

  @Test func overlappingHugeNoteSegmentsAreRefusedQuickly() throws {
    // 256 note segments, each the whole of a 1 MiB file of empty notes.
    var bytes = [UInt8](repeating: 0, count: 1 << 20)
    bytes.replaceSubrange(0..<6, with: [0x7F, 0x45, 0x4C, 0x46, 2, 1])
    func put(_ value: UInt64, at offset: Int, _ count: Int) {
      for index in 0..<count { bytes[offset + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index)) }
    }
    put(3, at: 16, 2)
    put(UInt64(ELFMachine.host.rawValue), at: 18, 2)
    put(64, at: 32, 8)
    put(56, at: 54, 2)
    put(256, at: 56, 2)
    for index in 0..<256 {
      put(4, at: 64 + index * 56, 4)
      put(UInt64(bytes.count), at: 64 + index * 56 + 32, 8)
    }
    let problems = PluginInspection.read(bytes: bytes).problems
    #expect(problems.contains { $0.code == .malformedELF && $0.found.contains("limit") })
  }

  @Test func rangesThatOverflowAreTruncation() {
    let bytes = ELFBytes.memory([1, 2, 3])
    #expect(throws: ELFFault.truncated(part: "x", needed: nil, size: 3)) {
      try bytes.read(ELFRange(offset: .max, count: 2), "x")
    }
    #expect(throws: ELFFault.truncated(part: "x", needed: 4, size: 3)) {
      try bytes.read(ELFRange(offset: 2, count: 2), "x")
    }
  }
}

/// Repeatable random numbers.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
    return value ^ (value >> 31)
  }
}
