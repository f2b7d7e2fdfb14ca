import Glibc

/// Something went wrong with a log's destination. Requests go on; the operator is told once.
public struct LogProblem: Error, Sendable, Equatable, CustomStringConvertible {
  public var destination: LogWriter.Destination
  /// `opening` or `writing`.
  public var action: String
  /// The system's error number.
  public var code: Int32

  public init(_ destination: LogWriter.Destination, _ action: String, _ code: Int32) {
    self.destination = destination
    self.action = action
    self.code = code
  }

  public var description: String {
    "access log: \(action) \(destination): \(Self.text(code))" + (hint.map { " (\($0))" } ?? "")
  }

  /// What to do about it.
  public var hint: String? {
    switch (action, code) {
    case ("opening", ENOENT): "the directory does not exist"
    case ("opening", EACCES), ("opening", EPERM): "the gateway's user may not write there"
    case ("opening", EISDIR): "a directory stands there; name a file"
    case ("opening", ENXIO): "a FIFO without a reader; start the reader first"
    case ("opening", EBADF): "it is closed; start the gateway with it open, or log to a file"
    case (_, ENOSPC), (_, EDQUOT): "lines are dropped and counted until there is room"
    case (_, EAGAIN): "the reader does not keep up; given up at the end"
    case (_, EPIPE): "the reader has gone; lines are dropped and counted"
    default: nil
    }
  }

  private static func text(_ code: Int32) -> String {
    // Safe between threads in glibc since 2.32: known texts are constants, others are the thread's own.
    guard let text = strerror(code) else { return "error \(code)" }
    return String(cString: text)
  }
}
