/// Finds members of one object that have the same name.
///
/// The parser keeps the hashes of the names of all open objects in one row, so those of an object that closes are the
/// last ones, side by side, and comparing them is cheap. Only where two hashes are equal are the names looked at. Large
/// objects use a table with the standard library's seeded hash: the hash on the tape can be made to collide, and 100,000
/// such names must not cost 100,000² steps.
struct DuplicateKeys: ~Copyable {
  /// Hashes of the names of open objects; written by the parser up to `nameCapacity`. Owned by this value alone
  /// (`~Copyable`).
  let names: UnsafeMutablePointer<UInt32>
  private var table: UnsafeMutablePointer<UInt32>?
  private var tableCapacity = 0

  static let pairwiseLimit = 24
  /// Names beyond this many, summed over the open objects, are compared on the tape.
  static let nameCapacity = 128

  init() {
    names = .allocate(capacity: DuplicateKeys.nameCapacity)
    names.initialize(repeating: 0, count: DuplicateKeys.nameCapacity)
  }

  deinit {
    names.deallocate()
    table?.deallocate()
  }

  mutating func release() {
    table?.deallocate()
    table = nil
    tableCapacity = 0
  }

  /// False where the names from `first` on, `count` of them, certainly all differ.
  @inline(__always)
  func mayRepeat(from first: Int, count: Int) -> Bool {
    guard count <= DuplicateKeys.pairwiseLimit, first &+ count <= DuplicateKeys.nameCapacity else { return true }
    // 64 buckets first: where no two names share one, all differ.
    var seen: UInt64 = 0
    var shared: UInt64 = 0
    var name = names + first
    let end = name + count
    while name < end {
      let bit = UInt64(1) &<< UInt64(name.pointee >> 26)
      shared |= seen & bit
      seen |= bit
      name += 1
    }
    return shared != 0 && holdsEqual(names + first, count)
  }

  @inline(never)
  private func holdsEqual(_ hashes: UnsafeMutablePointer<UInt32>, _ count: Int) -> Bool {
    var later = 1
    while later < count {
      let hash = hashes[later]
      var earlier = 0
      while earlier < later {
        if hashes[earlier] == hash { return true }
        earlier &+= 1
      }
      later &+= 1
    }
    return false
  }

  /// The tape index of the first name that an earlier one equals; nil where all differ. With `lastWins` the earlier of
  /// each pair is marked instead and the answer is nil.
  mutating func find(
    in object: Int, _ nodes: UnsafeMutablePointer<JSONNode>, end: Int, members: Int, bytes: UnsafeRawPointer,
    policy: DuplicateKeyPolicy
  ) -> Int? {
    let tape = UnsafeJSONTape(nodes: UnsafePointer(nodes), count: end, bytes: bytes)
    return members <= DuplicateKeys.pairwiseLimit
      ? findPairwise(in: object, nodes, tape, end: end, policy: policy)
      : findHashed(in: object, nodes, tape, end: end, members: members, policy: policy)
  }

  private func findPairwise(
    in object: Int, _ nodes: UnsafeMutablePointer<JSONNode>, _ tape: UnsafeJSONTape, end: Int,
    policy: DuplicateKeyPolicy
  ) -> Int? {
    var key = tape.next(object + 2)
    while key < end {
      var earlier = object + 1
      while earlier < key {
        if nodes[earlier].keyHash == nodes[key].keyHash && !nodes[earlier].isShadowed
          && DuplicateKeys.sameName(tape, earlier, key)
        {
          if policy == .refuse { return key }
          nodes[earlier].head |= JSONNode.shadowed
        }
        earlier = tape.next(earlier + 1)
      }
      key = tape.next(key + 1)
    }
    return nil
  }

  private mutating func findHashed(
    in object: Int, _ nodes: UnsafeMutablePointer<JSONNode>, _ tape: UnsafeJSONTape, end: Int, members: Int,
    policy: DuplicateKeyPolicy
  ) -> Int? {
    var slots = 64
    while slots < members * 2 { slots *= 2 }
    let table = reserve(slots)
    let mask = slots - 1
    var key = object + 1
    while key < end {
      var hasher = Hasher()
      tape.withString(key) { hasher.combine(bytes: $0) }
      var slot = hasher.finalize() & mask
      while table[slot] != 0 {
        let earlier = Int(table[slot])
        if nodes[earlier].keyHash == nodes[key].keyHash && DuplicateKeys.sameName(tape, earlier, key) {
          if policy == .refuse { return key }
          nodes[earlier].head |= JSONNode.shadowed
          break
        }
        slot = (slot + 1) & mask
      }
      // Index 0 is the root, never a name, so 0 can mean "free".
      table[slot] = UInt32(truncatingIfNeeded: key)
      key = tape.next(key + 1)
    }
    return nil
  }

  private mutating func reserve(_ slots: Int) -> UnsafeMutablePointer<UInt32> {
    let memory: UnsafeMutablePointer<UInt32>
    if let table, tableCapacity >= slots {
      memory = table
    } else {
      table?.deallocate()
      memory = .allocate(capacity: slots)
      table = memory
      tableCapacity = slots
    }
    memory.initialize(repeating: 0, count: slots)
    return memory
  }

  private static func sameName(_ tape: UnsafeJSONTape, _ a: Int, _ b: Int) -> Bool {
    tape.withString(a) { tape.stringEquals(b, $0) }
  }
}
