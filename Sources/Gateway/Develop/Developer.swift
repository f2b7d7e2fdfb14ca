import GatewayConfiguration
import GatewayJSON
import GatewayPluginHost
import Glibc
import NIOConcurrencyHelpers

/// `gateway dev`: serves in a child process, watches configuration and sources, builds, and has the child reload.
///
/// One thread, which waits for files, the child, the build and signals at once. The child may crash, and a configuration may be
/// wrong from the start: this process stays.
public final class Developer {
  public struct Options: Sendable {
    public var path: String
    public var changes: EnvironmentChanges
    /// By plugin: shell commands that build it, instead of `swift build` in its package.
    public var builds: [String: String]
    public var isLoopbackOnly = true
    public var isTerminal = false
    public var isColored = false

    public init(path: String, changes: EnvironmentChanges, builds: [String: String]) {
      self.path = path
      self.changes = changes
      self.builds = builds
    }
  }

  private let options: Options
  /// Of the child: `gateway run FILE …`, its name first.
  private let arguments: [String]
  private let screen: DevelopScreen
  private var state = DevelopState()
  private var plan = WatchPlan()
  private let watch: FileWatch
  private var child: Subprocess?
  private var channel: SupervisionChannel?
  private var build: (name: String, process: Subprocess, output: String, began: ContinuousClock.Instant)?
  private var delay = RestartDelay()
  private var reports: String?
  private var served: ContinuousClock.Instant?
  private var restartAt: ContinuousClock.Instant?
  /// When the change that is being worked on was seen.
  private var workingSince: ContinuousClock.Instant?
  /// What has changed and is still being written, and since when.
  private var changes: Set<WatchPlan.Meaning> = []
  private var changedAt = ContinuousClock.now
  private var stops = 0
  /// The content of libraries that is reloaded, or about to be.
  private var marks: [String: [Int]] = [:]
  /// The gateway is to be started again as soon as it has ended.
  private var isRestarting = false

  /// Editors write several files, and a file in several steps: what comes within this time is one change.
  private static let quiet = Duration.milliseconds(40)

  /// Works until it is interrupted; the exit code.
  public static func run(_ options: Options, arguments: [String]) -> Int32 {
    do {
      return try Developer(options, arguments).run()
    } catch {
      Complaint.write("gateway: \(error)\n")
      return GatewayProcess.ExitCode.start.rawValue
    }
  }

  private init(_ options: Options, _ arguments: [String]) throws {
    self.options = options
    self.arguments = arguments
    screen = DevelopScreen(isTerminal: options.isTerminal, isColored: options.isColored)
    watch = try FileWatch()
  }

  // MARK: the loop

  private func run() throws -> Int32 {
    let signals = try SignalPipe()
    signal(SIGPIPE, SIG_IGN)
    show(screen.round("gateway dev \(options.path)"))
    replan()
    let isComplete = plan.builds.allSatisfy { $0.library.map { access($0, F_OK) == 0 } ?? false }
    carryOut(state.begin(plan.builds.filter { !$0.command.isEmpty }.map(\.name), isComplete: isComplete))
    while true {
      var polled = [pollfd(fd: signals.read, events: Int16(POLLIN), revents: 0), pollfd(fd: watch.descriptor, events: Int16(POLLIN), revents: 0)]
      for descriptor in [child?.output, channel?.descriptor, build?.process.output] {
        if let descriptor, descriptor >= 0 { polled.append(pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)) }
      }
      _ = poll(&polled, nfds_t(polled.count), patience)
      for number in signals.take() where number == UInt8(SIGTERM) || number == UInt8(SIGINT) {
        stops += 1
        if child == nil { return 0 }
        build?.process.send(SIGTERM, toGroup: true)
        child?.send(stops > 1 ? SIGKILL : SIGTERM)
      }
      lookAtFiles()
      lookAtBuild()
      if let code = lookAtChild() { return code }
      if let restartAt, ContinuousClock.now >= restartAt {
        self.restartAt = nil
        carryOut(state.handle(.waited))
      }
    }
  }

  /// Milliseconds until something is due; -1: nothing is.
  private var patience: Int32 {
    var waits: [Duration] = []
    if let restartAt { waits.append(restartAt - .now) }
    if !changes.isEmpty { waits.append(changedAt + Self.quiet - .now) }
    guard let least = waits.min() else { return -1 }
    return Int32(clamping: max(0, least.milliseconds + 1))
  }

  private func lookAtFiles() {
    let (paths, isIncomplete) = watch.read()
    // What a build has made is reloaded when it ends.
    let isOwn = { (meaning: WatchPlan.Meaning) -> Bool in
      guard case .library(let name) = meaning else { return false }
      if self.build?.name == name { return true }
      guard let mark = self.mark(of: name) else { return false }
      defer { self.marks[name] = mark }
      return self.marks[name] == mark
    }
    var meanings = paths.reduce(into: Set<WatchPlan.Meaning>()) { $0.formUnion(plan.meanings(of: $1)) }
    meanings = meanings.filter { !isOwn($0) }
    if isIncomplete {
      // The kernel dropped events: everything may have changed.
      meanings.formUnion(plan.builds.filter { !$0.command.isEmpty }.map { .source($0.name) } + [.configuration])
    }
    if !meanings.isEmpty {
      if changes.isEmpty { changedAt = .now }
      if workingSince == nil { workingSince = .now }
      changes.formUnion(meanings)
    }
    guard !changes.isEmpty, ContinuousClock.now >= changedAt + Self.quiet else { return }
    let changed = changes
    changes = []
    show(screen.round("changed: \(changed.map(Self.text).sorted().joined(separator: ", "))"))
    carryOut(state.handle(.changed(changed)))
  }

  private static func text(_ meaning: WatchPlan.Meaning) -> String {
    switch meaning {
    case .configuration: "the configuration"
    case .source(let plugin): "sources of \(plugin)"
    case .dependency(let plugin): "what \(plugin) may use"
    case .library(let plugin): "the library of \(plugin)"
    }
  }

  private func carryOut(_ actions: [DevelopState.Action]) {
    for action in actions {
      switch action {
      case .plan: replan()
      case .build(let name): startBuild(name)
      case .reload(let names): channel?.send(.reload(names))
      case .start: start()
      }
    }
  }

  private func show(_ text: String) {
    var text = text
    text.withUTF8 { bytes in
      var rest = bytes[...]
      while !rest.isEmpty {
        let count = write(STDOUT_FILENO, UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: rest)).baseAddress, rest.count)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return }
        rest = rest.dropFirst(count)
      }
    }
  }

  // MARK: what is watched

  /// Reads the configuration for the names of files; what is wrong with it the gateway tells.
  private func replan() {
    let read = NIOLockedValueBox<Set<String>>([])
    var environment = Environment.process()
    let (reader, checker) = (environment.read, environment.check)
    environment.read = { path, limit in
      read.withLockedValue { _ = $0.insert(WatchedPlugin.absolute(path)) }
      return reader(path, limit)
    }
    environment.check = { path in
      read.withLockedValue { _ = $0.insert(WatchedPlugin.absolute(path)) }
      return checker(path)
    }
    let result = ConfigurationLoader.load(
      path: options.path, overlays: options.changes.sources, environment: environment)
    let path = WatchedPlugin.absolute(options.path)
    plan.files = read.withLockedValue { $0 }.union([path])
    if let file = result.file {
      plan.builds = WatchedPlugin.plan(file, commands: options.builds, base: WatchedPlugin.parent(path))
    }
    for problem in watch.set(flat: plan.flat, deep: plan.deep) { show(screen.line(problem, .bad)) }
    for name in options.builds.keys.sorted() where result.file != nil && !plan.builds.contains(where: { $0.name == name }) {
      show(screen.line("--build names `\(name)`, and there is no such plugin", .bad))
    }
  }

  /// Changes with the library's file.
  private func mark(of name: String) -> [Int]? {
    var status = stat()
    guard let library = plan.builds.first(where: { $0.name == name })?.library, stat(library, &status) == 0 else { return nil }
    return [Int(status.st_ino), Int(status.st_mtim.tv_sec), status.st_mtim.tv_nsec, Int(status.st_size)]
  }

  // MARK: builds

  private func startBuild(_ name: String) {
    guard let plan = plan.builds.first(where: { $0.name == name }), let program = plan.command.first,
      let process = Subprocess(program, plan.command, takesAll: true)
    else {
      show(screen.line("\(name) cannot be built: \(String(cString: strerror(errno)))", .bad))
      return carryOut(state.handle(.built(name, isGood: false)))
    }
    build = (name, process, "", .now)
  }

  private func lookAtBuild() {
    guard var running = build else { return }
    for line in running.process.lines() where running.output.utf8.count < 1 << 20 { running.output += line + "\n" }
    build = running
    // The end of its output may come before its end, or after it.
    guard running.process.output < 0 || running.process.reap() != nil, let end = running.process.reap() else { return }
    for line in running.process.lines() { running.output += line + "\n" }
    build = nil
    let isGood = end == .exited(0)
    let time = (ContinuousClock.now - running.began).milliseconds
    if isGood {
      // Its library may not have been there when the configuration was read.
      replan()
      marks[running.name] = mark(of: running.name)
      show(screen.line("\(running.name) built (\(time) ms)", .good))
    } else {
      show(screen.build(running.output))
      workingSince = nil
      show(screen.line("\(running.name) does not build; what was built last serves on", .bad))
    }
    carryOut(state.handle(.built(running.name, isGood: isGood)))
  }

  // MARK: the gateway

  private func start() {
    guard stops == 0, child == nil else { return }
    restartAt = nil
    guard let (ours, theirs) = SupervisionChannel.pair() else {
      return show(screen.line("no socket for the gateway: \(String(cString: strerror(errno)))", .bad))
    }
    ours.send(.develop(isLoopbackOnly: options.isLoopbackOnly))
    child = Subprocess(
      "/proc/self/exe", arguments, kept: theirs.descriptor,
      variable: (Supervised.variable, "\(theirs.descriptor):\(getpid())"), takesAll: false)
    theirs.close()
    guard child != nil else {
      ours.close()
      return show(screen.line("the gateway cannot be started: \(String(cString: strerror(errno)))", .bad))
    }
    channel = ours
    served = nil
  }

  /// Non-nil: this process ends too.
  private func lookAtChild() -> Int32? {
    guard let child else { return nil }
    for line in child.lines() { if let text = screen.log(line) { show(text) } }
    takePackets()
    guard let end = child.reap() else { return nil }
    // The last that it said.
    takePackets()
    for line in child.lines() { if let text = screen.log(line) { show(text) } }
    channel?.close()
    channel = nil
    self.child = nil
    if stops > 0 { return end.code }
    ended(end, child)
    return nil
  }

  private func ended(_ end: SupervisorState.End, _ child: Subprocess) {
    if isRestarting {
      isRestarting = false
      _ = state.handle(.ended(isMistake: false))
      return carryOut(state.handle(.waited))
    }
    switch end {
    case .exited(let code) where code == 1 || code == 2:
      show(screen.line("not serving; it starts when this is mended", .bad))
      carryOut(state.handle(.ended(isMistake: true)))
    default:
      let report = reports.flatMap { path -> CrashReport? in
        guard let directory = try? CrashDirectory(path: path, makes: false) else { return nil }
        defer { directory.close() }
        return directory.entries().first { $0.report?.pid == Int(child.pid) }?.report
      }
      let wait = delay.next(served: served.map { .now - $0 } ?? .zero, random: UInt64.random(in: 0...UInt64.max))
      show(screen.line("crashed: \(report?.summary ?? "code \(end.code)"); it starts again in \(wait.milliseconds) ms", .bad))
      restartAt = .now + wait
      carryOut(state.handle(.ended(isMistake: false)))
    }
  }

  private func takePackets() {
    while case .message(let message)? = channel?.receive() {
      switch message {
      case .ready:
        served = .now
        show(screen.line("serving", .good))
        carryOut(state.handle(.ready))
      case .reports(let path): reports = path
      case .reloaded(let outcome, let needsRestart, let text):
        show(outcome == .refused ? screen.line(text.trimmed, .bad) : screen.line(text.trimmed))
        if let workingSince, outcome == .swapped {
          show(screen.line("serving \((ContinuousClock.now - workingSince).milliseconds) ms after the change", .good))
        }
        workingSince = nil
        if needsRestart {
          // While somebody works on it, a pause is no loss.
          show(screen.line("starting the gateway again", .faint))
          isRestarting = true
          child?.send(SIGTERM)
        }
      default: break
      }
    }
  }
}

extension String {
  fileprivate var trimmed: String {
    var text = self[...]
    while text.last?.isNewline == true { text.removeLast() }
    return String(text)
  }
}

/// Signals as bytes in a pipe, for a loop that polls.
struct SignalPipe {
  let read: Int32

  // nonisolated(unsafe): written once, before the handlers are installed; they only read it.
  private nonisolated(unsafe) static var writer: Int32 = -1

  init() throws {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw FileWatch.Problem(description: "no pipe: \(String(cString: strerror(errno)))") }
    for end in ends {
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
      _ = fcntl(end, F_SETFL, O_NONBLOCK)
    }
    read = ends[0]
    Self.writer = ends[1]
    for number in [SIGTERM, SIGINT, SIGCHLD] {
      // A full pipe holds signals enough.
      signal(number) { number in
        let saved = errno
        var byte = UInt8(truncatingIfNeeded: number)
        _ = write(SignalPipe.writer, &byte, 1)
        errno = saved
      }
    }
  }

  func take() -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 256)
    let count = Glibc.read(read, &bytes, bytes.count)
    return count > 0 ? Array(bytes[..<count]) : []
  }
}
