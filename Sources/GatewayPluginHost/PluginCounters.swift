import CGatewayPlugin
import NIOConcurrencyHelpers
import Synchronization

/// What has become of the invocations of one plugin's functions, since the process began.
///
/// One place for each event loop, on a cache line of its own: an invocation begins and ends on its loop, so no two processors
/// write the same line.
public final class PluginCounters: @unchecked Sendable {
  // Proof for @unchecked: the memory is written before it is published, and atomic from then on; never freed.
  private typealias Cell = Synchronization.Atomic<UInt64>

  private let cells: UnsafeMutablePointer<Cell>

  /// Loops beyond share places, which stays right.
  private static let places = 64
  /// Words of a cache line.
  private static let stride = 8

  public struct Sum: Sendable, Equatable {
    public var invocations: UInt64 = 0
    public var failures: UInt64 = 0
    public var completions: UInt64 = 0
    /// Begun and not completed; those included that were given up and still run.
    public var inFlight: UInt64 { invocations &- min(completions, invocations) }
  }

  private init() {
    cells = .allocate(capacity: Self.places * Self.stride)
    for index in 0..<Self.places * Self.stride { (cells + index).initialize(to: Cell(0)) }
  }

  // Proof for @unchecked: as a key only.
  private struct Address: Hashable, @unchecked Sendable { let pointer: UnsafePointer<gw_plugin> }
  private static let known = NIOLockedValueBox<[Address: PluginCounters]>([:])

  /// Those of that plugin: one for each library, whatever configurations use it.
  static func of(_ plugin: UnsafePointer<gw_plugin>) -> PluginCounters {
    known.withLockedValue { known in
      if let counters = known[Address(pointer: plugin)] { return counters }
      let counters = PluginCounters()
      known[Address(pointer: plugin)] = counters
      return counters
    }
  }

  private func cell(_ loop: UInt32) -> UnsafeMutablePointer<Cell> { cells + Int(loop) % Self.places * Self.stride }

  func began(on loop: UInt32) { cell(loop)[0].wrappingAdd(1, ordering: .relaxed) }
  func completed(on loop: UInt32) { cell(loop)[1].wrappingAdd(1, ordering: .relaxed) }
  func failed(on loop: UInt32) { cell(loop)[2].wrappingAdd(1, ordering: .relaxed) }

  public var sum: Sum {
    var sum = Sum()
    for place in 0..<Self.places {
      let cell = cells + place * Self.stride
      // Completions first: one that comes meanwhile must not look like one that never began.
      sum.completions &+= cell[1].load(ordering: .relaxed)
      sum.failures &+= cell[2].load(ordering: .relaxed)
      sum.invocations &+= cell[0].load(ordering: .relaxed)
    }
    return sum
  }
}

extension LoadedPlugin {
  /// Those of all its functions.
  public var counters: PluginCounters { .of(descriptor.pointer) }
}
