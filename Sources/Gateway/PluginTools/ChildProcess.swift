import Glibc

/// Another program, or this one again, run to its end.
struct ChildProcess {
  enum Ending: Equatable {
    case exited(Int32)
    case signal(Int32)
    /// It said nothing for too long, and was killed.
    case silent
  }

  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  /// Descriptor on which a child that is listened to writes.
  static let reportDescriptor: Int32 = 3
  /// This program, also when its file was replaced meanwhile.
  static let thisProgram = "/proc/self/exe"

  /// Runs a program with this one's standard streams.
  static func run(_ program: String, _ arguments: [String], environment: [String: String] = [:]) throws(Failure)
    -> Ending
  {
    try end(of: spawn(program, arguments, environment) { _ in 0 }, program)
  }

  /// Runs a program and takes its standard output, at most `limit` bytes; what it complains about is shown.
  static func output(
    of program: String, _ arguments: [String], environment: [String: String] = [:], limit: Int = 16 << 20
  ) throws(Failure) -> (ending: Ending, output: [UInt8]) {
    var output: [UInt8] = []
    let ending = try listen(program, arguments, environment, to: STDOUT_FILENO, silence: nil) { part in
      output += part.prefix(max(0, limit - output.count))
    }
    return (ending, output)
  }

  /// Runs this program again and takes what it reports, line by line. Its standard output goes to standard error: what a plugin
  /// prints is not the report.
  ///
  /// - Parameter silence: seconds; it is killed when nothing comes for so long.
  static func report(
    _ arguments: [String], silence: Int, _ line: (String) -> Void
  ) throws(Failure) -> Ending {
    var rest: [UInt8] = []
    return try listen(thisProgram, arguments, [:], to: reportDescriptor, silence: silence) { part in
      rest += part
      while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
        line(String(decoding: rest[..<end], as: UTF8.self))
        rest.removeSubrange(...end)
      }
      // No line of ours is as long: somebody else writes there.
      if rest.count > 1 << 20 { rest = [] }
    }
  }

  private static func listen(
    _ program: String, _ arguments: [String], _ environment: [String: String], to descriptor: Int32, silence: Int?,
    _ part: (ArraySlice<UInt8>) -> Void
  ) throws(Failure) -> Ending {
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else { throw Failure(description: "no pipe: \(String(cString: strerror(errno)))") }
    // Between the two nobody else starts a program: this process does nothing beside.
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    defer { close(ends[0]) }
    let pid: pid_t
    do throws(Failure) {
      pid = try spawn(program, arguments, environment) { actions in
        let code = posix_spawn_file_actions_adddup2(actions, ends[1], descriptor)
        guard code == 0, descriptor == reportDescriptor else { return code }
        return posix_spawn_file_actions_adddup2(actions, STDERR_FILENO, STDOUT_FILENO)
      }
    } catch {
      close(ends[1])
      throw error
    }
    close(ends[1])
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    var isSilent = false
    while true {
      var wanted = pollfd(fd: ends[0], events: Int16(POLLIN), revents: 0)
      let ready = poll(&wanted, 1, silence.map { Int32(clamping: $0 * 1000) } ?? -1)
      if ready < 0, errno == EINTR { continue }
      guard ready > 0 else {
        isSilent = true
        kill(pid, SIGKILL)
        break
      }
      let count = read(ends[0], &buffer, buffer.count)
      if count > 0 { part(buffer[..<count]) } else if count == 0 || errno != EINTR { break }
    }
    let ending = end(of: pid, program)
    return isSilent ? .silent : ending
  }

  private static func spawn(
    _ program: String, _ arguments: [String], _ environment: [String: String],
    _ prepare: (UnsafeMutablePointer<posix_spawn_file_actions_t>) -> Int32
  ) throws(Failure) -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    guard prepare(&actions) == 0 else { throw Failure(description: "\(program) cannot be prepared") }
    var argv: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) } + [nil]
    defer { for word in argv { free(word) } }
    var variables: [String] = environment.map { "\($0.key)=\($0.value)" }
    var entry = environ
    while let text = entry.pointee {
      let variable = String(cString: text)
      if environment[String(variable.prefix { $0 != "=" })] == nil { variables.append(variable) }
      entry += 1
    }
    var envp: [UnsafeMutablePointer<CChar>?] = variables.map { strdup($0) } + [nil]
    defer { for word in envp { free(word) } }
    var pid: pid_t = 0
    let code = posix_spawnp(&pid, program, &actions, nil, &argv, &envp)
    guard code == 0 else { throw Failure(description: "\(program) cannot be run: \(String(cString: strerror(code)))") }
    return pid
  }

  private static func end(of pid: pid_t, _ program: String) -> Ending {
    var status: Int32 = 0
    while waitpid(pid, &status, 0) == -1 {
      guard errno == EINTR else { return .exited(127) }
    }
    let signal = status & 0x7F
    return signal == 0 ? .exited((status >> 8) & 0xFF) : .signal(signal)
  }

  /// As `kill -l` has them; the number of others.
  static func name(ofSignal signal: Int32) -> String {
    switch signal {
    case SIGILL: "SIGILL (a trap of Swift or the compiler)"
    case SIGTRAP: "SIGTRAP (a trap of Swift or the compiler)"
    case SIGABRT: "SIGABRT (it gave up by itself, or the heap is damaged)"
    case SIGSEGV: "SIGSEGV (memory that is not there)"
    case SIGBUS: "SIGBUS (memory that is not there)"
    case SIGFPE: "SIGFPE (a division by zero)"
    case SIGKILL: "SIGKILL (killed by somebody else, or out of memory)"
    default: "signal \(signal)"
    }
  }
}
