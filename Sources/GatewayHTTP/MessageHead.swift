import NIOCore

/// One field of a received head, as ranges into the head's bytes.
public struct FieldEntry: Sendable {
  public var name: ByteRange
  /// Without the blanks around it.
  public var value: ByteRange
  public var known: KnownField

  @inlinable
  public init(name: ByteRange, value: ByteRange, known: KnownField) {
    self.name = name
    self.value = value
    self.known = known
  }
}

/// How a message's body ends (RFC 9112 §6.3).
public enum BodyFraming: Sendable, Equatable {
  case none
  case length(Int)
  case chunked
  /// Ends with the connection; responses only.
  case untilClose
}

/// A received head that was checked as a whole: its bytes, and where everything is in them.
public protocol MessageHead: Sendable {
  /// The head as received, from the first byte of the start line to the empty line.
  var bytes: ByteBuffer { get }
  var fields: [FieldEntry] { get }
  var framing: BodyFraming { get }
  /// Minor version of HTTP/1.
  var minorVersion: UInt8 { get }
  /// Whether the connection may carry another message after this one (RFC 9112 §9.3).
  var keepAlive: Bool { get }
}

extension MessageHead {
  /// The text of a range of the head.
  public func text(_ range: ByteRange) -> String {
    bytes.withUnsafeReadableBytes { String(decoding: $0[range], as: UTF8.self) }
  }

  /// The first field the gateway knows by that name.
  @inlinable
  public func first(_ known: KnownField) -> ByteRange? {
    for field in fields where field.known == known { return field.value }
    return nil
  }

  /// The first value of a known field as text.
  public func value(_ known: KnownField) -> String? {
    first(known).map(text)
  }

  /// The first value under a name (any letter case) as text.
  public func value(_ name: String) -> String? {
    var name = name
    return name.withUTF8 { name in
      let name = UnsafeRawBufferPointer(name)
      return bytes.withUnsafeReadableBytes { bytes in
        for field in fields where FieldSyntax.sameName(bytes, field.name.range, name) {
          return String(decoding: bytes[field.value], as: UTF8.self)
        }
        return nil
      }
    }
  }
}

/// A request's head.
public struct RequestHead: MessageHead {
  public var bytes: ByteBuffer
  public var method: HTTPMethod
  public var methodRange: ByteRange
  /// The request target as received (RFC 9112 §3.2).
  public var target: ByteRange
  public var minorVersion: UInt8
  public var fields: [FieldEntry]
  public var framing: BodyFraming
  public var keepAlive: Bool
  /// `Expect: 100-continue` on an HTTP/1.1 request with a body (RFC 9110 §10.1.1).
  public var expectsContinue: Bool
  /// Host (and port) the client asked for: of the target in absolute form, else of `Host`; empty only in HTTP/1.0.
  public var authority: ByteRange
  /// Path and query of an absolute-form target, else the same as `target`. `*` for OPTIONS, authority for CONNECT.
  public var pathAndQuery: ByteRange

  public init(
    bytes: ByteBuffer, method: HTTPMethod, methodRange: ByteRange, target: ByteRange, minorVersion: UInt8,
    fields: [FieldEntry], framing: BodyFraming, keepAlive: Bool, expectsContinue: Bool, authority: ByteRange,
    pathAndQuery: ByteRange
  ) {
    self.bytes = bytes
    self.method = method
    self.methodRange = methodRange
    self.target = target
    self.minorVersion = minorVersion
    self.fields = fields
    self.framing = framing
    self.keepAlive = keepAlive
    self.expectsContinue = expectsContinue
    self.authority = authority
    self.pathAndQuery = pathAndQuery
  }

  public var methodText: String { method == .other ? text(methodRange) : method.name }
}

/// A response's head, as an upstream sent it.
public struct ResponseHead: MessageHead {
  public var bytes: ByteBuffer
  public var status: UInt16
  public var minorVersion: UInt8
  public var fields: [FieldEntry]
  public var framing: BodyFraming
  public var keepAlive: Bool

  public init(
    bytes: ByteBuffer, status: UInt16, minorVersion: UInt8, fields: [FieldEntry], framing: BodyFraming, keepAlive: Bool
  ) {
    self.bytes = bytes
    self.status = status
    self.minorVersion = minorVersion
    self.fields = fields
    self.framing = framing
    self.keepAlive = keepAlive
  }
}
