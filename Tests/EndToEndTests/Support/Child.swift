@preconcurrency import Dispatch
import Foundation
import Glibc
import Synchronization

/// A process that a test started: its output line by line, its end, and a timer that kills it when the test hangs.
final class Child: Sendable {
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  let pid: pid_t
  let output = Lines()
  let errors = Lines()
  private let end = Mutex<Int32?>(nil)
  /// Kills it when its time is over.
  private let watchdog: DispatchWorkItem

  /// - Parameter seconds: it is killed after this time, whatever it does.
  init(
    _ program: String, _ arguments: [String], environment: [String: String] = [:], killAfter seconds: Int = 60
  ) throws {
    var variables = ProcessInfo.processInfo.environment
    variables.merge(environment) { $1 }
    let out = try Self.pipe()
    let err = try Self.pipe()
    pid = try Self.spawn([program] + arguments, variables.map { "\($0)=\($1)" }, out: out.write, err: err.write)
    close(out.write)
    close(err.write)
    let pid = pid
    watchdog = DispatchWorkItem { kill(pid, SIGKILL) }
    output.read(out.read)
    errors.read(err.read)
    DispatchQueue.global().asyncAfter(deadline: .now() + .seconds(seconds), execute: watchdog)
  }

  deinit {
    guard end.withLock({ $0 == nil }) else { return }
    kill(pid, SIGKILL)
    _ = wait()
  }

  func send(_ signal: Int32) { _ = kill(pid, signal) }

  /// Waits for its end; the exit code, or 128 and the number of the signal that ended it, as shells say it.
  @discardableResult
  func wait() -> Int32 {
    end.withLock { end in
      if let end { return end }
      var status: Int32 = 0
      while waitpid(pid, &status, 0) == -1, errno == EINTR {}
      watchdog.cancel()
      let signal = status & 0x7f
      let code = signal == 0 ? (status >> 8) & 0xff : 128 + signal
      end = code
      return code
    }
  }

  /// Open descriptors of the process.
  var descriptors: Int {
    (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd").count) ?? -1
  }

  /// Runs a program to its end.
  static func run(
    _ program: String, _ arguments: [String], environment: [String: String] = [:]
  ) throws -> (code: Int32, output: String, errors: String) {
    let child = try Child(program, arguments, environment: environment)
    let output = child.output.whole()
    let errors = child.errors.whole()
    return (child.wait(), output, errors)
  }

  /// Where that program is, or nil.
  static func find(_ program: String) -> String? {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
    return (path + ":/usr/sbin:/sbin").components(separatedBy: ":").map { "\($0)/\(program)" as String }
      .first { FileManager.default.isExecutableFile(atPath: $0) }
  }

  // A GNU extension, which Swift's module of glibc leaves out.
  private typealias CloseFrom = @convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, Int32) -> Int32
  private static let closeFrom = dlsym(nil, "posix_spawn_file_actions_addclosefrom_np").map {
    unsafeBitCast($0, to: CloseFrom.self)
  }

  private static func pipe() throws -> (read: Int32, write: Int32) {
    var ends: [Int32] = [0, 0]
    guard Glibc.pipe(&ends) == 0 else { throw Failure(description: "pipe: errno \(errno)") }
    return (ends[0], ends[1])
  }

  private static func spawn(
    _ arguments: [String], _ environment: [String], out: Int32, err: Int32
  ) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, out, 1)
    posix_spawn_file_actions_adddup2(&actions, err, 2)
    // Descriptors of tests that run beside this one stay out, or their peers would never see an end of file.
    guard let closeFrom, closeFrom(&actions, 3) == 0 else {
      throw Failure(description: "needs posix_spawn_file_actions_addclosefrom_np (glibc 2.34)")
    }
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    for signal in [SIGTERM, SIGINT, SIGPIPE, SIGUSR1, SIGHUP] { sigaddset(&signals, signal) }
    posix_spawnattr_setsigdefault(&attributes, &signals)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

    var argv: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
    var envp: [UnsafeMutablePointer<CChar>?] = environment.map { strdup($0) } + [nil]
    defer { for text in argv + envp { free(text) } }
    var pid: pid_t = 0
    let result = posix_spawn(&pid, arguments[0], &actions, &attributes, &argv, &envp)
    guard result == 0 else { throw Failure(description: "cannot start \(arguments[0]): errno \(result)") }
    return pid
  }
}

/// What a process writes, as lines; a reader may wait for one.
final class Lines: @unchecked Sendable {
  // Proof for @unchecked: everything below is used under the condition's lock only.
  private let condition = NSCondition()
  private var lines: [String] = []
  private var isOver = false

  /// Reads the descriptor to its end on a thread of its own, and closes it.
  func read(_ descriptor: Int32) {
    let thread = Thread { [self] in
      let file = fdopen(descriptor, "r")
      var line: UnsafeMutablePointer<CChar>?
      var capacity = 0
      while getline(&line, &capacity, file) > 0 {
        guard let line else { break }
        var text = String(cString: line)
        if text.hasSuffix("\n") { text.removeLast() }
        condition.withLock {
          lines.append(text)
          condition.broadcast()
        }
      }
      free(line)
      fclose(file)
      condition.withLock {
        isOver = true
        condition.broadcast()
      }
    }
    thread.start()
  }

  /// The first line for which it holds, as soon as it is there; nil when the process ends (or 30 s pass) without it.
  func first(where holds: (String) -> Bool) -> String? {
    let limit = Date(timeIntervalSinceNow: 30)
    return condition.withLock {
      var next = 0
      while true {
        while next < lines.count {
          if holds(lines[next]) { return lines[next] }
          next += 1
        }
        guard !isOver, condition.wait(until: limit) else { return nil }
      }
    }
  }

  /// Everything that was written by the end of the process.
  func whole() -> String {
    condition.withLock {
      while !isOver { condition.wait() }
      return lines.map { $0 + "\n" }.joined()
    }
  }

  /// What there is so far.
  var soFar: [String] { condition.withLock { lines } }
}
