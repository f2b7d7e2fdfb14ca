import GatewayHTTP
import Glibc
import NIOCore

/// The date line of responses, `date: Sun, 06 Nov 1994 08:49:37 GMT` and its line end (RFC 9110 §6.6.1), made once a
/// second.
struct DateLine {
  private(set) var bytes: [UInt8] = []
  private var second = Int.min

  init(wall: Int) { set(wall: wall) }

  /// `wall` is in seconds since 1970.
  mutating func set(wall: Int) {
    guard wall != second else { return }
    second = wall
    bytes = Array("date: \(HTTPDate.string(wall))\r\n".utf8)
  }

  /// The machine's time of day, in seconds since 1970.
  static var wall: Int { time(nil) }
}
