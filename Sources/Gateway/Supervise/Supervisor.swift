import GatewayJSON
import Glibc

/// `gateway run --supervise`: a process that opens no plugin and has one thread, so nothing in it can crash with them. It starts
/// the gateway as a child, passes signals on, and starts it again after a crash.
public struct Supervisor {
  private var state = SupervisorState()
  private let arguments: [String]
  private let origin: timespec

  /// How long a child may take to end after a second signal.
  private static let patience = Duration.seconds(5)

  /// Supervises until a signal ends it, and returns what the child ended with.
  ///
  /// - Parameter arguments: of the child, its name first.
  public static func run(arguments: [String]) -> Int32 {
    var supervisor = Supervisor(arguments)
    return supervisor.run()
  }

  private init(_ arguments: [String]) {
    self.arguments = arguments
    var now = timespec()
    clock_gettime(CLOCK_BOOTTIME, &now)
    origin = now
  }

  /// Also while the machine sleeps: quarantines are a matter of wall time.
  private var now: Duration {
    var now = timespec()
    clock_gettime(CLOCK_BOOTTIME, &now)
    return .seconds(now.tv_sec - origin.tv_sec) + .nanoseconds(now.tv_nsec - origin.tv_nsec)
  }

  // MARK: the loop

  private mutating func run() -> Int32 {
    let received = Self.signals([SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGCHLD])
    var before = sigset_t()
    // A log that nobody reads any more is no reason to end.
    signal(SIGPIPE, SIG_IGN)
    // Ignored by whoever started this, the ends of children would be told to nobody.
    signal(SIGCHLD, SIG_DFL)
    // Taken one after the other by `sigtimedwait`: no handler, so nothing runs in the middle of anything.
    sigprocmask(SIG_BLOCK, received, &before)
    var lastCode = GatewayProcess.ExitCode.start.rawValue
    while true {
      guard let child = start(before) else { return GatewayProcess.ExitCode.start.rawValue }
      let end = watch(child, received)
      take(child)
      child.channel.close()
      lastCode = end.code
      tellEnd(end, child)
      switch state.ended(end, at: now, random: UInt64.random(in: 0...UInt64.max)) {
      case .exit(let code): return code
      case .restart(let delay):
        Self.log("warning", "starting again", [("after_ms", .number(JSONNumber(delay.milliseconds)))])
        if !pause(delay, received) { return lastCode }
      }
    }
  }

  private struct Child {
    let pid: pid_t
    let channel: SupervisionChannel
  }

  /// Until the child has ended; nobody else waits for it, so it cannot be lost.
  private mutating func watch(_ child: Child, _ received: UnsafeMutablePointer<sigset_t>) -> SupervisorState.End {
    var deadline: Duration?
    while true {
      var status: Int32 = 0
      var ended: pid_t = 0
      // Whatever has ended: as the first process of a container it inherits those whose parent has gone.
      repeat {
        ended = waitpid(-1, &status, WNOHANG)
        if ended == child.pid, let end = Self.end(status) { return end }
      } while ended > 0
      if ended == -1, errno == ECHILD { return .exited(GatewayProcess.ExitCode.unclean.rawValue) }
      if let deadline, now >= deadline { kill(child.pid, SIGKILL) }
      // Its packets are few; a look whenever something happens keeps the socket from filling.
      take(child)
      let number = Self.wait(received, atMost: deadline.map { max($0 - now, .milliseconds(1)) } ?? .seconds(60))
      switch number {
      case SIGTERM, SIGINT:
        if state.stop() { deadline = deadline ?? now + Self.patience }
        kill(child.pid, number)
      case SIGHUP, SIGUSR1:
        // Before it serves it has no handler for them, and they would end it; and what it reads is new anyway.
        take(child)
        if state.readySince != nil { kill(child.pid, number) }
      default: break
      }
    }
  }

  private mutating func take(_ child: Child) {
    while true {
      switch child.channel.receive() {
      case .message(let message): state.received(message, at: now)
      case .garbage: Self.log("warning", "the gateway said something that its supervisor does not know", [])
      case .nothing: return
      }
    }
  }

  /// Waits before the next start; false where the end is wanted.
  private mutating func pause(_ delay: Duration, _ received: UnsafeMutablePointer<sigset_t>) -> Bool {
    let until = now + delay
    while now < until {
      switch Self.wait(received, atMost: until - now) {
      case SIGTERM, SIGINT:
        Self.log("info", "stopped before the next start", [])
        return false
      case SIGHUP:
        // Somebody has mended something: at once, and with everybody.
        state.ledger.release()
        return true
      default: break
      }
    }
    return true
  }

  // MARK: what happened

  private mutating func tellEnd(_ end: SupervisorState.End, _ child: Child) {
    var facts: [(String, JSONValue)] = [("pid", .number(JSONNumber(Int(child.pid))))]
    switch end {
    case .exited(let code): facts.append(("exit", .number(JSONNumber(Int(code)))))
    case .signalled(let number): facts.append(("signal", .string(Self.name(number))))
    }
    if state.isStopping { return Self.log("info", "the gateway has ended", facts) }
    guard case .signalled = end else {
      return Self.log("error", "the gateway has ended by itself", facts + [("was_ready", .bool(state.readySince != nil))])
    }
    facts.append(("was_ready", .bool(state.readySince != nil)))
    guard let report = report(of: child) else {
      facts.append(("crash", .string("no report: killed from outside, or a stack overflow on a thread of a library")))
      return Self.log("error", "the gateway has crashed", facts)
    }
    facts.append(("crash", .string(report.summary)))
    Self.log("error", "the gateway has crashed", facts)
    // Without a route there is nothing that could be answered 503.
    guard let function = report.function, report.route != nil else { return }
    switch state.ledger.crashed(function, at: now) {
    case .counted(let count):
      Self.log("warning", "crash counted", [("function", .string(function)), ("crashes", .number(JSONNumber(count)))])
    case .quarantined(let term, let crashes):
      Self.log(
        "error", "function will be quarantined",
        [
          ("function", .string(function)), ("crashes", .number(JSONNumber(crashes))),
          ("seconds", .number(JSONNumber(term.components.seconds))),
        ])
    }
  }

  private func report(of child: Child) -> CrashReport? {
    guard let path = state.reports, let directory = try? CrashDirectory(path: path, makes: false) else { return nil }
    defer { directory.close() }
    return directory.entries().first { $0.isNew && $0.report?.pid == Int(child.pid) }?.report
  }

  /// In the form of the process log.
  private static func log(_ level: String, _ message: String, _ facts: [(String, JSONValue)]) {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    var line = JSONWriter()
    line.beginObject()
    line.name("time" as StaticString)
    line.string(RFC3339.text(seconds: Int(time.tv_sec), milliseconds: Int(time.tv_nsec) / 1_000_000))
    line.name("level" as StaticString)
    line.string(level)
    line.name("message" as StaticString)
    line.string(message)
    for (name, value) in facts + [("process", .string("supervisor"))] {
      line.name(name)
      line.value(value)
    }
    line.endObject()
    Complaint.write(String(decoding: line.bytes, as: UTF8.self) + "\n")
  }

  // MARK: processes and signals

  private mutating func start(_ mask: sigset_t) -> Child? {
    guard let (ours, theirs) = SupervisionChannel.pair() else {
      Complaint.write("gateway: no socket for the supervised process: \(String(cString: strerror(errno)))\n")
      return nil
    }
    defer { theirs.close() }
    ours.send(.quarantined(state.ledger.quarantined(at: now)))
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    // Onto itself: it stays open in the child.
    posix_spawn_file_actions_adddup2(&actions, theirs.descriptor, theirs.descriptor)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var mask = mask
    posix_spawnattr_setsigmask(&attributes, &mask)
    // A group of its own: a terminal's interrupt comes to the supervisor alone, which passes it on, so it counts once.
    posix_spawnattr_setpgroup(&attributes, 0)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP))
    setenv(Supervised.variable, "\(theirs.descriptor):\(getpid())", 1)
    var argv: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
    defer { for word in argv { free(word) } }
    var pid: pid_t = 0
    let code = posix_spawn(&pid, "/proc/self/exe", &actions, &attributes, &argv, environ)
    unsetenv(Supervised.variable)
    guard code == 0 else {
      ours.close()
      Complaint.write("gateway: cannot start the supervised process: \(String(cString: strerror(code)))\n")
      return nil
    }
    state.started()
    Self.log("info", "supervising", [("pid", .number(JSONNumber(Int(pid)))), ("start", .number(JSONNumber(state.starts)))])
    return Child(pid: pid, channel: ours)
  }

  private static func end(_ status: Int32) -> SupervisorState.End? {
    let number = status & 0x7f
    if number == 0 { return .exited((status >> 8) & 0xff) }
    // 0x7f: stopped, not ended.
    return number == 0x7f ? nil : .signalled(number)
  }

  private static func signals(_ numbers: [Int32]) -> UnsafeMutablePointer<sigset_t> {
    // For as long as the process lives.
    let set = UnsafeMutablePointer<sigset_t>.allocate(capacity: 1)
    set.initialize(to: sigset_t())
    sigemptyset(set)
    for number in numbers { sigaddset(set, number) }
    return set
  }

  /// The next signal; 0 where none came in that time.
  private static func wait(_ set: UnsafeMutablePointer<sigset_t>, atMost patience: Duration) -> Int32 {
    var limit = timespec(
      tv_sec: Int(patience.components.seconds), tv_nsec: Int(patience.components.attoseconds / 1_000_000_000))
    let number = sigtimedwait(set, nil, &limit)
    return number > 0 ? number : 0
  }

  private static func name(_ number: Int32) -> String {
    let names: [Int32: String] = [
      SIGSEGV: "SIGSEGV", SIGBUS: "SIGBUS", SIGILL: "SIGILL", SIGFPE: "SIGFPE", SIGABRT: "SIGABRT", SIGTRAP: "SIGTRAP",
      SIGSYS: "SIGSYS", SIGKILL: "SIGKILL", SIGTERM: "SIGTERM", SIGINT: "SIGINT",
    ]
    return names[number] ?? "signal \(number)"
  }
}
