/// What is logged and how. Compiled once; shared by all event loops.
public struct AccessLogOptions: Sendable {
  public enum Format: Sendable, Equatable {
    /// One JSON object a line, with the names of OpenTelemetry's HTTP conventions where there is one.
    case json
    /// Apache's and nginx's `combined`, followed by the seconds the request took, and ` slow` where it was.
    case combined
  }

  public enum Filter: Sendable, Equatable {
    case all
    /// Only requests over the slow threshold, and those that ended in a status of 500 or above.
    case slow
  }

  public var format: Format
  public var filter: Filter
  /// Nanoseconds; a request that took longer is logged as `"level":"warning","slow":true`. Nil: none is slow.
  public var slowThreshold: Int64?
  /// Which parts of a query (also the referer's) are shown.
  public var query: QueryRedaction

  public init(
    format: Format = .json, filter: Filter = .all, slowThreshold: Int64? = nil, query: QueryRedaction = .standard
  ) {
    self.format = format
    self.filter = filter
    self.slowThreshold = slowThreshold
    self.query = query
  }

  func isSlow(_ duration: Int64) -> Bool {
    guard let slowThreshold else { return false }
    return duration > slowThreshold
  }
}

/// The longest text of each kind in a line, in bytes before escaping; what is cut ends in an ellipsis. They bound the
/// line, and keep one client from filling the disk with 32 KiB heads.
enum AccessLogLimits {
  static let method = 32
  static let host = 255
  static let path = 2048
  static let query = 2048
  static let userAgent = 512
  static let referer = 1024
  static let requestID = 128
  static let name = 256
  static let cause = 1024

  /// Literals, numbers and addresses, and at their worst those texts that are short in every line.
  static let fixedPart =
    2048 + (method + host + userAgent + requestID + 5 * name) * Escaping.worstCase + 16 * Escaping.ellipsis
}
