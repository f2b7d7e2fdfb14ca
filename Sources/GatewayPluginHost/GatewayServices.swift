import CGatewayPlugin
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix

/// What one gateway of this process offers its plugins beside answering requests: time, the log, metrics.
///
/// A server's process has one. Tests run several at once, and a plugin's call finds its own gateway's by the event loop
/// or by the pool's thread that it comes from.
public final class GatewayServices: Sendable {
  public let time: GatewayTime
  public let metrics: any PluginMetrics
  private let sink = NIOLockedValueBox<(@Sendable (PluginLogEvent) -> Void)?>(nil)

  public init(time: GatewayTime = GatewayTime(), metrics: any PluginMetrics) {
    self.time = time
    self.metrics = metrics
  }

  /// Where plugins' log events go.
  public func setLog(_ sink: @escaping @Sendable (PluginLogEvent) -> Void) { self.sink.withLockedValue { $0 = sink } }

  func write(_ event: PluginLogEvent) { sink.withLockedValue { $0 }?(event) }
}

/// Keeps the metrics of plugins. Identifiers are those of the process, values each gateway's own.
public protocol PluginMetrics: Sendable {
  /// The number of a metric, made where it is not there; 0 where it cannot be.
  func metric(_ kind: gw_metric_kind, name: String, labels: [(name: String, value: String)]) -> UInt64
  func record(_ metric: UInt64, _ value: Double)
}

/// What one event loop of a gateway offers plugins.
///
/// Proof for @unchecked: `timers`, `fetcher` and `watchers` are used on `loop` only; the rest is immutable or behind a lock.
public final class LoopServices: @unchecked Sendable {
  public let gateway: GatewayServices
  public let loop: any EventLoop
  public let index: UInt32
  let timers: LoopTimers
  /// Who carries out requests to upstreams; nil before the gateway has any, and after its end.
  public var fetcher: (any PluginFetcher)?
  private let isOpen = NIOLockedValueBox(true)
  /// What the loop has answered to parts that other threads wrote, where it did not take them; of fetches that have not ended.
  let refusedWrites = NIOLockedValueBox<[UInt64: gw_completion]>([:])

  init(_ gateway: GatewayServices, loop: any EventLoop, index: UInt32) {
    self.gateway = gateway
    self.loop = loop
    self.index = index
    timers = LoopTimers(loop, gateway.time)
  }

  /// Runs `work` on the loop, now or soon; false where the loop is about to end, and `work` is not run.
  func onLoop(_ work: @escaping @Sendable () -> Void) -> Bool {
    if loop.inEventLoop {
      guard isOpen.withLockedValue({ $0 }) else { return false }
      work()
      return true
    }
    return soon(work)
  }

  /// Runs `work` in a later turn of the loop; false where there will be none.
  func soon(_ work: @escaping @Sendable () -> Void) -> Bool {
    // Under the lock: what was let in runs before `close` is through, so before the loop can be ended.
    isOpen.withLockedValue { isOpen in
      if isOpen { loop.execute(work) }
      return isOpen
    }
  }

  /// Ends what plugins have running here: timers fire as cancelled, and nothing new begins. On the loop.
  public func close() {
    isOpen.withLockedValue { $0 = false }
    CurrentServices.closed(self)
    fetcher = nil
    timers.cancelAll()
  }

  /// Runs `work` on the loop after that time, by the gateway's clock; at once, as cancelled, when the loop ends. The
  /// number is for `cancel`. On the loop.
  public func schedule(in delay: TimeAmount, _ work: @escaping (_ isCancelled: Bool) -> Void) -> UInt64 {
    let number = HostNumber.make(index)
    timers.start(number, at: gateway.time.now() + delay, LoopTimers.Callback(work))
    return number
  }

  /// Its work runs now, as cancelled, if it has not run. On the loop.
  public func cancel(_ number: UInt64) { timers.cancel(number) }

  // MARK: time that is moved by hand

  private var watchers: [ObjectIdentifier: (NIODeadline) -> Void] = [:]

  /// `tick` is called whenever time was moved by hand. On the loop.
  public func watch(_ owner: AnyObject, _ tick: @escaping (NIODeadline) -> Void) {
    if gateway.time.manual != nil { watchers[ObjectIdentifier(owner)] = tick }
  }

  public func unwatch(_ owner: AnyObject) { watchers[ObjectIdentifier(owner)] = nil }

  /// When the next timer is due. On the loop.
  public var nextTimer: NIODeadline? { timers.next }

  /// How many timers are pending. On the loop.
  public var timerCount: Int { timers.count }

  /// Fires what is due and ticks what waits, where time is moved by hand. On the loop.
  public func timeHasMoved(to now: NIODeadline) {
    timers.fire(until: now)
    for tick in Array(watchers.values) { tick(now) }
  }
}

/// Which gateway a plugin's call belongs to that names none.
enum CurrentServices {
  /// Of event loops for ever; of a pool's threads since their last function.
  private static let ofThread = ThreadSpecificVariable<LoopServices>()
  /// Those that are not closed, in the order in which they came: of one gateway, but in tests.
  private static let open = NIOLockedValueBox<[LoopServices]>([])

  static var threads: LoopServices? { ofThread.currentValue }

  static func get() -> LoopServices? { ofThread.currentValue ?? open.withLockedValue { $0.last } }

  /// This thread works for that loop's gateway.
  static func enter(_ services: LoopServices) {
    if ofThread.currentValue !== services { ofThread.currentValue = services }
  }

  static func opened(_ services: LoopServices) { open.withLockedValue { $0.append(services) } }

  static func closed(_ services: LoopServices) { open.withLockedValue { $0.removeAll { $0 === services } } }
}
