/// Hides the values of query parameters that are secrets by their name.
///
/// A name hides its value where it contains one of `parts`, or is one of `words`, in any letter case and
/// percent-encoding. So `access_token`, `X-Amz-Signature` and `to%6Ben` are all hidden.
public struct QueryRedaction: Sendable {
  /// A name or a part of one, in lower case.
  private struct Word: Sendable {
    var bytes: [UInt8]
    /// What it consists of: a name can only contain it if it has all of these.
    var letters: UInt32

    init(_ text: String) {
      bytes = Array(text.lowercased().utf8)
      var letters = NameLetters()
      for byte in bytes { letters.add(byte) }
      self.letters = letters.bits
    }
  }

  private let hidesAll: Bool
  private let parts: [Word]
  private let words: [Word]
  /// All of them, short ones first.
  private let candidates: [Word]

  /// Hides what commonly is a secret.
  public static let standard = QueryRedaction(
    parts: [
      "token", "secret", "passw", "pwd", "signature", "credential", "apikey", "api_key", "api-key", "session", "jwt",
      "auth",
    ],
    words: ["key", "sig", "code", "otp", "pin"])
  /// Shows everything.
  public static let none = QueryRedaction(parts: [], words: [])
  /// Hides every value and keeps the names.
  public static let all = QueryRedaction(hidesAll: true, parts: [], words: [])

  public init(parts: [String], words: [String]) { self.init(hidesAll: false, parts: parts, words: words) }

  private init(hidesAll: Bool, parts: [String], words: [String]) {
    self.hidesAll = hidesAll
    self.parts = parts.filter { !$0.isEmpty }.map(Word.init)
    self.words = words.filter { !$0.isEmpty }.map(Word.init)
    candidates = (self.parts + self.words).sorted { $0.bytes.count < $1.bytes.count }
  }

  /// Whether anything is hidden at all.
  var isActive: Bool { hidesAll || !parts.isEmpty || !words.isEmpty }

  /// Whether the value behind this name (as received) is hidden. `letters` is what the name consists of.
  func hides(_ name: UnsafeRawBufferPointer, _ letters: NameLetters) -> Bool {
    if hidesAll { return true }
    // Nearly every name lacks a letter of every secret word: no further look at it.
    if !letters.isEncoded, !mayHide(name.count, letters.bits) { return false }
    // Longer names are no parameter anybody defined; hiding costs nothing then.
    guard name.count <= 256 else { return true }
    return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 256) { buffer in
      let plain = Self.plain(name, into: buffer)
      return words.contains { $0.bytes.count == plain.count && $0.bytes.elementsEqual(plain) }
        || parts.contains { Self.contains(plain, $0.bytes) }
    }
  }

  private func mayHide(_ count: Int, _ letters: UInt32) -> Bool {
    for word in candidates {
      if word.bytes.count > count { return false }
      if word.letters & ~letters == 0 { return true }
    }
    return false
  }

  /// Lower case, percent-encoding undone.
  private static func plain(
    _ name: UnsafeRawBufferPointer, into buffer: UnsafeMutableBufferPointer<UInt8>
  ) -> UnsafeBufferPointer<UInt8> {
    var count = 0
    var at = 0
    while at < name.count, count < buffer.count {
      var byte = name[at]
      if byte == UInt8(ascii: "%"), at + 2 < name.count, let high = hex(name[at + 1]), let low = hex(name[at + 2]) {
        byte = high << 4 | low
        at += 2
      }
      buffer[count] = byte &- 0x41 < 26 ? byte | 0x20 : byte
      count += 1
      at += 1
    }
    return UnsafeBufferPointer(rebasing: buffer[..<count])
  }

  private static func hex(_ byte: UInt8) -> UInt8? {
    if byte &- 0x30 < 10 { return byte &- 0x30 }
    let letter = byte | 0x20
    return letter &- 0x61 < 6 ? letter &- 0x61 &+ 10 : nil
  }

  private static func contains(_ text: UnsafeBufferPointer<UInt8>, _ part: [UInt8]) -> Bool {
    guard text.count >= part.count, let first = part.first else { return false }
    for start in 0...(text.count - part.count) where text[start] == first {
      if text[start..<(start + part.count)].elementsEqual(part) { return true }
    }
    return false
  }
}

/// Which letters occur in a parameter's name, gathered while it is searched for its end.
struct NameLetters {
  /// A bit for each letter, whatever its case; other bytes fall on some bit too, which does no harm: equal bytes give
  /// equal bits.
  private(set) var bits: UInt32 = 0
  /// Whether there is percent-encoding, so that the letters are not what they seem.
  private(set) var isEncoded = false

  @inline(__always)
  mutating func add(_ byte: UInt8) {
    bits |= 1 &<< UInt32(byte & 0x1F)
    if byte == UInt8(ascii: "%") { isEncoded = true }
  }
}
