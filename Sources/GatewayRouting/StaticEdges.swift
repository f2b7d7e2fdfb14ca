/// Children reached through literal segments, of all nodes in one open-addressing table: the cost of a look-up does not
/// depend on how many siblings a segment has.
struct StaticEdges: Sendable {
  /// 32 bytes, two to a cache line.
  struct Slot: Sendable {
    /// First eight bytes of the literal, filled up with zeros: most literals need no look into the pool.
    var head: UInt64 = 0
    /// 0 is an empty slot.
    var tag: UInt32 = 0
    var parent: UInt32 = 0
    var child: Int32 = -1
    var start: UInt32 = 0
    var count: UInt32 = 0
  }

  struct Edge {
    var parent: Int
    var child: Int32
    var segment: ByteHash.Segment
    /// Place of the literal in the pool, and its length.
    var start: Int
    var count: Int
  }

  /// Most slots that a look-up reads. Reached by making the table larger while it is built.
  static let longestProbe = 16

  private(set) var slots: [Slot] = [Slot()]

  init() {}

  init(_ edges: [Edge]) {
    var capacity = 16
    while capacity < edges.count * 2 { capacity *= 2 }
    // More room makes long probes vanish; equal keys do not occur, so this ends long before memory does.
    while !fill(edges, capacity: capacity), capacity < edges.count << 8 { capacity *= 2 }
  }

  private mutating func fill(_ edges: [Edge], capacity: Int) -> Bool {
    slots = Array(repeating: Slot(), count: capacity)
    let mask = capacity - 1
    var longest = 0
    for edge in edges {
      let key = Self.key(edge.parent, edge.segment.hash)
      var at = Int(truncatingIfNeeded: key) & mask
      var probes = 1
      while slots[at].tag != 0 {
        at = (at + 1) & mask
        probes += 1
      }
      longest = max(longest, probes)
      slots[at] = Slot(
        head: edge.segment.head, tag: Self.tag(key), parent: UInt32(edge.parent), child: edge.child,
        start: UInt32(edge.start), count: UInt32(edge.count))
    }
    return longest <= Self.longestProbe
  }

  @inline(__always)
  private static func key(_ parent: Int, _ hash: UInt64) -> UInt64 {
    ByteHash.mix(hash, UInt64(truncatingIfNeeded: parent))
  }

  @inline(__always)
  private static func tag(_ key: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: key >> 32) | 1 }

  /// The child of `parent` whose literal is `segment`, which starts at `start` in `path`, or -1.
  ///
  /// `slots` are this table's, as a buffer: `mask` is one less than their number, so no index leaves them, and there is
  /// an empty slot, so the loop ends.
  @inline(__always)
  static func child(
    of parent: Int32, _ segment: ByteHash.Segment, _ path: UnsafeRawBufferPointer, _ start: Int,
    slots: UnsafeBufferPointer<Slot>, pool: UnsafeRawBufferPointer
  ) -> Int32 {
    let parent = UInt32(bitPattern: parent)
    let count = segment.end &- start
    let key = key(Int(parent), segment.hash)
    let tag = tag(key)
    let mask = slots.count &- 1
    var at = Int(truncatingIfNeeded: key) & mask
    while true {
      let slot = slots[at]
      if slot.tag == tag, slot.parent == parent, slot.head == segment.head, Int(slot.count) == count,
        count <= 8 || ByteHash.equalBehindHead(pool, Int(slot.start), path, start, count: count)
      {
        return slot.child
      }
      if slot.tag == 0 { return -1 }
      at = (at &+ 1) & mask
    }
  }
}
