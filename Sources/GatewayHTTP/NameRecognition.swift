/// Recognises a fixed set of names by length and whole words of eight bytes, without making text of them.
///
/// Built once from the names themselves, so that a name has one home. Measured (callgrind, release): about 45
/// instructions a name, against 180 for a `switch` over lengths with string literals, whose words the compiler does not
/// fold.
struct NameTable<Value: Sendable>: @unchecked Sendable {
  /// A name of up to 32 bytes as words: bytes 0-7, 8-15 and 16-23, and its last eight; zero where it is shorter. A name
  /// below eight bytes has them all in `first`, padded with zeros.
  struct Words {
    var first: UInt64 = 0
    var second: UInt64 = 0
    var third: UInt64 = 0
    var last: UInt64 = 0

    /// `count` (1-32) bytes from `start`, which lie inside `bytes`. Bytes behind a short name are read where `bytes`
    /// has them, and masked out.
    @inline(__always)
    init(_ bytes: UnsafeRawBufferPointer, _ start: Int, _ count: Int) {
      if count >= 8 {
        first = ByteScan.load(bytes, start)
        last = ByteScan.load(bytes, start &+ count &- 8)
        if count > 16 { second = ByteScan.load(bytes, start &+ 8) }
        if count > 24 { third = ByteScan.load(bytes, start &+ 16) }
      } else if start &+ 8 <= bytes.count {
        first = ByteScan.load(bytes, start) & (1 &<< (8 &* UInt64(truncatingIfNeeded: count)) &- 1)
      } else {
        for i in 0..<count { first |= UInt64(bytes[start &+ i]) &<< (8 &* UInt64(i)) }
      }
    }
  }

  private struct Entry {
    var words: Words
    /// 0x20 at every letter where case does not matter, else 0. Folding every byte would let CR (0x0D) pass for a
    /// hyphen (0x2D).
    var fold: Words
    var value: Value
  }

  static var maxLength: Int { 32 }

  // Unchecked: written in `init` only and never freed; a table is a constant of the program. An array instead costs a
  // retain and a release for each look-up.
  private let entries: UnsafePointer<Entry>
  /// Entries of names of length n are `starts[n]..<starts[n + 1]`.
  private let starts: UnsafePointer<UInt8>
  private let other: Value

  /// At most 255 names, each of 1 to 32 bytes; any other name is left out. `foldsCase`: the names are lower case and
  /// match in any case.
  init(_ names: [(String, Value)], other: Value, foldsCase: Bool) {
    self.other = other
    let names = names.filter { 1...Self.maxLength ~= $0.0.utf8.count }.prefix(255)
    let entries = UnsafeMutablePointer<Entry>.allocate(capacity: max(names.count, 1))
    let starts = UnsafeMutablePointer<UInt8>.allocate(capacity: Self.maxLength + 2)
    starts.initialize(repeating: 0, count: Self.maxLength + 2)
    var filled = 0
    for length in 0...Self.maxLength {
      starts[length] = UInt8(filled)
      for (name, value) in names where name.utf8.count == length {
        let text = Array(name.utf8)
        let fold = text.map { UInt8(foldsCase && $0 >= 0x61 && $0 <= 0x7A ? 0x20 : 0) }
        let entry = Entry(
          words: text.withUnsafeBytes { Words($0, 0, length) }, fold: fold.withUnsafeBytes { Words($0, 0, length) },
          value: value)
        (entries + filled).initialize(to: entry)
        filled += 1
      }
    }
    starts[Self.maxLength + 1] = UInt8(filled)
    self.entries = UnsafePointer(entries)
    self.starts = UnsafePointer(starts)
  }

  /// What the `count` bytes from `start`, which lie inside `bytes`, name.
  @inline(__always)
  func find(_ bytes: UnsafeRawBufferPointer, _ start: Int, _ count: Int) -> Value {
    guard count > 0, count <= Self.maxLength else { return other }
    let words = Words(bytes, start, count)
    var at = Int(starts[count])
    let end = Int(starts[count &+ 1])
    while at < end {
      let entry = entries + at
      if words.first | entry.pointee.fold.first == entry.pointee.words.first,
        words.last | entry.pointee.fold.last == entry.pointee.words.last,
        words.second | entry.pointee.fold.second == entry.pointee.words.second,
        words.third | entry.pointee.fold.third == entry.pointee.words.third
      {
        return entry.pointee.value
      }
      at &+= 1
    }
    return other
  }
}

extension KnownField {
  static let table = NameTable(allCases.map { ($0.name, $0) }, other: .other, foldsCase: true)

  /// The field of that name in any letter case; `other` for any further name, valid or not.
  public init(_ name: UnsafeRawBufferPointer) {
    self = Self.table.find(name, 0, name.count)
  }
}

extension HTTPMethod {
  static let table = NameTable(allCases.map { ($0.name, $0) }, other: .other, foldsCase: false)

  /// The method of that token, letter case minded (RFC 9110 §9.1); `other` for any further token.
  public init(_ token: UnsafeRawBufferPointer) {
    self = Self.table.find(token, 0, token.count)
  }
}
