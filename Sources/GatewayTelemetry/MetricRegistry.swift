import Synchronization

/// The values of one gateway's metrics. Recording takes no lock.
public final class MetricRegistry: Sendable {
  private let cells = MetricCells()

  public init() {}

  /// A metric by its name and labels, made where it is not there.
  ///
  /// Names and label names follow Prometheus (without colons, not beginning with `gateway_`, at most 128 bytes), at most
  /// 8 labels of at most 128 bytes each. One name has one kind. Nil where that is not so, or where there are 2000 names
  /// already. Beyond 1000 sets of labels of one name the value of every label is `overflow`.
  public func metric(_ kind: MetricKind, _ name: String, _ labels: [MetricLabel] = []) -> UInt64? {
    guard let number = MetricCatalog.shared.number(kind, name, labels) else { return nil }
    // From now on it is shown, with 0: who watches a rate needs the time before the first event too.
    cells.pointer(number.cell)?[0].store(1, ordering: .relaxed)
    return number.raw
  }

  /// Adds to a counter (what is negative is dropped), sets a gauge, counts in a histogram. What is no number is dropped.
  public func record(_ metric: UInt64, _ value: Double) {
    guard let number = MetricNumber(metric), value.isFinite || number.kind == .gauge,
      let cell = cells.pointer(number.cell)
    else { return }
    if cell[0].load(ordering: .relaxed) == 0 { cell[0].store(1, ordering: .relaxed) }
    switch number.kind {
    case .counter: if value >= 0 { Self.add(value, to: cell + 1) }
    case .gauge: cell[1].store(value.bitPattern, ordering: .relaxed)
    case .histogram:
      Self.add(value, to: cell + 1)
      let bounds = number.bounds
      let bucket = bounds.firstIndex { value <= $0 } ?? bounds.count
      cell[2 + bucket].wrappingAdd(1, ordering: .relaxed)
    }
  }

  private static func add(_ value: Double, to cell: UnsafeMutablePointer<Atomic<UInt64>>) {
    var old = cell.pointee.load(ordering: .relaxed)
    while true {
      let sum = (Double(bitPattern: old) + value).bitPattern
      let (exchanged, original) = cell.pointee.weakCompareExchange(expected: old, desired: sum, ordering: .relaxed)
      if exchanged { return }
      old = original
    }
  }

  /// What one series says now.
  public struct Sample: Sendable, Equatable {
    public var name: String
    public var kind: MetricKind
    /// By name.
    public var labels: [MetricLabel]
    /// Of a histogram the sum of its values.
    public var value: Double
    /// Values of a histogram; 0 of others.
    public var count: UInt64 = 0
    /// Values of a histogram up to each bound, the last one infinity.
    public var buckets: [(bound: Double, count: UInt64)] = []

    public static func == (one: Sample, other: Sample) -> Bool {
      one.name == other.name && one.kind == other.kind && one.labels == other.labels && one.value == other.value
        && one.count == other.count
    }
  }

  /// Every series that this gateway has used, by name.
  public var samples: [Sample] {
    MetricCatalog.shared.families.flatMap { family in
      family.series.compactMap { series in
        guard let cell = cells.existing(series.number.cell), cell[0].load(ordering: .relaxed) != 0 else { return nil }
        var sample = Sample(
          name: family.name, kind: family.kind, labels: series.labels,
          value: Double(bitPattern: cell[1].load(ordering: .relaxed)))
        guard family.kind == .histogram else { return sample }
        for (index, bound) in (family.bounds + [.infinity]).enumerated() {
          sample.count &+= cell[2 + index].load(ordering: .relaxed)
          sample.buckets.append((bound, sample.count))
        }
        return sample
      }
    }
  }
}

/// Fixed places for values, made a block at a time as they are used.
///
/// Proof for @unchecked: `blocks` is written in `init`; a block is published once by exchanging its address from 0, and
/// freed with the table. Cells are atomic.
final class MetricCells: @unchecked Sendable {
  /// Cells of one block: 32 KiB.
  static let block = 4096
  static let capacity = block * 256

  private let blocks: UnsafeMutablePointer<Atomic<UInt>>

  init() {
    let count = Self.capacity / Self.block
    blocks = .allocate(capacity: count)
    for index in 0..<count { (blocks + index).initialize(to: Atomic(0)) }
  }

  deinit {
    let count = Self.capacity / Self.block
    for index in 0..<count { address(index)?.deallocate() }
    blocks.deinitialize(count: count)
    blocks.deallocate()
  }

  private func address(_ index: Int) -> UnsafeMutablePointer<Atomic<UInt64>>? {
    UnsafeMutablePointer(bitPattern: blocks[index].load(ordering: .acquiring))
  }

  /// Nil where nothing of its block was ever used.
  func existing(_ cell: UInt32) -> UnsafeMutablePointer<Atomic<UInt64>>? {
    guard Int(cell) < Self.capacity else { return nil }
    return address(Int(cell) / Self.block).map { $0 + Int(cell) % Self.block }
  }

  func pointer(_ cell: UInt32) -> UnsafeMutablePointer<Atomic<UInt64>>? {
    guard Int(cell) < Self.capacity else { return nil }
    if let known = existing(cell) { return known }
    let made = UnsafeMutablePointer<Atomic<UInt64>>.allocate(capacity: Self.block)
    for index in 0..<Self.block { (made + index).initialize(to: Atomic(0)) }
    let result = blocks[Int(cell) / Self.block].compareExchange(
      expected: 0, desired: UInt(bitPattern: made), ordering: .acquiringAndReleasing)
    if !result.exchanged { made.deallocate() }
    return existing(cell)
  }
}
