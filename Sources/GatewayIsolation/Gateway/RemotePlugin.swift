import CGatewayPlugin
import GatewayPluginHost
import Glibc
import NIOConcurrencyHelpers
import NIOCore

/// A plugin in processes of its own. To the rest of the gateway it is a plugin like any other: a descriptor whose functions carry
/// invocations to a worker and completions back.
public final class RemotePlugin: IsolatedPlugin {
  let name: String
  public let options: IsolationOptions
  private let copy: CheckedCopy
  let description: PluginDescription
  /// Nil before `start` and after `close`; it may be started again.
  private let running = NIOLockedValueBox<Running?>(nil)
  private let events = NIOLockedValueBox<(@Sendable (IsolationEvent) -> Void)?>(nil)
  private let extras = NIOLockedValueBox((threads: 4, tasks: 1000))

  /// What there is from `start` on.
  private final class Running: Sendable {
    let lanes: [RemoteLane]
    let group: WorkerGroup
    private let first: UInt32

    init(_ lanes: [RemoteLane], _ group: WorkerGroup) {
      self.lanes = lanes
      self.group = group
      first = lanes.first?.index ?? 0
    }

    /// Loops of one gateway have numbers that follow each other, but for gateways that start at the same time.
    func lane(_ index: UInt32) -> RemoteLane? {
      let place = Int(index) - Int(first)
      if lanes.indices.contains(place), lanes[place].index == index { return lanes[place] }
      return lanes.first { $0.index == index }
    }
  }

  /// Of the content that its processes open.
  public var digest: FileDigest { copy.digest }

  init(name: String, copy: CheckedCopy, options: IsolationOptions, description: PluginDescription) {
    self.name = name
    self.copy = copy
    self.options = options
    self.description = description
  }

  // MARK: life

  public func start(
    on loops: [LoopServices], blockingThreads: Int, tasksOfRequest: Int,
    onEvent: @escaping @Sendable (IsolationEvent) -> Void
  ) async throws {
    events.withLockedValue { $0 = onEvent }
    extras.withLockedValue { $0 = (max(1, blockingThreads), max(0, tasksOfRequest)) }
    let lanes = loops.map { RemoteLane(self, $0) }
    guard let home = lanes.first else { throw IsolationFailure("there is no event loop") }
    let group = WorkerGroup(self, lanes, home: home)
    home.group = group
    let isFirst = running.withLockedValue { running in
      guard running == nil else { return false }
      running = Running(lanes, group)
      return true
    }
    guard isFirst else { throw IsolationFailure("it is started already") }
    let failure = await withCheckedContinuation { (continuation: CheckedContinuation<String?, Never>) in
      home.loop.execute { group.start { continuation.resume(returning: $0) } }
    }
    guard let failure else { return }
    await close()
    throw IsolationFailure(failure)
  }

  public func close() async {
    guard let group = running.withLockedValue({ $0 })?.group else { return }
    await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
      group.home.loop.execute { group.close { continuation.resume() } }
    }
    running.withLockedValue { $0 = nil }
  }

  func launch(_ ends: WorkerDescriptors.Ends, connections: Int) -> WorkerProcess.Launch {
    WorkerProcess.Launch(
      program: WorkerProgram.path, arguments: ["gateway", WorkerProgram.subcommand, name, "\(connections)"],
      environment: WorkerProgram.environment(options.environment), descriptors: ends.childSockets + ends.childMemories,
      output: ends.childOutput)
  }

  func setup(isQuestion: Bool) -> WorkerSetup {
    let (threads, tasks) = extras.withLockedValue { $0 }
    return WorkerSetup(
      name: name, path: copy.path, parent: getpid(), digest: copy.digest.hex, limits: options.limits,
      threads: UInt32(clamping: threads), tasks: UInt32(clamping: tasks), isQuestion: isQuestion)
  }

  // MARK: invocations

  func begin(
    _ function: FunctionReference, _ owner: RemoteOwner, _ invocation: UnsafePointer<gw_invocation>,
    task: RemoteTask? = nil
  ) -> UnsafeMutableRawPointer? {
    guard let running = running.withLockedValue({ $0 }) else {
      RemoteRefusal.notReady(name, "it is not started").fail(invocation.pointee.call, HostTable.shared.pointer)
      return nil
    }
    if owner.takesService {
      RemoteRefusal(
        status: 500, detailJSON: "", type: "ServiceInput", cause: "a table of functions cannot cross to an isolated plugin"
      ).fail(invocation.pointee.call, HostTable.shared.pointer)
      return nil
    }
    if isForAll(function, invocation) { return running.group.begin(function, owner, invocation) }
    guard let lane = running.lane(invocation.pointee.loop) else {
      RemoteRefusal.notReady(name, "it is not started on this loop").fail(
        invocation.pointee.call, HostTable.shared.pointer)
      return nil
    }
    return lane.begin(function, owner, invocation, task)
  }

  /// What belongs to no request is done by every worker.
  private func isForAll(_ function: FunctionReference, _ invocation: UnsafePointer<gw_invocation>) -> Bool {
    switch function.kind {
    case .start, .stop, .health, .policyMake: true
    case .provider: invocation.pointee.request == nil
    case .teardown: invocation.pointee.value_borrowed.map { RemoteValue.of($0).connection == nil } ?? false
    default: false
    }
  }

  func releaseShared(_ number: UInt64) {
    guard let group = running.withLockedValue({ $0 })?.group else { return }
    group.home.loop.execute { group.releaseShared(number) }
  }

  // MARK: what is told

  func report(_ what: IsolationEvent.What) { events.withLockedValue { $0 }?(IsolationEvent(plugin: name, what: what)) }

  func wrote(_ output: OutputLines.Output, _ life: WorkerLife) {
    let pid = life.process.pid ?? 0
    switch output {
    case .line(let text): report(.wrote(pid: pid, line: text))
    case .lost(let count): report(.lost(count))
    }
  }

  func lost(_ count: Int) { report(.lost(count)) }

  func said(_ level: UInt32, _ message: UnsafeRawBufferPointer, _ fields: FieldTable) {
    let facts = UnsafeBufferPointer(start: fields.pointer, count: fields.count).prefix(32).map { field in
      (name: String(decoding: field.name.raw.prefix(64), as: UTF8.self),
       value: String(decoding: field.value.raw.prefix(4096), as: UTF8.self))
    }
    report(
      .said(
        level: gw_log_level(min(level, GW_LOG_ERROR.rawValue)),
        message: String(decoding: message.prefix(16 << 10), as: UTF8.self), facts: facts))
  }
}

struct IsolationFailure: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}
