import GatewayHTTP
import NIOCore

/// What follows a request's head on its way to the upstream.
public enum UpstreamBody: Sendable {
  case none
  case whole(ByteBuffer)
  /// Parts come by `UpstreamExchange.sendPart`; framed by content-length, or by chunks where the length is nil.
  case stream(length: Int?)
}

/// A request in the form it goes to the upstream: its head in wire form, checked, and how its body comes.
///
/// Made to be kept and filled again: a filled request costs one copy and, once its storage has grown, no allocation.
/// `ForwardingRules` fills it from a client's request; `init` makes one from nothing.
public struct UpstreamRequest: Sendable {
  public private(set) var method = HTTPMethod.get
  public private(set) var body = UpstreamBody.none
  /// Request line, fields, framing, empty line.
  private(set) var head = ByteBuffer()
  /// Where in `head` the `Host` line of the chosen target belongs; nil where `head` has its own.
  private(set) var hostOffset: Int?

  /// An empty request, to be filled.
  public init() {}

  /// A request of the gateway's own. `fields` carry neither framing nor `Host`: the target's own name is sent, or `host`.
  /// Nil where method, target or host may not stand on the wire.
  public init?(
    method: HTTPMethod, methodText: String = "", target: ByteBuffer, fields: FieldLines = FieldLines(),
    body: UpstreamBody = .none, host: String? = nil
  ) {
    let token = ByteBuffer(string: method == .other ? methodText : method.name)
    let isToken = token.withUnsafeReadableBytes { FieldSyntax.isName($0) }
    guard isToken, method != .connect, method != .trace, target.readableBytes > 0 else { return nil }
    guard target.withUnsafeReadableBytes({ TargetSyntax.isOriginForm($0) }) else { return nil }
    head.writeImmutableBuffer(token)
    head.writeInteger(UInt8(ascii: " "))
    head.writeImmutableBuffer(target)
    head.writeStaticString(" HTTP/1.1\r\n")
    self.method = method
    if let host {
      guard let line = Upstream.Target.hostLine(host) else { return nil }
      head.writeImmutableBuffer(line)
    } else {
      hostOffset = head.readableBytes
    }
    head.writeImmutableBuffer(fields.bytes)
    endHead(body: body)
  }

  var isFilled: Bool { head.readableBytes > 0 }

  /// Whether the whole request can be written a second time.
  var isReplayable: Bool {
    if case .stream = body { return false }
    return true
  }

  /// Lets go of what the request holds of others, and keeps its own storage.
  mutating func removeAll() {
    head.clear()
    body = .none
    hostOffset = nil
  }

  // MARK: for ForwardingRules, in this order

  /// Empties the request. `write` puts down method and target.
  mutating func beginHead(
    method: HTTPMethod, capacity: Int, write: (inout ByteBuffer) -> Bool
  ) -> Bool {
    removeAll()
    self.method = method
    head.reserveCapacity(capacity)
    guard write(&head) else { return false }
    head.writeStaticString(" HTTP/1.1\r\n")
    return true
  }

  mutating func leaveHostToTarget() { hostOffset = head.readableBytes }

  mutating func writeFields(_ write: (inout ByteBuffer) -> Void) { write(&head) }

  /// Writes the framing that `body` has and the empty line.
  mutating func endHead(body: UpstreamBody) {
    self.body = body
    switch body {
    case .none:
      // RFC 9110 §8.6: without it some servers wait for a body, or answer 411.
      if method == .post || method == .put || method == .patch {
        head.writeStaticString("content-length: 0\r\n\r\n")
      } else {
        head.writeStaticString("\r\n")
      }
    case .whole(let bytes): writeLength(bytes.readableBytes)
    case .stream(let length?): writeLength(length)
    case .stream(nil): head.writeStaticString("transfer-encoding: chunked\r\n\r\n")
    }
  }

  private mutating func writeLength(_ length: Int) {
    head.writeStaticString("content-length: ")
    head.writeDecimal(length)
    head.writeStaticString("\r\n\r\n")
  }
}

/// What may stand between the two blanks of a request line.
enum TargetSyntax {
  /// Path and query in visible ASCII without fragment. A blank or line end here would make two requests of one.
  static func isOriginForm(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard bytes.first == UInt8(ascii: "/") || (bytes.count == 1 && bytes.first == UInt8(ascii: "*")) else { return false }
    return isVisible(bytes)
  }

  static func isVisible(_ bytes: UnsafeRawBufferPointer) -> Bool {
    for byte in bytes where byte <= 0x20 || byte >= 0x7F || byte == UInt8(ascii: "#") { return false }
    return true
  }
}
