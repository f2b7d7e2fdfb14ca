import GatewayHTTP

/// A frozen set of short byte strings, looked up where received bytes lie, without making text of them.
struct ByteStringSet: Sendable {
  /// By length, then by bytes.
  private let members: [[UInt8]]

  init(_ members: some Sequence<String>) {
    self.members = Set(members.map { Array($0.utf8) }).sorted { a, b in
      a.count != b.count ? a.count < b.count : a.lexicographicallyPrecedes(b)
    }
  }

  var isEmpty: Bool { members.isEmpty }

  /// The members as text, in the order of `index(of:)`.
  var strings: [String] { members.map { String(decoding: $0, as: UTF8.self) } }

  /// Whether `bytes` is a member, byte for byte.
  func contains(_ bytes: UnsafeRawBufferPointer) -> Bool { index(of: bytes) != nil }

  /// Which member `bytes` is, byte for byte.
  func index(of bytes: UnsafeRawBufferPointer) -> Int? { find(bytes) { $0 } }

  /// Whether `bytes` in lower case is a member.
  func containsLowercased(_ bytes: UnsafeRawBufferPointer) -> Bool { find(bytes, FieldSyntax.lowercased) != nil }

  private func find(_ bytes: UnsafeRawBufferPointer, _ fold: (UInt8) -> UInt8) -> Int? {
    var low = 0
    var high = members.count
    while low < high {
      let middle = (low + high) / 2
      let order = Self.order(members[middle], bytes, fold)
      if order == 0 { return middle }
      if order < 0 { low = middle + 1 } else { high = middle }
    }
    return nil
  }

  /// Negative where `member` sorts before `bytes`.
  private static func order(_ member: [UInt8], _ bytes: UnsafeRawBufferPointer, _ fold: (UInt8) -> UInt8) -> Int {
    if member.count != bytes.count { return member.count - bytes.count }
    for i in 0..<member.count {
      let difference = Int(member[i]) - Int(fold(bytes[i]))
      if difference != 0 { return difference }
    }
    return 0
  }
}
