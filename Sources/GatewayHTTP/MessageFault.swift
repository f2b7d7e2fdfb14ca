/// Why a received message was refused, before it is known who has to hear of it: a client gets `detail` with
/// `status`; for an upstream's fault the client gets 502 and the log gets the detail.
struct MessageFault: Error {
  /// The status that a request with this fault is answered with.
  var status: UInt16
  var detail: String

  init(_ status: UInt16, _ detail: String) {
    self.status = status
    self.detail = detail
  }

  /// 400 for what the grammar does not allow.
  static func malformed(_ detail: String) -> MessageFault { MessageFault(400, detail) }

  /// The framing of what follows cannot be trusted any more, so the connection always closes (RFC 9112 §9.6).
  var requestError: HTTPError { HTTPError(status, detail: detail, closes: true) }

  /// The client did nothing wrong and its connection stays usable; it learns no more than "bad gateway".
  var responseError: HTTPError { HTTPError(502, cause: "upstream response refused: \(detail)") }

  /// How a byte is shown in a detail: visible characters as they are, the rest by number, so that a detail can never
  /// carry a control character into a log line or a page.
  static func show(_ byte: UInt8) -> String {
    if byte > 0x20, byte < 0x7F { return "'\(Character(UnicodeScalar(byte)))'" }
    let digits = String(byte, radix: 16, uppercase: true)
    return byte < 16 ? "0x0\(digits)" : "0x\(digits)"
  }
}
