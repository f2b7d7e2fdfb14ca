import Glibc
import NIOCore

/// The descriptor that lines are written to. Used by one thread.
struct LogSink {
  /// Owned: a duplicate of standard output or error, or the opened file. So lines can never end up in a connection
  /// that was given the number of a closed standard output.
  private var descriptor: Int32
  private var isRegularFile: Bool
  /// Whether the last write stopped inside a line (disk full); then the next one starts a new line first.
  private var isMidLine = false
  let destination: LogWriter.Destination

  /// Opens the destination; never waits (a FIFO without a reader is an error, not a hang).
  init(_ destination: LogWriter.Destination) throws(LogProblem) {
    self.destination = destination
    switch destination {
    case .standardOutput: descriptor = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)
    case .standardError: descriptor = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3)
    case .descriptor(let number): descriptor = fcntl(number, F_DUPFD_CLOEXEC, 3)
    case .file(let path):
      descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0o640)
    }
    guard descriptor >= 0 else { throw LogProblem(destination, "opening", errno) }
    var status = stat()
    isRegularFile = fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
  }

  /// Opens the file again under its name, after a rotation moved it away. The old one stays in use if that fails.
  mutating func reopen() throws(LogProblem) {
    guard case .file = destination else { return }
    let fresh = try LogSink(destination)
    close()
    self = fresh
  }

  func close() { Glibc.close(descriptor) }

  /// Writes all of `bytes`, whole lines. `stops` is asked while the reader stalls. Gives how many lines were not
  /// written completely, and why.
  mutating func write(_ bytes: UnsafeRawBufferPointer, stops: () -> Bool) -> (lost: Int, problem: LogProblem?) {
    var at = 0
    var error: Int32 = 0
    if isMidLine {
      var newline = UInt8(ascii: "\n")
      let (written, code) = withUnsafeBytes(of: &newline) { push($0, stops) }
      error = code
      if written == 1 { isMidLine = false }
    }
    while error == 0, at < bytes.count {
      let (written, code) = push(UnsafeRawBufferPointer(rebasing: bytes[at...]), stops)
      at += written
      error = code
    }
    if at > 0 { isMidLine = bytes[at - 1] != UInt8(ascii: "\n") }
    guard error != 0 else { return (0, nil) }
    let lost = bytes[at...].reduce(0) { $0 + ($1 == UInt8(ascii: "\n") ? 1 : 0) }
    return (lost, LogProblem(destination, "writing", error))
  }

  /// One write of as much as cannot block; gives the bytes written and an error number, 0 for none.
  private func push(_ bytes: UnsafeRawBufferPointer, _ stops: () -> Bool) -> (Int, Int32) {
    while true {
      if !isRegularFile, !waitUntilWritable(stops) { return (0, EAGAIN) }
      let written = Glibc.write(descriptor, bytes.baseAddress, isRegularFile ? bytes.count : Self.portion(bytes))
      if written >= 0 { return (written, 0) }
      if errno == EINTR { continue }
      if errno == EAGAIN {
        // Writable for less than the portion: let the reader make room.
        if stops() { return (0, EAGAIN) }
        poll(nil, 0, 10)
        continue
      }
      return (0, errno)
    }
  }

  /// Pipes, terminals and sockets may stall. Their blocking mode is not ours to change (the description of standard
  /// output is shared with the shell), so the descriptor is asked first; a pipe that says yes takes `PIPE_BUF` bytes
  /// without blocking. Errors count as writable: the write then names them.
  private func waitUntilWritable(_ stops: () -> Bool) -> Bool {
    while true {
      var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
      if poll(&entry, 1, 100) > 0 { return true }
      if stops() { return false }
    }
  }

  /// The lines that fit into `PIPE_BUF` (4096) bytes, so that writers sharing the pipe do not cut each other's lines;
  /// of a longer line its first 4096 bytes.
  private static func portion(_ bytes: UnsafeRawBufferPointer) -> Int {
    guard bytes.count > 4096 else { return bytes.count }
    return (bytes[..<4096].lastIndex(of: UInt8(ascii: "\n")) ?? 4095) + 1
  }
}
