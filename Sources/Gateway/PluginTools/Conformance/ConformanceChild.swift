import Dispatch
import GatewayConfiguration
import GatewayJSON
import GatewayPluginHost
import Glibc
import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix

/// The process that opens a plugin and does to it whatever a gateway may do. It is started by `PluginConformance`, and may end at
/// any moment by what the plugin does.
public struct ConformanceChild: Sendable {
  private let path: String
  private let skipped: Set<String>
  private let left: Set<String>
  private let configuration: String?
  private let name: String
  private let folder: String?
  private let channel = ConformanceChannel()

  /// - Parameters:
  ///   - skipped: steps that ended an earlier process.
  ///   - left: groups that made one wait in vain.
  ///   - configuration: a file to use in place of one that is made.
  ///   - name: the plugin's in that file.
  ///   - folder: where to go before the plugin is opened.
  public init(
    path: String, skipping skipped: [String] = [], leaving left: [String] = [], configuration: String? = nil,
    name: String? = nil, folder: String? = nil
  ) {
    self.path = path
    self.skipped = Set(skipped)
    self.left = Set(left)
    self.folder = folder
    self.configuration = configuration
    self.name = configuration == nil ? ConformanceSetup.name : name ?? ConformanceSetup.name
  }

  /// Opens the plugin, and says what it is. Blocks.
  public func describe() { wait { await open { _, _ in } } }

  /// All of it. Blocks.
  public func run() {
    // What the plugin writes by a relative path goes where it is removed afterwards.
    if let folder, chdir(folder) != 0 { return }
    wait { await open { loops, plugin in await test(loops, plugin) } }
    channel.send(.done)
  }

  private func wait(_ body: @escaping @Sendable () async -> Void) {
    let done = DispatchSemaphore(value: 0)
    Task {
      await body()
      done.signal()
    }
    done.wait()
  }

  /// In front of the names of the second round's steps.
  private static let again = "again: "

  private func report(_ finding: ConformanceFinding) { channel.send(.finding(finding)) }

  private func open(_ body: (LoopGroup, LoadedPlugin) async -> Void) async {
    channel.send(.step("open", group: PluginConformance.Part.opens))
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    guard let loops = LoopGroup(group) else { return }
    var loader = PluginLoader(host: ConformanceProbe.shared.table)
    switch loader.open(path: path, name: name) {
    case .failure(let problems):
      for problem in problems.problems where problem.severity == .error {
        report(
          .init(
            .refused, .error, "", "\(problem.field): found \(problem.found), expected \(problem.expected)",
            remedy: problem.remedy))
      }
    case .success(let plugin):
      channel.send(.opened(PluginSummary(plugin)))
      await body(loops, plugin)
    }
    await loops.close()
    try? await group.shutdownGracefully()
  }

  // MARK: the test

  private func test(_ loops: LoopGroup, _ plugin: LoadedPlugin) async {
    ConformanceProbe.shared.onBegin { [channel] in channel.send(.function($0)) }
    channel.send(.step("wire", group: PluginConformance.Part.opens))
    guard let (gateway, functions) = load(plugin), let snapshot = gateway.snapshot else { return }
    defer { snapshot.closeLogs() }
    let requests =
      gateway.openAPIDocument(isCompact: true).flatMap { try? JSONValue(parsing: $0) }
      .map { ConformanceRequests.all($0) } ?? []
    // The first round makes what is kept for good: threads, caches, files that stay open.
    guard await round("", snapshot, loops, requests, functions) else { return }
    let before = ProcessFacts.descriptors()
    guard await round(Self.again, snapshot, loops, requests, functions) else { return }
    channel.send(.step("resources", group: PluginConformance.Part.stops))
    let after = ProcessFacts.descriptors()
    if after > before {
      report(
        .init(
          .leaksDescriptors, .error, "",
          "\(after - before) descriptors more are open after the second stop than after the first",
          remedy: "close files and sockets in teardowns and in `stop`, on every path"))
    }
    for function in functions.values.sorted() where !ConformanceProbe.shared.hasBegun(function) {
      channel.send(
        .untried(function: function, reason: "no request that was made reached it; give a configuration with --config"))
    }
  }

  private func load(_ plugin: LoadedPlugin) -> (LoadedGateway, [String: String])? {
    var text = ""
    var functions: [String: String] = [:]
    if let configuration {
      switch Environment.process().read(configuration, 1 << 20) {
      case .failure(let problem):
        report(
          .init(
            .doesNotFitTogether, .error, "", "the file \(configuration) \(problem.sentence)", remedy: "correct --config"
          ))
        return nil
      case .success(let bytes): text = String(decoding: bytes, as: UTF8.self)
      }
    } else {
      let setup = ConformanceSetup(plugin, path: path)
      (text, functions) = (setup.text, setup.functions)
      for (function, reason) in setup.untried { channel.send(.untried(function: function, reason: reason)) }
    }
    let gateway = GatewayLoader.load(
      text: text, path: configuration ?? "generated.yaml", variables: [:],
      linked: [name: WrappedPlugin.descriptor(plugin.descriptor.pointer)], libraries: [name], overrides: [])
    guard gateway.snapshot != nil else {
      report(
        .init(
          .doesNotFitTogether, .error, "", gateway.text(),
          remedy: configuration == nil
            ? "correct the declarations; where the plugin is right, give a configuration that fits with --config"
            : "correct the configuration"))
      return nil
    }
    // What is told of the made file is this tool's own affair.
    for warning in gateway.diagnostics.all where configuration != nil || warning.file.hasPrefix("<the ") {
      report(
        .init(
          .doesNotFitTogether, .warning, "", "\(warning.file): \(warning.message)",
          remedy: warning.help ?? "correct the declaration"))
    }
    return (gateway, functions)
  }

  /// One life of the plugin, from its start to its stop. False where nothing can follow.
  private func round(
    _ prefix: String, _ snapshot: Snapshot, _ loops: LoopGroup, _ requests: [ConformanceRequests],
    _ functions: [String: String]
  ) async -> Bool {
    let probe = ConformanceProbe.shared
    guard begin(prefix + "start", group: PluginConformance.Part.starts) else { return false }
    probe.setStopped(false)
    let blocking = BlockingPool(threads: 4, queue: 256)
    let instance: Instance
    do {
      instance = try await Instance.start(
        snapshot, loops: loops, blocking: blocking, logger: Logger(label: "plugin") { _ in SwiftLogNoOpLogHandler() })
    } catch {
      flush()
      report(
        .init(.doesNotStart, .error, "start", "\(error)", remedy: "see what it says; a config may be needed: --config"))
      return false
    }
    var isWhole = true
    if begin(prefix + "health", group: PluginConformance.Part.health) {
      isWhole = await settles()
      if let said = probe.takeFailures()["health"] {
        report(
          .init(.unhealthy, .warning, "health", "it says that it cannot serve: \(said)", remedy: "see what it says"))
      }
    }
    let runner = ConformanceRunner(instance: instance, loop: loops.members.first?.loop)
    for operation in requests where isWhole {
      // A route of the made configuration that is there for something else.
      guard configuration != nil || functions[operation.path] != nil else { continue }
      let function = functions[operation.path] ?? operation.label
      for request in operation.requests where isWhole {
        guard begin("\(prefix)\(function), \(request.name)", group: function) else { continue }
        let outcomes = await runner.send(request)
        isWhole = await settles()
        tell(outcomes, of: function, request)
      }
    }
    for (path, function) in functions.sorted(by: { $0.key < $1.key }) where isWhole {
      guard let request = ConformanceRunner.errorRequest(path) else { continue }
      guard begin("\(prefix)\(function), asked to answer for an error", group: function) else { continue }
      let outcomes = await runner.send(request)
      isWhole = await settles()
      tell(outcomes, of: function, request)
    }
    guard begin(prefix + "stop", group: PluginConformance.Part.stops) else { return false }
    let problems = await instance.stop(within: .seconds(5))
    flush()
    // What never completes was told already, and is what the end waits for.
    if isWhole {
      for problem in problems {
        report(
          .init(.doesNotStop, .error, "stop", problem, remedy: "complete every invocation, also when it is cancelled"))
      }
    }
    await withCheckedContinuation { done in blocking.shutdown { done.resume() } }
    probe.setStopped(true)
    await lookForWork()
    return isWhole && problems.isEmpty
  }

  /// False where an earlier process ended in this step.
  private func begin(_ step: String, group: String) -> Bool {
    // What ended a process in the first round is not tried again in the second.
    let first = step.hasPrefix(Self.again) ? String(step.dropFirst(Self.again.count)) : step
    guard !skipped.contains(step), !skipped.contains(first), !left.contains(group) else { return false }
    channel.send(.step(step, group: group))
    return true
  }

  private func flush() {
    for finding in ConformanceProbe.shared.takeFindings() { report(finding) }
  }

  /// Waits until nothing is open. False where something stays so, which is a finding.
  private func settles() async -> Bool {
    let probe = ConformanceProbe.shared
    for _ in 0..<600 where !probe.openFunctions.isEmpty { try? await Task.sleep(nanoseconds: 5_000_000) }
    flush()
    let open = probe.openFunctions
    for function in open {
      report(
        .init(
          .neverCompletes, .error, function,
          "it has not completed, neither at the deadline nor when the client had gone",
          remedy: "complete the invocation on every path; gw_plugin.cancel asks for it early"))
    }
    probe.forgetOpen()
    return open.isEmpty
  }

  private func tell(
    _ outcomes: [ConformanceRunner.Outcome], of function: String, _ request: ConformanceRequests.Request
  ) {
    let failures = ConformanceProbe.shared.takeFailures()
    // That its work is cancelled is no failure of its own.
    guard !request.leaves else { return }
    for (failed, said) in failures.sorted(by: { $0.key < $1.key }) {
      report(
        .init(
          .fails, .warning, failed, "a request \(request.name): \(said)",
          remedy: "where a client can cause it, fail with a status and a detail"))
    }
    if outcomes.contains(.unanswered) || outcomes.contains(.answered(504)) {
      report(
        .init(
          .doesNotAnswer, .error, function, "a request \(request.name) was not answered within its time",
          remedy: "answer on every path; a handler that waits for another system has a limit of its own"))
    } else if outcomes.contains(.cutOff) {
      report(
        .init(
          .answersInvalidly, .error, function, "the answer to a request \(request.name) was cut off",
          remedy: "end a streamed answer with end_response, and no sooner than it is whole"))
    }
  }

  /// Threads of the plugin that go on when it has stopped.
  private func lookForWork() async {
    // Twice: what ends just now is nobody's fault.
    var busy: Set<String> = []
    for turn in 0..<2 {
      let before = ProcessFacts.threads()
      try? await Task.sleep(nanoseconds: 200_000_000)
      let now = ProcessFacts.threads()
      let ran = Set(
        now.filter { id, thread in before[id].map { thread.ticks > $0.ticks + 4 } ?? false }.map {
          "\($0.value.name) (\($0.key))"
        })
      busy = turn == 0 ? ran : busy.intersection(ran)
      if busy.isEmpty { break }
    }
    for thread in busy.sorted() {
      report(
        .init(
          .worksAfterStop, .warning, "stop", "thread \(thread) goes on working after the plugin has stopped",
          remedy: "end the plugin's own threads before `stop` completes"))
    }
    flush()
  }
}
