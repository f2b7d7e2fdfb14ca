import CGatewayPlugin
import GatewayPluginHost
import NIOCore

/// Starts and stops what lives as long as a snapshot: plugins, then app-scope dependencies; at the end the reverse.
///
/// What an earlier snapshot has alike, and is still in service, is not started again: it gets one more user, and ends with the
/// last one.
final class Lifecycle: @unchecked Sendable {
  // Proof for @unchecked: all is immutable but `policyValues`, and `previous` and the lists of names, which `start` and `stop`
  // use; the first ends before the second begins.
  let snapshot: Snapshot
  let values: AppValues
  let loop: any EventLoop
  private let loopIndex: UInt32
  private let pool: BlockingPool
  /// How long one start or stop function may take.
  private let patience: TimeAmount
  /// The snapshot in service, while this one starts.
  private(set) var previous: Lifecycle?
  var policyValues: [PolicyValue?]
  /// Names of dependencies that were made, and of those that were taken over.
  private(set) var remade: [String] = []
  private(set) var adopted: [String] = []
  /// Starts the processes of an isolated plugin.
  private let processes: @Sendable (ConfiguredPlugin) async throws -> Void
  /// Called before a plugin's generation and what it made end; false: something of it still runs.
  private let leaves: @Sendable (ConfiguredPlugin) async -> Bool

  init(
    snapshot: Snapshot, loop: any EventLoop, loopIndex: UInt32, pool: BlockingPool, previous: Lifecycle? = nil,
    patience: TimeAmount = .seconds(30), processes: @escaping @Sendable (ConfiguredPlugin) async throws -> Void = { _ in },
    leaves: @escaping @Sendable (ConfiguredPlugin) async -> Bool = { _ in true }
  ) {
    self.snapshot = snapshot
    values = AppValues(snapshot)
    self.loop = loop
    self.loopIndex = loopIndex
    self.pool = pool
    self.previous = previous
    self.patience = patience
    self.processes = processes
    self.leaves = leaves
    policyValues = Array(repeating: nil, count: snapshot.policyUses.count)
  }

  /// What did not start or stop.
  struct Failure: Error, CustomStringConvertible {
    /// "plugin 'x'" or "dependency 'x'".
    var what: String
    var cause: PluginFailure

    var description: String {
      let text = cause.detailJSON.isEmpty ? cause.description : String(decoding: cause.detailJSON, as: UTF8.self)
      return "\(what): \(cause.type.isEmpty ? "" : cause.type + ": ")\(text)"
    }
  }

  /// Whether the snapshot in service has the same schemas to refer to.
  var hasSameSchemas: Bool { previous?.snapshot.schemas == snapshot.schemas }

  /// Starts everything in order. After a failure what had started is stopped again, and nothing is taken over.
  func start() async -> Failure? {
    var started = 0
    var failure: Failure?
    for entry in snapshot.plugins {
      failure = await start(entry)
      if failure != nil { break }
      started += 1
    }
    if failure == nil {
      for index in snapshot.appSteps.indices {
        failure = await makeValue(index)
        if failure != nil { break }
      }
    }
    if failure == nil { failure = await makePolicies() }
    if failure != nil { _ = await end(plugins: started, outcome: GW_FAILED, releasesValues: true) }
    previous = nil
    return failure
  }

  private func start(_ entry: ConfiguredPlugin) async -> Failure? {
    switch await entry.join() {
    case .joined: return nil
    case .lost:
      return Failure(
        what: "plugin '\(entry.name)' did not start", cause: .contract("its last start or stop has not ended as it has to"))
    case .start, .again: break
    }
    if entry.plugin.isolated != nil {
      do { try await processes(entry) } catch {
        entry.failed()
        return Failure(what: "plugin '\(entry.name)' did not start", cause: .contract("\(error)"))
      }
    }
    guard let function = entry.plugin.start else {
      entry.started()
      return nil
    }
    switch await run(function, config: entry.config, inputs: []) {
    case .success:
      entry.started()
      return nil
    case .failure(let cause):
      if let isolated = entry.plugin.isolated {
        // Whatever still runs in its processes ends with them.
        await isolated.close()
        entry.failed()
      } else if cause.kind == .contract {
        entry.lost()
      } else {
        entry.failed()
      }
      return Failure(what: "plugin '\(entry.name)' did not start", cause: cause)
    }
  }

  private func makeValue(_ index: Int) async -> Failure? {
    let step = snapshot.appSteps[index]
    let provider = step.provider
    let inputs = step.inputs.map { values.input($0) }
    if let known = previous?.values.made.first(where: { $0?.isMade(by: step, of: inputs) == true }), let known {
      known.join()
      values.set(known, at: index)
      adopted.append(provider.name)
    } else {
      switch await run(
        provider.provider.function, config: provider.config, inputs: inputs.map(\.pointer),
        late: { [self] value in endLate(value, of: provider) })
      {
      case .success(let value):
        guard let pointer = value.pointer else {
          return Failure(
            what: "dependency '\(provider.name)' could not be made", cause: .contract("its provider gave no value"))
        }
        values.set(AppValue(pointer, step: step, inputs: inputs), at: index)
        remade.append(provider.name)
      case .failure(let cause): return Failure(what: "dependency '\(provider.name)' could not be made", cause: cause)
      }
    }
    guard let cause = await makeViews(ofStep: index) else { return nil }
    return Failure(what: "dependency '\(provider.name)' cannot be used by another plugin", cause: cause)
  }

  /// Tears app-scope values down in reverse order, then stops the plugins in reverse order; what another snapshot has too
  /// is left to it. Every failure is told; none keeps the others from ending.
  ///
  /// - Parameter releasesValues: false where something may still use them; then they are only torn down.
  func stop(releasesValues: Bool = true) async -> [Failure] {
    await end(plugins: snapshot.plugins.count, outcome: GW_SUCCEEDED, releasesValues: releasesValues)
  }

  private func end(plugins: Int, outcome: gw_outcome, releasesValues: Bool) async -> [Failure] {
    var failures: [Failure] = []
    var releasesValues = releasesValues
    let plugins = snapshot.plugins.prefix(plugins)
    if releasesValues {
      for entry in plugins where await !leaves(entry) {
        failures.append(
          Failure(what: "plugin '\(entry.name)'", cause: .contract("its health check did not end")))
        releasesValues = false
      }
    }
    releasePolicies(releases: releasesValues)
    for index in values.made.indices.reversed() {
      guard let value = values.made[index] else { continue }
      guard value.leave() else {
        values.set(nil, at: index)
        continue
      }
      // Of the step that it was made by: another snapshot's may have its own idea of the provider.
      let provider = value.step.provider
      if let teardown = provider.provider.teardown,
        case .failure(let cause) = await run(teardown, config: .none, inputs: [], value: value.pointer, outcome: outcome)
      {
        failures.append(Failure(what: "dependency '\(provider.name)' did not end cleanly", cause: cause))
        // A teardown that may still be running keeps its value.
        if cause.kind == .contract { continue }
      }
      values.set(nil, at: index)
      if releasesValues { provider.provider.release(value.pointer) }
    }
    for entry in plugins.reversed() where entry.leave() {
      if let function = entry.plugin.stop, case .failure(let cause) = await run(function, config: .none, inputs: []) {
        failures.append(Failure(what: "plugin '\(entry.name)' did not stop cleanly", cause: cause))
        // Whatever still runs in processes of its own ends with them.
        if cause.kind == .contract, entry.plugin.isolated == nil {
          entry.lost()
          continue
        }
      }
      await entry.plugin.isolated?.close()
      entry.stopped()
    }
    return failures
  }

  /// A value that came when nobody waited for it any more still ends as every value does. On the loop.
  private func endLate(_ value: ProvidedValue, of provider: CompiledProvider) {
    guard let pointer = value.pointer else { return }
    guard let teardown = provider.provider.teardown else { return provider.provider.release(pointer) }
    let ended = loop.makePromise(of: Result<ProvidedValue, PluginFailure>.self)
    begin(teardown, config: .none, inputs: [], value: value, outcome: GW_CANCELLED, late: { _ in }, ended)
    ended.futureResult.whenSuccess { result in
      // A teardown that may still be running keeps its value.
      if case .failure(let cause) = result, cause.kind == .contract { return }
      provider.provider.release(pointer)
    }
  }

  /// - Parameter late: takes what was made when nobody waited for it any more. Called on the loop.
  func run(
    _ function: PluginFunction, config: LentJSON, inputs: [UnsafeMutableRawPointer?],
    value: UnsafeMutableRawPointer? = nil, outcome: gw_outcome = GW_SUCCEEDED,
    late: @escaping @Sendable (ProvidedValue) -> Void = { _ in }
  ) async -> Result<ProvidedValue, PluginFailure> {
    let inputs = inputs.map(ProvidedValue.init)
    let value = ProvidedValue(value)
    let promise = loop.makePromise(of: Result<ProvidedValue, PluginFailure>.self)
    loop.execute { [self] in
      begin(function, config: config, inputs: inputs, value: value, outcome: outcome, late: late, promise)
    }
    do { return try await promise.futureResult.get() } catch {
      return .failure(.contract("\(function.label): the event loop is gone"))
    }
  }

  private func begin(
    _ function: PluginFunction, config: LentJSON, inputs: [ProvidedValue], value: ProvidedValue, outcome: gw_outcome,
    late: @escaping @Sendable (ProvidedValue) -> Void, _ promise: EventLoopPromise<Result<ProvidedValue, PluginFailure>>
  ) {
    let waiter = LifecycleWaiter(
      .take(loop: loop, loopIndex: loopIndex, pool: pool), config: config, inputs: inputs.map(\.pointer), late: late,
      promise)
    waiter.start(function, value: value.pointer, outcome: outcome, patience: patience)
  }
}

/// A plugin's value on its way between threads.
struct ProvidedValue: @unchecked Sendable {
  // Proof for @unchecked: the host only carries the address; the contract makes what is behind it the plugin's concern.
  let pointer: UnsafeMutableRawPointer?
  init(_ pointer: UnsafeMutableRawPointer?) { self.pointer = pointer }
}

/// Waits for one invocation outside an exchange, and holds what is lent to it. Used on its call's loop only.
private final class LifecycleWaiter: PluginCallDelegate {
  private let call: PluginCall
  private let config: LentJSON
  private let inputs: UnsafeMutableBufferPointer<UnsafeMutableRawPointer?>
  /// Who takes back a value that comes when nobody waits for it any more.
  private let late: @Sendable (ProvidedValue) -> Void
  private let promise: EventLoopPromise<Result<ProvidedValue, PluginFailure>>
  private var timer: Scheduled<Void>?
  private var isOver = false

  init(
    _ call: PluginCall, config: LentJSON, inputs: [UnsafeMutableRawPointer?],
    late: @escaping @Sendable (ProvidedValue) -> Void, _ promise: EventLoopPromise<Result<ProvidedValue, PluginFailure>>
  ) {
    self.call = call
    self.late = late
    self.promise = promise
    self.config = config
    self.inputs = .allocate(capacity: inputs.count)
    _ = self.inputs.initialize(from: inputs)
  }

  deinit {
    inputs.deallocate()
  }

  func start(
    _ function: PluginFunction, value: UnsafeMutableRawPointer?, outcome: gw_outcome, patience: TimeAmount
  ) {
    let label = function.label
    timer = call.loop.assumeIsolated().scheduleTask(in: patience) { [self] in
      guard call.abandon() else { return }
      end(.failure(.contract("\(label) did not complete within \(patience.nanoseconds / 1_000_000_000) s")))
    }
    call.start(
      function, delegate: self, dependencies: UnsafePointer(inputs.baseAddress), dependencyCount: inputs.count,
      config: config.text, configValue: config.value, value: value, outcome: outcome)
  }

  private func end(_ result: Result<ProvidedValue, PluginFailure>) {
    guard !isOver else { return }
    isOver = true
    timer?.cancel()
    timer = nil
    promise.succeed(result)
  }

  private func completed(_ result: Result<ProvidedValue, PluginFailure>) {
    call.giveBack()
    end(result)
  }

  func callResponded(_ call: PluginCall, status: UInt16, body: UnsafeRawBufferPointer) {
    completed(.failure(.contract("answered with a response where there is no request")))
  }

  func callBeganResponse(_ call: PluginCall, status: UInt16) {
    guard call.abandon() else { return }
    end(.failure(.contract("began an answer in parts where there is no request")))
  }

  func callWrote(_ call: PluginCall, _ part: ByteBuffer) {}

  func callRespondedWithFile(_ call: PluginCall, status: UInt16, path: [UInt8]) {
    completed(.failure(.contract("answered with a file where there is no request")))
  }

  func callProvided(_ call: PluginCall, value: UnsafeMutableRawPointer) { completed(.success(ProvidedValue(value))) }

  func callFinished(_ call: PluginCall) { completed(.success(ProvidedValue(nil))) }

  func callFailed(_ call: PluginCall, _ failure: PluginFailure) { completed(.failure(failure)) }

  func abandonedCallEnded(_ call: PluginCall, unusedValue: UnsafeMutableRawPointer?) {
    call.giveBack()
    if let unusedValue { late(ProvidedValue(unusedValue)) }
  }
}
