import Glibc
import NIOCore

/// Writes finished lines off the event loops, on one thread of its own.
///
/// Bounded in lines and bytes: when the destination does not keep up, lines are dropped and counted, never requests.
/// Once it does again, one line says how many are missing. A destination that fails (disk full, reader gone) is
/// reported once (again when it recovered and failed anew, once a minute at most); meanwhile its lines count as
/// dropped.
public final class LogWriter: Sendable {
  public enum Destination: Sendable, Equatable, CustomStringConvertible {
    case standardOutput
    case standardError
    /// Appended to; created with mode 0640 where it does not exist.
    case file(String)
    /// An open descriptor, which is duplicated.
    case descriptor(Int32)

    public var description: String {
      switch self {
      case .standardOutput: "standard output"
      case .standardError: "standard error"
      case .file(let path): path
      case .descriptor(let number): "descriptor \(number)"
      }
    }
  }

  /// How much may wait for the writer.
  public struct Limits: Sendable, Equatable {
    public var lines = 65_536
    public var bytes = 16 * 1024 * 1024

    public init() {}
  }

  private let queue: Monitor<LogQueue>

  /// Opens the destination and starts the thread.
  ///
  /// `droppedLine` makes the line that stands for lost ones from their number and the time (nanoseconds since 1970).
  /// `onProblem` is called on the writer's thread.
  public init(
    _ destination: Destination, limits: Limits = Limits(),
    droppedLine: @escaping @Sendable (_ count: Int, _ time: Int64) -> ByteBuffer,
    onProblem: @escaping @Sendable (LogProblem) -> Void
  ) throws(LogProblem) {
    let sink = try LogSink(destination)
    queue = Monitor(LogQueue(limits: limits))
    let worker = LogWorker(sink: sink, queue: queue, droppedLine: droppedLine, onProblem: onProblem)
    let status = worker.start()
    guard status == 0 else {
      sink.close()
      throw LogProblem(destination, "starting a thread for", status)
    }
  }

  /// An unclosed writer ends by itself once it has written what it has.
  deinit { queue.update { $0.close() } }

  /// Hands a buffer of whole lines over, as an event loop does it every few hundred lines; never waits for the
  /// destination. Gives an empty buffer to go on with. Over the limits, or after `close`, the lines are dropped.
  public func submit(_ bytes: consuming ByteBuffer, lines: Int) -> ByteBuffer {
    let batch = LogQueue.Batch(bytes: bytes, lines: lines)
    return queue.update { $0.submit(batch) }
  }

  /// Opens the file again under its name: for log rotation. Other destinations ignore it.
  public func reopen() { queue.update { $0.requestReopen() } }

  /// Waits until everything handed over (and a `reopen`) before this call has been dealt with; false after `time`.
  /// Blocks: not for event loops.
  @discardableResult
  public func flush(within time: TimeAmount) -> Bool {
    let target = queue.read { $0.sequence }
    return queue.wait(atMost: time.nanoseconds) { $0.processed >= target || $0.isFinished ? true : nil } ?? false
  }

  /// Writes what waits and ends the thread. False where that took longer than `time`: the rest is given up and counted
  /// as dropped, so that a stalled reader cannot hold the shutdown. Blocks: not for event loops.
  @discardableResult
  public func close(within time: TimeAmount) -> Bool {
    queue.update { $0.close() }
    if queue.wait(atMost: time.nanoseconds, until: { $0.isFinished ? true : nil }) == true { return true }
    queue.update { $0.abandon() }
    return false
  }

  /// Lines lost since the start: queue full, destination failing, or given up at the end.
  public var droppedLines: Int { queue.read { $0.droppedTotal } }

  /// Lines written since the start.
  public var writtenLines: Int { queue.read { $0.writtenTotal } }
}
