import Glibc

/// A process that was started, with its output in one pipe. Used on one thread.
final class Subprocess {
  let pid: pid_t
  /// Its standard output and error; -1 once it is closed.
  private(set) var output: Int32
  private var partial: [UInt8] = []
  private(set) var end: SupervisorState.End?

  /// A line is cut off here; what writes more without an end is no log.
  private static let longestLine = 256 * 1024

  /// - Parameters:
  ///   - kept: a descriptor that it inherits under its number.
  ///   - variable: one more in its environment.
  ///   - takesAll: its standard output comes through the pipe too, not only its standard error.
  init?(
    _ program: String, _ arguments: [String], kept: Int32? = nil, variable: (name: String, value: String)? = nil,
    takesAll: Bool
  ) {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { return nil }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    if takesAll { posix_spawn_file_actions_adddup2(&actions, ends[1], 1) }
    posix_spawn_file_actions_adddup2(&actions, ends[1], 2)
    if let kept { posix_spawn_file_actions_adddup2(&actions, kept, kept) }
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    sigaddset(&signals, SIGPIPE)
    posix_spawnattr_setsigdefault(&attributes, &signals)
    // A group of its own: an interrupt of the terminal is passed on, once; and all of a build ends with it.
    posix_spawnattr_setpgroup(&attributes, 0)
    posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP))
    if let variable { setenv(variable.name, variable.value, 1) }
    var argv: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
    defer { for word in argv { free(word) } }
    var pid: pid_t = 0
    let code = posix_spawnp(&pid, program, &actions, &attributes, &argv, environ)
    if let variable { unsetenv(variable.name) }
    close(ends[1])
    guard code == 0 else {
      close(ends[0])
      errno = code
      return nil
    }
    self.pid = pid
    output = ends[0]
  }

  deinit {
    if output >= 0 { close(output) }
  }

  /// Whole lines that have come; at the end of the stream also what has no end.
  func lines() -> [String] {
    guard output >= 0 else { return [] }
    var part = [UInt8](repeating: 0, count: 64 * 1024)
    while true {
      let count = read(output, &part, part.count)
      if count < 0, errno == EINTR { continue }
      if count < 0, errno == EAGAIN { break }
      if count <= 0 {
        close(output)
        output = -1
        if !partial.isEmpty { partial.append(10) }
        break
      }
      partial += part[..<count]
      // A writer that never waits must not keep everybody else waiting.
      if partial.count > Self.longestLine { break }
    }
    if partial.count > Self.longestLine, !partial.contains(10) { partial.append(10) }
    guard let last = partial.lastIndex(of: 10) else { return [] }
    let text = String(decoding: partial[..<last], as: UTF8.self)
    partial.removeFirst(last + 1)
    return text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
  }

  /// Looks whether it has ended.
  func reap() -> SupervisorState.End? {
    guard end == nil else { return end }
    var status: Int32 = 0
    guard waitpid(pid, &status, WNOHANG) == pid else { return nil }
    end = status & 0x7f == 0 ? .exited((status >> 8) & 0xff) : .signalled(status & 0x7f)
    return end
  }

  /// To it alone, or to all that it has started.
  func send(_ signal: Int32, toGroup: Bool = false) {
    guard end == nil else { return }
    kill(toGroup ? -pid : pid, signal)
  }
}
