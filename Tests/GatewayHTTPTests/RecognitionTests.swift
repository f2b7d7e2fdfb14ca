import NIOCore
import Testing

@testable import GatewayHTTP

@Suite struct RecognitionTests {
  private func field(_ name: [UInt8]) -> KnownField { name.withUnsafeBytes { KnownField($0) } }
  private func method(_ name: [UInt8]) -> HTTPMethod { name.withUnsafeBytes { HTTPMethod($0) } }

  @Test(arguments: KnownField.allCases.filter { $0 != .other })
  func `a known field is found in any letter case and with no byte changed`(known: KnownField) {
    let name = Array(known.name.utf8)
    #expect(name.count <= NameTable<KnownField>.maxLength)
    #expect(field(name) == known)
    #expect(field(Array(known.name.uppercased().utf8)) == known)
    for i in name.indices {
      for byte in UInt8.min...UInt8.max where FieldSyntax.lowercased(byte) != name[i] {
        var other = name
        other[i] = byte
        // One letter's change never makes another known name.
        #expect(field(other) == .other)
      }
    }
    #expect(field(name + [0]) == .other && field(name.dropLast() + []) == .other)
    #expect(field([0] + name) == .other)
  }

  @Test func `names longer than any known are not looked up`() {
    for count in 0...200 { #expect(field(Array(repeating: 0x61, count: count)) == .other) }
  }

  @Test(arguments: HTTPMethod.allCases.filter { $0 != .other })
  func `a method is found in its own letter case only`(known: HTTPMethod) {
    #expect(method(Array(known.name.utf8)) == known)
    #expect(method(Array(known.name.lowercased().utf8)) == .other)
    #expect(method(Array((known.name + "X").utf8)) == .other)
    #expect(method(Array(known.name.utf8.dropLast())) == .other)
  }

  @Test func `tokens are what RFC 9110 says`() {
    let token = Set("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ".utf8)
    for byte in UInt8.min...UInt8.max {
      #expect(FieldSyntax.isTokenCharacter(byte) == token.contains(byte))
      #expect([byte].withUnsafeBytes { FieldSyntax.isName($0) } == token.contains(byte))
      let allowed = byte == 9 || (byte >= 0x20 && byte != 0x7F)
      // At each place of a word and behind it, so that every lane of the word search is tried.
      for at in 0..<17 {
        var value = [UInt8](repeating: 0x61, count: 17)
        value[at] = byte
        #expect(value.withUnsafeBytes { FieldSyntax.isValue($0) } == allowed)
      }
    }
  }

  /// Every search against its definition, over random bytes that hit often.
  @Test func `word searches agree with byte searches`() {
    var random = SystemRandomNumberGenerator()
    let interesting: [UInt8] = [
      0, 1, 9, 10, 13, 0x1F, 0x20, 0x21, 0x2C, 0x3A, 0x3B, 0x61, 0x7E, 0x7F, 0x80, 0x81, 0xA0, 0xBA, 0xFF,
    ]
    for _ in 0..<4000 {
      let plain = Int.random(in: 0...3, using: &random) > 0
      let bytes = (0..<Int.random(in: 0...40, using: &random)).map { _ in
        plain && Int.random(in: 0...15, using: &random) > 0 ? 0x61 : interesting.randomElement(using: &random) ?? 0
      }
      let from = Int.random(in: 0...bytes.count, using: &random)
      let to = Int.random(in: from...bytes.count, using: &random)
      func first(_ stop: (UInt8) -> Bool) -> Int { bytes[from..<to].firstIndex(where: stop) ?? to }
      bytes.withUnsafeBytes { raw in
        #expect(ByteScan.control(raw, from: from, to: to) == first { $0 < 0x20 || $0 == 0x7F }, "\(bytes)")
        #expect(ByteScan.nonVisible(raw, from: from, to: to) == first { $0 < 0x21 || $0 > 0x7E }, "\(bytes)")
        #expect(ByteScan.nameEnd(raw, from: from, to: to) == first { $0 < 0x21 || $0 == 0x3A }, "\(bytes)")
        for wanted in interesting { #expect(ByteScan.byte(wanted, raw, from: from, to: to) == first { $0 == wanted }) }
      }
    }
  }
}
