import Atomics
import CGatewayPlugin

/// Work that a plugin left behind for after the answer. Its context goes back to the plugin once: after the task, or
/// instead of it.
public final class BackgroundTask: @unchecked Sendable {
  // Proof for @unchecked: immutable but for `isDisowned`, which is written before anybody else has the task. The contract
  // lets the context be released from any thread.

  /// As the plugin calls it; may be empty.
  public let label: String
  /// The handler or provider that left it, as "plugin.name".
  public let origin: String
  public let function: PluginFunction
  private let context: UnsafeMutableRawPointer
  private let release: @convention(c) (UnsafeMutableRawPointer) -> Void
  private let quota: BackgroundQuota
  private var isDisowned = false

  init(_ parts: Parts, of function: PluginFunction, _ quota: BackgroundQuota) {
    label = parts.label
    origin = function.label
    context = parts.context
    release = parts.release
    self.quota = quota
    self.function = PluginFunction(
      invoke: parts.invoke, context: parts.context, execution: parts.execution, answer: .nothing,
      plugin: function.plugin, label: parts.label, watchName: function.watchName,
      counters: function.counters)
  }

  deinit {
    if !isDisowned { release(context) }
    quota.giveBack()
  }

  /// It was not taken: the context stays the plugin's.
  func disown() { isDisowned = true }

  /// What a plugin lent, copied.
  struct Parts: @unchecked Sendable {
    // Proof for @unchecked: pointers that the contract hands over, and that one thread uses after the other.
    let invoke: gw_function
    let context: UnsafeMutableRawPointer
    let release: @convention(c) (UnsafeMutableRawPointer) -> Void
    let execution: gw_execution
    let label: String

    /// Nil where the structure cannot be what it should.
    init?(_ task: UnsafePointer<gw_task_borrowed>) {
      guard task.pointee.struct_size >= Self.sizeWithRelease,
        // Swift takes these members for never null, so the bits are asked.
        Self.isSet(task, \.invoke), Self.isSet(task, \.context_owned), Self.isSet(task, \.release_context),
        task.pointee.execution <= GW_BLOCKING.rawValue
      else { return nil }
      invoke = task.pointee.invoke
      context = task.pointee.context_owned
      release = task.pointee.release_context
      execution = gw_execution(task.pointee.execution)
      let hasLabel = task.pointee.struct_size >= Self.sizeWithLabel
      label = hasLabel ? String(decoding: task.pointee.label.raw.prefix(Self.longestLabel), as: UTF8.self) : ""
    }

    private static let longestLabel = 256
    private static let sizeWithRelease = UInt32(MemoryLayout<gw_task_borrowed>.offset(of: \.label) ?? 0)
    private static let sizeWithLabel = sizeWithRelease + UInt32(MemoryLayout<gw_bytes_borrowed>.size)

    private static func isSet<Member>(
      _ task: UnsafePointer<gw_task_borrowed>, _ member: KeyPath<gw_task_borrowed, Member>
    ) -> Bool {
      guard let place = task.pointer(to: member) else { return false }
      return UnsafeRawPointer(place).load(as: UInt.self) != 0
    }
  }
}

/// How many tasks may wait or run: of one request, and of all of them together. One for each gateway.
public final class BackgroundQuota: Sendable {
  public let perRequest: Int
  private let total: Int
  private let outstanding = ManagedAtomic<Int>(0)

  public init(perRequest: Int, total: Int) {
    self.perRequest = perRequest
    self.total = total
  }

  func take() -> Bool {
    guard outstanding.wrappingIncrementThenLoad(ordering: .relaxed) > total else { return true }
    giveBack()
    return false
  }

  func giveBack() { outstanding.wrappingDecrement(ordering: .relaxed) }
}

/// Of one exchange: how many tasks it has left behind, whichever of its invocations did so.
public final class BackgroundRoom: Sendable {
  public let quota: BackgroundQuota
  private let count = ManagedAtomic<Int>(0)

  public init(_ quota: BackgroundQuota) { self.quota = quota }

  /// The exchange is over: the next one may leave as many.
  public func clear() { count.store(0, ordering: .relaxed) }

  func take() -> Bool {
    if count.wrappingIncrementThenLoad(ordering: .relaxed) <= quota.perRequest, quota.take() { return true }
    uncount()
    return false
  }

  /// The one that was counted is not there after all.
  func uncount() { count.wrappingDecrement(ordering: .relaxed) }

  func giveBack() {
    uncount()
    quota.giveBack()
  }
}
