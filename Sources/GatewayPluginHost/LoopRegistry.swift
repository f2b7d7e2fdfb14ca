import Atomics
import CGatewayPlugin
import NIOConcurrencyHelpers
import NIOCore

/// The event loops that plugins may name by index (`gw_invocation.loop`, `gw_host.enqueue`).
///
/// Append-only for the life of the process: an index that a plugin has seen stays true.
///
/// Proof for @unchecked: `entries` is a fixed allocation that is never freed; an entry is written once, under `lock`,
/// before `count` is raised with release order, and read only below a `count` loaded with acquire order.
public final class LoopRegistry: @unchecked Sendable {
  public static let shared = LoopRegistry()

  /// More loops than any machine has cores; in-process tests register a few for each gateway they start.
  public static let capacity = 65_536

  private let entries: UnsafeMutablePointer<Unmanaged<Entry>>
  private let published = ManagedAtomic<Int>(0)
  private let lock = NIOLock()

  // Proof for @unchecked: `slots` is used on `loop` only.
  private final class Entry: @unchecked Sendable {
    let loop: any EventLoop
    /// What it runs, for the watchdog.
    let watch = LoopSlot()
    let services: LoopServices
    /// Slots without an owner. They are immortal, so they are kept here where they outlive exchanges and snapshots.
    var slots: [PluginCall] = []
    init(_ loop: any EventLoop, _ services: LoopServices) {
      self.loop = loop
      self.services = services
    }
  }

  private init() {
    entries = .allocate(capacity: Self.capacity)
  }

  public var count: Int { published.load(ordering: .acquiring) }

  /// Adds a loop; its index, or nil where the registry is full.
  public func register(_ loop: any EventLoop, _ gateway: GatewayServices) -> LoopServices? {
    let services = lock.withLock { () -> LoopServices? in
      let index = published.load(ordering: .relaxed)
      guard index < Self.capacity else { return nil }
      let services = LoopServices(gateway, loop: loop, index: UInt32(index))
      (entries + index).initialize(to: Unmanaged.passRetained(Entry(loop, services)))
      published.store(index + 1, ordering: .releasing)
      return services
    }
    if let services {
      let slot = slot(at: services.index)
      loop.execute {
        CurrentServices.enter(services)
        slot?.adoptThread()
      }
      CurrentServices.opened(services)
    }
    return services
  }

  /// What that loop offers plugins.
  public func services(of index: UInt32) -> LoopServices? {
    guard Int(index) < count else { return nil }
    return entries[Int(index)].takeUnretainedValue().services
  }

  public func loop(at index: UInt32) -> (any EventLoop)? {
    guard Int(index) < count else { return nil }
    return entries[Int(index)].takeUnretainedValue().loop
  }

  func slot(at index: UInt32) -> LoopSlot? {
    guard Int(index) < count else { return nil }
    return entries[Int(index)].takeUnretainedValue().watch
  }

  /// Runs a plugin's job once, soon, on that loop. From any thread.
  func enqueue(_ job: PluginJob, on index: UInt32) {
    guard Int(index) < count else { return }
    let entry = entries[Int(index)].takeUnretainedValue()
    let watch = entry.watch
    entry.loop.execute { job.run(watch) }
  }

  func takeSlot(of index: UInt32) -> PluginCall? {
    guard Int(index) < count else { return nil }
    return entries[Int(index)].takeUnretainedValue().slots.popLast()
  }

  func keepSlot(_ slot: PluginCall, of index: UInt32) {
    guard Int(index) < count else { return }
    entries[Int(index)].takeUnretainedValue().slots.append(slot)
  }

  /// Index of the loop that the calling thread is.
  public var current: UInt32? {
    if let services = CurrentServices.threads { return services.loop.inEventLoop ? services.index : nil }
    for index in 0..<count where entries[index].takeUnretainedValue().loop.inEventLoop { return UInt32(index) }
    return nil
  }
}
