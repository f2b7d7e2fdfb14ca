/// Children reached through literal segments, of all nodes in one open-addressing table: the cost of a look-up does not
/// depend on how many siblings a segment has.
struct StaticEdges: Sendable {
  struct Slot: Sendable {
    /// 0 is an empty slot.
    var tag: UInt32 = 0
    var parent: UInt32 = 0
    var child: Int32 = -1
    var start: UInt32 = 0
    var count: UInt32 = 0
  }

  /// Most slots that a look-up reads. Reached by making the table larger while it is built.
  static let longestProbe = 16

  private(set) var slots: [Slot] = [Slot()]
  private var mask = 0

  init() {}

  /// - Parameter edges: parent, child, hash of the literal and its place in the pool.
  init(_ edges: [(parent: Int, child: Int32, hash: UInt64, start: Int, count: Int)]) {
    var capacity = 16
    while capacity < edges.count * 2 { capacity *= 2 }
    // More room makes long probes vanish; equal keys do not occur, so this ends long before memory does.
    while !fill(edges, capacity: capacity), capacity < edges.count << 8 { capacity *= 2 }
  }

  private mutating func fill(
    _ edges: [(parent: Int, child: Int32, hash: UInt64, start: Int, count: Int)], capacity: Int
  ) -> Bool {
    slots = Array(repeating: Slot(), count: capacity)
    mask = capacity - 1
    var longest = 0
    for edge in edges {
      let key = Self.key(edge.parent, edge.hash)
      var at = Int(truncatingIfNeeded: key) & mask
      var probes = 1
      while slots[at].tag != 0 {
        at = (at + 1) & mask
        probes += 1
      }
      longest = max(longest, probes)
      slots[at] = Slot(
        tag: Self.tag(key), parent: UInt32(edge.parent), child: edge.child, start: UInt32(edge.start),
        count: UInt32(edge.count))
    }
    return longest <= Self.longestProbe
  }

  @inline(__always)
  private static func key(_ parent: Int, _ hash: UInt64) -> UInt64 {
    ByteHash.mix(hash, UInt64(truncatingIfNeeded: parent))
  }

  @inline(__always)
  private static func tag(_ key: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: key >> 32) | 1 }

  /// The child of `parent` whose literal is `path[start..<end]` (with that hash), or -1.
  @inline(__always)
  func child(
    of parent: Int, hash: UInt64, _ path: UnsafeRawBufferPointer, _ start: Int, _ end: Int,
    pool: UnsafeRawBufferPointer
  ) -> Int32 {
    let key = Self.key(parent, hash)
    let tag = Self.tag(key)
    var at = Int(truncatingIfNeeded: key) & mask
    while true {
      let slot = slots[at]
      if slot.tag == 0 { return -1 }
      if slot.tag == tag, slot.parent == UInt32(truncatingIfNeeded: parent), Int(slot.count) == end &- start,
        ByteHash.equal(pool, Int(slot.start), path, start, count: end &- start)
      {
        return slot.child
      }
      at = (at &+ 1) & mask
    }
  }
}
