import Foundation
import GatewayConfiguration
import Testing

/// Broken files give diagnostics, never a trap, and the same ones each time.
@Suite struct RobustnessTests {
  /// A small generator with a fixed seed, so that a failure can be repeated.
  private struct Generator: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return state ^ (state >> 29)
    }
  }

  @Test(arguments: GoldenTests.names)
  func damagedFilesAreSurvived(name: String) throws {
    let original = try Array(Data(contentsOf: GoldenTests.folder.appending(path: name + ".yaml")))
    var generator = Generator(state: UInt64(original.count))
    let pieces: [[UInt8]] = [
      "{", "}", "[", "]", ": ", "- ", "&a ", "*a", "!!int ", "\"", "'", "${", "}", "\n", "\t", "#", "|\n", "é", "\u{0}",
      "<<: ",
    ]
    .map { Array($0.utf8) }
    for _ in 0..<40 {
      var bytes = original
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        let at = Int.random(in: 0...bytes.count, using: &generator)
        switch Int.random(in: 0..<4, using: &generator) {
        case 0: bytes.removeSubrange(min(at, bytes.count)..<min(at + 5, bytes.count))
        case 1: bytes.insert(contentsOf: pieces.randomElement(using: &generator) ?? [], at: at)
        case 2 where at < bytes.count: bytes[at] = UInt8.random(in: 0...255, using: &generator)
        default: bytes = Array(bytes[..<at])
        }
      }
      let first = ConfigurationLoader.load(bytes, path: "x", environment: Environment())
      let text = DiagnosticRenderer(sources: first.sources).text(first.diagnostics)
      let second = ConfigurationLoader.load(bytes, path: "x", environment: Environment())
      #expect(text == DiagnosticRenderer(sources: second.sources).text(second.diagnostics))
    }
  }

  /// Strings that break careless input handling, as values and keys.
  @Test func naughtyStringsArePassedOn() throws {
    let strings = [
      "\u{202E}x", "\u{FEFF}", "' OR 1=1", "<script>", "%00", "../../etc/passwd", "😀👨‍👩‍👧", "e\u{301}", "\r\n", "${",
      "$${x}", "{{7*7}}",
    ]
    for string in strings {
      let quoted = "\"" + string.unicodeScalars.map { "\\U" + hex($0.value) }.joined() + "\""
      let text =
        "version: 1\nplugins: { p: { config: { \(quoted): 1, v: \(quoted) } } }\nroutes: [ { match: /, handler: p.h } ]\n"
      let result = ConfigurationLoader.load(Array(text.utf8), path: "x", environment: Environment())
      if string == "${" {
        #expect(result.diagnostics.hasErrors)
        continue
      }
      let expected = string == "$${x}" ? "${x}" : string
      #expect(result.file?.plugins.first?.config.value["v"]?.string == expected)
    }
  }

  private func hex(_ value: UInt32) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 8 - digits.count) + digits
  }
}
