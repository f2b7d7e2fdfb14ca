import GatewayHTTP

/// Host patterns, each linked to the next wider one, so that a request's host is looked up once and the patterns that
/// match it follow from there.
struct HostTable: Sendable {
  /// Stands for "no host pattern".
  static let none: Int32 = 0

  private struct Slot: Sendable {
    var hash: UInt64 = 0
    /// 0 is an empty slot.
    var id: Int32 = 0
    var isWildcard = false
    var start: UInt32 = 0
    var count: UInt32 = 0
  }

  private var slots: [Slot] = []
  private var pool: [UInt8] = []
  private var addresses: [IPAddress: Int32] = [:]
  /// By id: the longest wildcard that covers this pattern.
  private(set) var wider: [Int32] = [none]

  var isEmpty: Bool { wider.count == 1 }

  init() {}

  /// - Parameter patterns: different from each other; pattern `i` gets id `i + 1`.
  init(_ patterns: [HostPattern]) {
    guard !patterns.isEmpty else { return }
    var capacity = 16
    while capacity < patterns.count * 2 { capacity *= 2 }
    slots = Array(repeating: Slot(), count: capacity)
    for (i, pattern) in patterns.enumerated() {
      let id = Int32(i + 1)
      switch pattern.form {
      case .name(let name): insert(name, isWildcard: false, id)
      case .wildcard(let suffix): insert(suffix, isWildcard: true, id)
      case .address(let address): addresses[address] = id
      }
    }
    wider += patterns.map { pattern in
      switch pattern.form {
      case .name(let name), .wildcard(let name): name.withUnsafeBytes { find($0[...], exact: false) }
      case .address: Self.none
      }
    }
  }

  private mutating func insert(_ text: [UInt8], isWildcard: Bool, _ id: Int32) {
    var hash = ByteHash.seed
    for byte in text.reversed() { hash = ByteHash.mix(hash, UInt64(byte)) }
    var at = Int(truncatingIfNeeded: hash) & (slots.count - 1)
    while slots[at].id != 0 { at = (at + 1) & (slots.count - 1) }
    slots[at] = Slot(
      hash: hash, id: id, isWildcard: isWildcard, start: UInt32(pool.count), count: UInt32(text.count))
    pool += text
  }

  /// The most specific pattern for an authority (host, maybe port, any letter case), or `none`.
  func find(_ authority: UnsafeRawBufferPointer) -> Int32 {
    guard !isEmpty, let first = authority.first else { return Self.none }
    if first == UInt8(ascii: "[") {
      guard !addresses.isEmpty, let close = authority.firstIndex(of: UInt8(ascii: "]")),
        let address = IPAddress(UnsafeRawBufferPointer(rebasing: authority[1..<close]))
      else { return Self.none }
      return addresses[address] ?? Self.none
    }
    var name = authority[...]
    if let colon = name.firstIndex(of: UInt8(ascii: ":")) { name = name[..<colon] }
    if name.last == UInt8(ascii: ".") { name = name.dropLast() }
    // A longer name is no host name, and hashing it would be work a client can order at will.
    guard name.count <= HostPattern.maximumLength else { return Self.none }
    return find(name, exact: true)
  }

  /// Hashes from the right, so that each suffix's hash is on the way to the whole name's.
  private func find(_ name: Slice<UnsafeRawBufferPointer>, exact: Bool) -> Int32 {
    var best = Self.none
    var hash = ByteHash.seed
    var at = name.endIndex
    while at > name.startIndex {
      at -= 1
      let byte = FieldSyntax.lowercased(name[at])
      // A wildcard stands for a label at least, so something has to be left of the dot.
      if byte == UInt8(ascii: "."), at > name.startIndex,
        let id = pattern(name[(at + 1)...], hash: hash, isWildcard: true)
      {
        best = id
      }
      hash = ByteHash.mix(hash, UInt64(byte))
    }
    return exact ? pattern(name, hash: hash, isWildcard: false) ?? best : best
  }

  private func pattern(_ name: Slice<UnsafeRawBufferPointer>, hash: UInt64, isWildcard: Bool) -> Int32? {
    var at = Int(truncatingIfNeeded: hash) & (slots.count - 1)
    while slots[at].id != 0 {
      let slot = slots[at]
      if slot.hash == hash, slot.isWildcard == isWildcard, Int(slot.count) == name.count,
        isSame(name, slot)
      {
        return slot.id
      }
      at = (at + 1) & (slots.count - 1)
    }
    return nil
  }

  private func isSame(_ name: Slice<UnsafeRawBufferPointer>, _ slot: Slot) -> Bool {
    for i in 0..<name.count
    where FieldSyntax.lowercased(name[name.startIndex + i]) != pool[Int(slot.start) + i] {
      return false
    }
    return true
  }
}

/// Groups of routes that belong to one terminal and one host pattern.
struct HostedGroups: Sendable {
  private struct Slot: Sendable {
    var terminal: Int32 = -1
    var host: Int32 = 0
    var group: Int32 = -1
  }

  private var slots: [Slot] = [Slot()]

  init() {}

  init(_ groups: [(terminal: Int32, host: Int32, group: Int32)]) {
    var capacity = 16
    while capacity < groups.count * 2 { capacity *= 2 }
    slots = Array(repeating: Slot(), count: capacity)
    for (terminal, host, group) in groups {
      var at = start(terminal, host)
      while slots[at].terminal >= 0 { at = (at + 1) & (slots.count - 1) }
      slots[at] = Slot(terminal: terminal, host: host, group: group)
    }
  }

  @inline(__always)
  private func start(_ terminal: Int32, _ host: Int32) -> Int {
    let word = UInt64(UInt32(bitPattern: terminal)) << 32 | UInt64(UInt32(bitPattern: host))
    return Int(truncatingIfNeeded: ByteHash.mix(ByteHash.seed, word)) & (slots.count - 1)
  }

  func group(_ terminal: Int32, _ host: Int32) -> Int32 {
    var at = start(terminal, host)
    while slots[at].terminal >= 0 {
      if slots[at].terminal == terminal, slots[at].host == host { return slots[at].group }
      at = (at + 1) & (slots.count - 1)
    }
    return -1
  }
}
