import Synchronization

/// How the values of a metric are put together.
public enum MetricKind: UInt8, Sendable {
  /// Values are added; it only grows.
  case counter = 0
  /// The last value stands.
  case gauge = 1
  /// Values are counted by size.
  case histogram = 2

  var text: String {
    switch self {
    case .counter: "counter"
    case .gauge: "gauge"
    case .histogram: "histogram"
    }
  }
}

public struct MetricLabel: Sendable, Hashable, Comparable {
  public let name: String
  public let value: String

  public init(_ name: String, _ value: String) {
    self.name = name
    self.value = value
  }

  public static func < (one: MetricLabel, other: MetricLabel) -> Bool { one.name < other.name }
}

/// The metrics that anyone in this process has named, and where their values are in every `MetricRegistry`.
///
/// Numbers are the process's, so that a plugin may keep one in a constant; values are each registry's, so that gateways
/// that run side by side, as in tests, do not count for each other. Nothing is ever removed.
final class MetricCatalog: Sendable {
  static let shared = MetricCatalog()

  struct Series: Sendable {
    let labels: [MetricLabel]
    let number: MetricNumber
  }

  struct Family: Sendable {
    let name: String
    let kind: MetricKind
    let bounds: [Double]
    var series: [Series] = []
    var numbers: [[MetricLabel]: MetricNumber] = [:]
  }

  private struct State {
    var families: [String: Family] = [:]
    var nextCell = 0
  }

  /// Label values may come from clients: what they can make grow has to end.
  static let limits = (families: 2000, series: 1000, labels: 8, name: 128, value: 128)
  /// Instead of every label's value, beyond `limits.series`: sums over a name stay right.
  static let overflow = "overflow"

  private let state = Mutex(State())

  func number(_ kind: MetricKind, _ name: String, _ labels: [MetricLabel]) -> MetricNumber? {
    guard Self.isName(name), labels.count <= Self.limits.labels,
      labels.allSatisfy({ Self.isLabel($0, kind) && $0.value.utf8.count <= Self.limits.value })
    else { return nil }
    let labels = labels.sorted()
    guard zip(labels, labels.dropFirst()).allSatisfy({ $0.name != $1.name }) else { return nil }
    return state.withLock { Self.number(kind, name, labels, &$0) }
  }

  private static func number(
    _ kind: MetricKind, _ name: String, _ labels: [MetricLabel], _ state: inout State
  ) -> MetricNumber? {
    let bounds = kind == .histogram ? Self.bounds(name) : []
    var family = state.families[name] ?? Family(name: name, kind: kind, bounds: bounds)
    guard family.kind == kind, state.families[name] != nil || state.families.count < limits.families else { return nil }
    if let known = family.numbers[labels] { return known }
    var labels = labels
    if family.series.count >= limits.series {
      labels = labels.map { MetricLabel($0.name, overflow) }
      if let known = family.numbers[labels] { return known }
      // Label names are the plugin's own, so there are few sets of them.
      guard family.series.count < limits.series + 16 else { return nil }
    }
    let size = MetricNumber.cells(kind, family.bounds)
    // A series never straddles two blocks.
    let room = MetricCells.block - state.nextCell % MetricCells.block
    let cell = size > room ? state.nextCell + room : state.nextCell
    guard cell + size <= MetricCells.capacity else { return nil }
    state.nextCell = cell + size
    let number = MetricNumber(cell: UInt32(cell), kind: kind, isBytes: bounds == bytes)
    family.series.append(Series(labels: labels, number: number))
    family.numbers[labels] = number
    state.families[name] = family
    return number
  }

  /// All families by name.
  var families: [Family] { state.withLock { $0.families.values.sorted { $0.name < $1.name } } }

  // MARK: names

  /// Prometheus' grammar without the colon, which is for recording rules; `gateway_` is the gateway's own.
  static func isName(_ name: String) -> Bool {
    isWord(name) && name.utf8.count <= limits.name && !name.hasPrefix("gateway_")
  }

  private static func isLabel(_ label: MetricLabel, _ kind: MetricKind) -> Bool {
    isWord(label.name) && label.name.utf8.count <= limits.name && !label.name.hasPrefix("__")
      && !(kind == .histogram && label.name == "le")
  }

  private static func isWord(_ text: String) -> Bool {
    guard let first = text.utf8.first, !(0x30...0x39).contains(first) else { return false }
    return text.utf8.allSatisfy { byte in
      (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == 0x5F
    }
  }

  /// Upper bounds of a histogram's buckets; the last one, infinity, is not written.
  static func bounds(_ name: String) -> [Double] { name.hasSuffix("_bytes") ? bytes : seconds }

  static let seconds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
  static let bytes: [Double] = [64, 256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216, 67_108_864]
}

/// What plugins know a metric by: where its values are, and how they are put together. Its raw value is never 0.
struct MetricNumber: Sendable, Hashable {
  let cell: UInt32
  let kind: MetricKind
  let isBytes: Bool

  init(cell: UInt32, kind: MetricKind, isBytes: Bool) {
    self.cell = cell
    self.kind = kind
    self.isBytes = isBytes
  }

  /// Nil where it was never handed out. The value comes from plugins.
  init?(_ raw: UInt64) {
    guard raw >> 56 == 1, let kind = MetricKind(rawValue: UInt8(truncatingIfNeeded: raw >> 32 & 3)) else { return nil }
    cell = UInt32(truncatingIfNeeded: raw)
    self.kind = kind
    isBytes = raw >> 34 & 1 == 1
    // Inside one block, whatever it says.
    let size = Self.cells(kind, bounds)
    guard Int(cell) + size <= MetricCells.capacity, Int(cell) % MetricCells.block + size <= MetricCells.block else {
      return nil
    }
  }

  var raw: UInt64 { 1 << 56 | UInt64(isBytes ? 1 : 0) << 34 | UInt64(kind.rawValue) << 32 | UInt64(cell) }

  var bounds: [Double] { isBytes ? MetricCatalog.bytes : MetricCatalog.seconds }

  /// Whether it was used; value, or sum and a count for each bucket.
  static func cells(_ kind: MetricKind, _ bounds: [Double]) -> Int { kind == .histogram ? bounds.count + 3 : 2 }
}
