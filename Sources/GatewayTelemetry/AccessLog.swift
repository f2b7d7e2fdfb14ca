import GatewayHTTP
import Glibc
import NIOCore

/// One event loop's access log: formats lines into its own buffer and hands the whole buffer to the writer when it is
/// full, or at the next tick. No lock, system call or allocation per line.
///
/// Belongs to its loop: not `Sendable`. Where no log is configured there is none.
public final class AccessLog {
  /// A buffer of this many bytes is handed over without waiting for the tick.
  static let handOverSize = 32 * 1024

  private let options: AccessLogOptions
  private let writer: LogWriter
  // One stored property: each access to one of a class is checked for exclusivity at run time (117 instructions).
  private var lines: Lines

  private struct Lines {
    var formatter: AccessLogFormatter
    var buffer = ByteBuffer()
    var count = 0
    /// Wall clock minus monotonic clock, nanoseconds; renewed at every tick, so lines need not ask the clock.
    var wallOffset: Int64

    mutating func log(_ record: AccessLogRecord, _ context: RequestContext) -> Bool {
      let time = wallOffset &+ Int64(bitPattern: context.started.uptimeNanoseconds)
      if formatter.append(record, context, at: time, to: &buffer) { count += 1 }
      return buffer.readableBytes >= AccessLog.handOverSize
    }

    mutating func log(
      _ record: AccessLogRecord, _ peer: IPAddress?, _ isTLS: Bool, _ requestID: String, _ now: NIODeadline
    ) -> Bool {
      let time = wallOffset &+ Int64(bitPattern: now.uptimeNanoseconds) &- record.duration
      if formatter.append(record, peer: peer, isTLS: isTLS, requestID: requestID, at: time, to: &buffer) { count += 1 }
      return buffer.readableBytes >= AccessLog.handOverSize
    }

    mutating func handOver(to writer: LogWriter) {
      guard count > 0 else { return }
      let full = buffer
      // The only reference goes to the writer, which empties the buffer without copying it.
      buffer = ByteBuffer()
      buffer = writer.submit(full, lines: count)
      count = 0
    }
  }

  public init(_ options: AccessLogOptions, writer: LogWriter) {
    self.options = options
    self.writer = writer
    lines = Lines(formatter: AccessLogFormatter(options), wallOffset: Self.currentOffset(.now()))
  }

  /// Logs an exchange that is over.
  public func log(_ record: AccessLogRecord, _ context: RequestContext) {
    guard isWanted(record) else { return }
    if lines.log(record, context) { handOver() }
  }

  /// Logs bytes that never became an exchange: malformed, too large, too slow. `now` is when they were refused.
  public func log(
    _ record: AccessLogRecord, peer: IPAddress?, isTLS: Bool, requestID: String = "", now: NIODeadline
  ) {
    guard isWanted(record) else { return }
    if lines.log(record, peer, isTLS, requestID, now) { handOver() }
  }

  /// A few times a second (at most 200 ms apart), so that lines do not wait for a full buffer.
  public func tick(_ now: NIODeadline) {
    lines.wallOffset = Self.currentOffset(now)
    handOver()
  }

  /// Hands over what there is: at the end of the loop.
  public func handOver() { lines.handOver(to: writer) }

  deinit { handOver() }

  private func isWanted(_ record: AccessLogRecord) -> Bool {
    options.filter == .all || record.status >= 500 || options.isSlow(record.duration)
  }

  private static func currentOffset(_ now: NIODeadline) -> Int64 {
    var wall = timespec()
    clock_gettime(CLOCK_REALTIME, &wall)
    return Int64(wall.tv_sec) &* 1_000_000_000 &+ Int64(wall.tv_nsec) &- Int64(bitPattern: now.uptimeNanoseconds)
  }
}
