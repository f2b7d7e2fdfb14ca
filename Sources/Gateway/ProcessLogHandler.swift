import GatewayConfiguration
import GatewayJSON
import GatewayTelemetry
import Glibc
import Logging
import NIOConcurrencyHelpers
import NIOCore

/// Writes the process log as one JSON object a line, off the event loops: a terminal or a collector that stalls holds
/// up no request.
public struct ProcessLogHandler: LogHandler {
  public var metadata: Logger.Metadata = [:]
  public var logLevel = Logger.Level.info
  private let writer: LogWriter
  private let secrets: KnownSecrets

  /// - Parameter secrets: no line tells them: an error of a driver likes to quote the whole connection string.
  public init(writer: LogWriter, secrets: KnownSecrets = KnownSecrets()) {
    self.writer = writer
    self.secrets = secrets
  }

  public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  public func log(event: LogEvent) {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    var line = JSONWriter()
    line.beginObject()
    line.name("time" as StaticString)
    line.string(RFC3339.text(seconds: Int(now.tv_sec), milliseconds: Int(now.tv_nsec) / 1_000_000))
    line.name("level" as StaticString)
    line.string(event.level.rawValue)
    line.name("message" as StaticString)
    let secrets = secrets.all
    line.string(secrets.redacted(event.message.description))
    let all = metadata.merging(event.metadata ?? [:]) { $1 }
    for (key, value) in all.sorted(by: { $0.key < $1.key }) {
      line.name(key)
      // A plugin's error may describe itself at any length.
      line.string(secrets.redacted(String(value.description.prefix(4096))))
    }
    line.endObject()
    _ = writer.submit(ByteBuffer(bytes: line.bytes + [UInt8(ascii: "\n")]), lines: 1)
  }
}

/// Values of secret settings, of every configuration that this process has read: they only become more.
public final class KnownSecrets: Sendable {
  private let known: NIOLockedValueBox<SecretRedactor>

  public init(_ secrets: SecretRedactor = SecretRedactor()) { known = NIOLockedValueBox(secrets) }

  public var all: SecretRedactor { known.withLockedValue { $0 } }

  public func add(_ secrets: SecretRedactor) { known.withLockedValue { $0.add(secrets) } }
}

/// Timestamps of log lines (RFC 3339, UTC).
enum RFC3339 {
  static func text(seconds: Int, milliseconds: Int) -> String {
    var time = time_t(seconds)
    var parts = tm()
    gmtime_r(&time, &parts)
    func digits(_ value: Int32, _ count: Int) -> String {
      let text = String(value)
      return String(repeating: "0", count: max(0, count - text.count)) + text
    }
    let date = "\(digits(parts.tm_year + 1900, 4))-\(digits(parts.tm_mon + 1, 2))-\(digits(parts.tm_mday, 2))"
    let clock = "\(digits(parts.tm_hour, 2)):\(digits(parts.tm_min, 2)):\(digits(parts.tm_sec, 2))"
    return "\(date)T\(clock).\(digits(Int32(milliseconds), 3))Z"
  }
}
