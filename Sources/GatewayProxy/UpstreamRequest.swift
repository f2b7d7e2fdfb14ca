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
    guard token.withUnsafeReadableBytes({ FieldSyntax.isName($0) }), method != .connect, method != .trace,
      target.withUnsafeReadableBytes({ TargetSyntax.isOriginForm($0) })
    else { return nil }
    var hostLine: ByteBuffer?
    if let host {
      guard let line = Upstream.Target.hostLine(host) else { return nil }
      hostLine = line
    }
    let capacity =
      token.readableBytes + target.readableBytes + fields.bytes.readableBytes + (hostLine?.readableBytes ?? 0) + 16
    let isWritten = write(method: method, body: body, capacity: capacity) { writer in
      writer.add(token)
      writer.add(" ")
      writer.add(target)
      writer.add(" HTTP/1.1\r\n")
      if let hostLine { writer.add(hostLine) } else { writer.leaveHostToTarget() }
      writer.add(fields.bytes)
    }
    guard isWritten else { return nil }
  }

  var isFilled: Bool { head.readableBytes > 0 }

  /// Whether the whole request can be written a second time.
  var isReplayable: Bool {
    if case .stream = body { return false }
    return true
  }

  /// Lets go of what the request holds of others, and keeps its own storage.
  public mutating func removeAll() {
    head.clear()
    body = .none
    hostOffset = nil
  }

  /// Fills the request: `lines` puts down request line and fields, at most `capacity` bytes; framing and the empty line
  /// follow by themselves. False, and the request is empty, where `lines` wrote more.
  mutating func write(
    method: HTTPMethod, body: UpstreamBody, capacity: Int, _ lines: (inout WireWriter) -> Void
  ) -> Bool {
    removeAll()
    self.method = method
    // Nothing will come, so nothing has to be waited for, and the request can be sent again.
    let framed = if case .stream(length: 0) = body { UpstreamBody.whole(ByteBuffer()) } else { body }
    self.body = framed
    var isOverfull = false
    var hostOffset: Int?
    head.writeWithUnsafeMutableBytes(minimumWritableBytes: capacity + Self.framingRoom) { out in
      var writer = WireWriter(out)
      lines(&writer)
      Self.writeFraming(method, framed, &writer)
      isOverfull = writer.isOverfull
      hostOffset = writer.hostOffset
      return writer.count
    }
    self.hostOffset = hostOffset
    if isOverfull { removeAll() }
    return !isOverfull
  }

  /// Writes the head, with the target's `Host` line where it belongs, and a body behind it.
  func write(hostLine: ByteBuffer, body: ByteBuffer?, into buffer: inout ByteBuffer) {
    let size = head.readableBytes + hostLine.readableBytes + (body?.readableBytes ?? 0)
    buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: size) { out in
      var writer = WireWriter(out)
      head.withUnsafeReadableBytes { bytes in
        let split = hostOffset ?? 0
        writer.add(UnsafeRawBufferPointer(rebasing: bytes[..<split]))
        if hostOffset != nil { writer.add(hostLine) }
        writer.add(UnsafeRawBufferPointer(rebasing: bytes[split...]))
      }
      if let body { writer.add(body) }
      return writer.count
    }
  }

  /// The longest framing: `content-length: `, 19 digits, two line ends.
  private static let framingRoom = 40

  private static func writeFraming(_ method: HTTPMethod, _ body: UpstreamBody, _ writer: inout WireWriter) {
    switch body {
    case .none:
      // RFC 9110 §8.6: without it some servers wait for a body, or answer 411.
      if method == .post || method == .put || method == .patch { writer.add("content-length: 0\r\n") }
    case .whole(let bytes):
      writer.add("content-length: ")
      writer.addDecimal(bytes.readableBytes)
      writer.add("\r\n")
    case .stream(let length?):
      writer.add("content-length: ")
      writer.addDecimal(length)
      writer.add("\r\n")
    case .stream(nil): writer.add("transfer-encoding: chunked\r\n")
    }
    writer.add("\r\n")
  }
}

/// What may stand between the two blanks of a request line.
enum TargetSyntax {
  /// Path and query in visible ASCII without fragment. A blank or line end here would make two requests of one.
  static func isOriginForm(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard bytes.first == UInt8(ascii: "/") || (bytes.count == 1 && bytes.first == UInt8(ascii: "*")) else {
      return false
    }
    return isVisible(bytes)
  }

  static func isVisible(_ bytes: UnsafeRawBufferPointer) -> Bool {
    for byte in bytes where byte <= 0x20 || byte >= 0x7F || byte == UInt8(ascii: "#") { return false }
    return true
  }
}
