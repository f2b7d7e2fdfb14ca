import CWorkerProcess
import Glibc
import NIOConcurrencyHelpers

/// A child process from its start to its end. One thread starts it and waits for it: the system ends the child when that
/// thread ends, so it must live as long, and nobody else takes the child's end from it.
final class WorkerProcess: Sendable {
  /// How a process ended.
  enum End: Sendable, Equatable, CustomStringConvertible {
    case exited(Int32)
    case killed(Int32)
    case notStarted(Int32)

    var description: String {
      switch self {
      case .exited(let code): "exited with code \(code)"
      case .killed(let signal): "was ended by signal \(signal) (\(Self.name(signal)))"
      case .notStarted(let code): "could not be started: \(String(cString: strerror(code)))"
      }
    }

    private static func name(_ signal: Int32) -> String {
      switch signal {
      case SIGILL: "SIGILL"
      case SIGTRAP: "SIGTRAP"
      case SIGABRT: "SIGABRT"
      case SIGBUS: "SIGBUS"
      case SIGFPE: "SIGFPE"
      case SIGKILL: "SIGKILL"
      case SIGSEGV: "SIGSEGV"
      case SIGTERM: "SIGTERM"
      case SIGXCPU: "SIGXCPU"
      case SIGSYS: "SIGSYS"
      default: String(cString: strsignal(signal))
      }
    }
  }

  private struct State {
    var pid: pid_t?
    var isOver = false
    /// Why the gateway ended it.
    var reason: String?
  }

  private let state = NIOLockedValueBox(State())

  var pid: pid_t? { state.withLockedValue { $0.pid } }
  /// Why the gateway ended it; nil where it did not.
  var reason: String? { state.withLockedValue { $0.reason } }

  /// What a process is started with. The descriptors are closed here once it is.
  struct Launch: Sendable {
    var program: String
    var arguments: [String]
    var environment: [String]
    /// 3, 4, ... in the child.
    var descriptors: [Int32]
    /// Its standard output and error.
    var output: Int32
  }

  /// `onEnd` is called once, on a thread of its own, when the process has ended or could not be started.
  init(_ launch: Launch, onEnd: @escaping @Sendable (End) -> Void) {
    let start = Unmanaged.passRetained(
      ThreadStart { [state] in
        let end = Self.run(launch, state)
        onEnd(end)
      })
    var thread = pthread_t()
    let code = pthread_create(
      &thread, nil,
      { argument in
        guard let argument else { return nil }
        Unmanaged<ThreadStart>.fromOpaque(argument).takeRetainedValue().body()
        return nil
      }, start.toOpaque())
    if code == 0 {
      pthread_detach(thread)
    } else {
      start.release()
      for descriptor in launch.descriptors + [launch.output] { close(descriptor) }
      onEnd(.notStarted(code))
    }
  }

  private final class ThreadStart: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }

  private static func run(_ launch: Launch, _ state: NIOLockedValueBox<State>) -> End {
    defer { state.withLockedValue { $0.isOver = true } }
    var pid: pid_t = 0
    let code = withTexts(launch.arguments) { arguments in
      withTexts(launch.environment) { environment in
        wp_spawn(
          launch.program, arguments, environment, launch.descriptors, Int32(launch.descriptors.count), launch.output, &pid)
      }
    }
    for descriptor in launch.descriptors + [launch.output] { close(descriptor) }
    guard code == 0 else { return .notStarted(code) }
    let isUnwanted = state.withLockedValue { state in
      state.pid = pid
      return state.reason != nil
    }
    if isUnwanted { kill(pid, SIGKILL) }
    _ = wp_await_end(pid)
    // What it started goes with it: it has a session of its own, whose number stays its own until it is waited for.
    _ = Glibc.kill(-pid, SIGKILL)
    // Its number is its own until it is waited for: under the lock, nobody signals another process.
    return state.withLockedValue { state in
      state.isOver = true
      var status: Int32 = 0
      while waitpid(pid, &status, 0) == -1 {
        // Nobody else waits for it; if somebody did, all that is known is that it is gone.
        guard errno == EINTR else { return .exited(-1) }
      }
      let signal = status & 0x7f
      return signal == 0 ? .exited((status >> 8) & 0xff) : .killed(signal)
    }
  }

  /// As C has lists of texts.
  private static func withTexts<Result>(_ texts: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result) -> Result {
    let pointers: [UnsafeMutablePointer<CChar>?] = texts.map { strdup($0) } + [nil]
    defer { for pointer in pointers { free(pointer) } }
    return body(pointers)
  }

  /// Asks it to end. From any thread.
  func signal(_ signal: Int32) {
    state.withLockedValue { state in
      if let pid = state.pid, !state.isOver { _ = Glibc.kill(pid, signal) }
    }
  }

  /// Ends it now; the first reason stands. From any thread.
  func end(_ reason: String) {
    state.withLockedValue { state in
      guard !state.isOver else { return }
      if state.reason == nil { state.reason = reason }
      guard let pid = state.pid else { return }
      _ = Glibc.kill(pid, SIGKILL)
      _ = Glibc.kill(-pid, SIGKILL)
    }
  }
}

/// Sockets and pipes between the gateway and a worker.
enum WorkerDescriptors {
  struct Failure: Error, CustomStringConvertible {
    let description: String
    init(_ what: String, _ code: Int32) { description = "\(what): \(String(cString: strerror(code)))" }
  }

  /// What stays here, and what the child gets: numbers that starting it cannot overwrite.
  struct Ends {
    var sockets: [Int32] = []
    var output: Int32 = -1
    var childSockets: [Int32] = []
    /// Two for each socket: from here, and from there.
    var memories: [Int32] = []
    var childMemories: [Int32] = []
    var childOutput: Int32 = -1

    func close() {
      for descriptor in sockets + childSockets + memories + childMemories + [output, childOutput] where descriptor >= 0 { Glibc.close(descriptor) }
    }
  }

  static func make(connections: Int, hasMemory: Bool = true) throws(Failure) -> Ends {
    var ends = Ends()
    let lowest = wp_lowest(Int32(connections) * (hasMemory ? 3 : 1))
    do throws(Failure) {
      for _ in 0..<connections {
        var pair: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &pair) == 0 else {
          throw Failure("a socket for a worker", errno)
        }
        ends.sockets.append(pair[0])
        ends.childSockets.append(try raised(pair[1], lowest))
        guard hasMemory else { continue }
        for _ in 0..<2 {
          let memory = wp_make_memory(SharedMemory.size)
          guard memory >= 0 else { throw Failure("memory to share with a worker", errno) }
          ends.memories.append(memory)
          let other = fcntl(memory, F_DUPFD_CLOEXEC, lowest)
          guard other >= 0 else { throw Failure("a descriptor for a worker", errno) }
          ends.childMemories.append(other)
        }
      }
      var pair: [Int32] = [-1, -1]
      guard wp_pipe(&pair) == 0 else { throw Failure("a pipe for a worker", errno) }
      ends.output = pair[0]
      ends.childOutput = try raised(pair[1], lowest)
    } catch {
      ends.close()
      throw error
    }
    return ends
  }

  private static func raised(_ descriptor: Int32, _ lowest: Int32) throws(Failure) -> Int32 {
    guard descriptor < lowest else { return descriptor }
    let other = fcntl(descriptor, F_DUPFD_CLOEXEC, lowest)
    let code = errno
    close(descriptor)
    guard other >= 0 else { throw Failure("a descriptor for a worker", code) }
    return other
  }
}

/// The program of workers: this one, unless a test says which.
public enum WorkerProgram {
  public static let subcommand = "plugin-worker"
  private static let chosen = NIOLockedValueBox("/proc/self/exe")

  public static var path: String {
    get { chosen.withLockedValue { $0 } }
    set { chosen.withLockedValue { $0 = newValue } }
  }

  /// Only what is allowed; and what the dynamic linker needs to start the program as this one was.
  static func environment(_ names: [String]) -> [String] {
    var entries: [String] = []
    for name in names + ["LD_LIBRARY_PATH"] where !entries.contains(where: { $0.hasPrefix(name + "=") }) {
      if let value = getenv(name) { entries.append("\(name)=\(String(cString: value))") }
    }
    // A worker that traps ends at once; the gateway says what is known.
    if !names.contains("SWIFT_BACKTRACE") { entries.append("SWIFT_BACKTRACE=enable=no") }
    return entries
  }
}
