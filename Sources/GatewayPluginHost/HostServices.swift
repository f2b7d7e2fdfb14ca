import CGatewayPlugin

/// What the host does for plugins beside answering requests.
enum HostServices {
  static func log(
    _ call: UnsafePointer<gw_call>?, _ level: UInt32, _ message: gw_bytes_borrowed,
    _ facts: UnsafePointer<gw_field_borrowed>?, _ count: Int
  ) {}

  static func traceParent(_ call: gw_call, _ buffer: UnsafeMutablePointer<UInt8>, _ capacity: Int) -> Int { 0 }

  static func metric(
    _ kind: UInt32, _ name: gw_bytes_borrowed, _ labels: UnsafePointer<gw_field_borrowed>?, _ count: Int
  ) -> UInt64 { 0 }

  static func record(_ metric: UInt64, _ value: Double) {}

  static func now(_ loop: UInt32) -> UInt64 { 0 }

  static func wallClock(_ loop: UInt32) -> Int64 { 0 }

  static func startTimer(
    _ loop: UInt32, _ nanoseconds: UInt64, _ fire: @convention(c) (UnsafeMutableRawPointer?, UInt32) -> Void,
    _ context: UnsafeMutableRawPointer?
  ) -> UInt64 { 0 }

  static func cancelTimer(_ loop: UInt32, _ timer: UInt64) {}

  static func fetch(_ fetch: UnsafePointer<gw_fetch_borrowed>) -> UInt64 { 0 }

  static func resumeFetch(_ loop: UInt32, _ fetch: UInt64) {}

  static func writeFetch(_ loop: UInt32, _ fetch: UInt64, _ part: gw_bytes_borrowed, _ isLast: UInt32) -> gw_completion {
    GW_ALREADY_COMPLETE
  }

  static func cancelFetch(_ loop: UInt32, _ fetch: UInt64) {}
}
