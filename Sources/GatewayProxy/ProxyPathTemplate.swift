import GatewayHTTP
import NIOCore

/// The path an upstream is asked for, such as `/v2/{rest}`, with captures of the route's pattern in it. Compiled once.
///
/// Captures are copied as they stand in the matched path: still percent-encoded, so nothing that was data there (an
/// encoded slash, a `?`) can become structure here.
public struct ProxyPathTemplate: Sendable {
  private enum Piece: Sendable {
    case literal(ByteBuffer)
    /// Index among the names the template was compiled with.
    case capture(Int)
  }

  /// As written.
  public let text: String
  private let pieces: [Piece]
  private let literalBytes: Int
  private let captureCount: Int

  /// `names`: what the route's pattern captures, in the order in which captures will be given.
  public init(_ text: String, names: [String]) throws(ProxyPathTemplateError) {
    var pieces: [Piece] = []
    var literal = ByteBuffer()
    var total = 0
    let bytes = Array(text.utf8)
    guard bytes.first == UInt8(ascii: "/") else { throw ProxyPathTemplateError(.doesNotBeginWithSlash, offset: 0) }
    var at = 0
    while at < bytes.count {
      let byte = bytes[at]
      if byte == UInt8(ascii: "{") {
        guard let close = bytes[at...].firstIndex(of: UInt8(ascii: "}")) else {
          throw ProxyPathTemplateError(.unclosedBrace, offset: at)
        }
        let name = String(decoding: bytes[(at + 1)..<close], as: UTF8.self)
        guard let index = names.firstIndex(of: name) else {
          throw ProxyPathTemplateError(.unknownName(name), offset: at + 1)
        }
        if literal.readableBytes > 0 { pieces.append(.literal(literal)) }
        literal = ByteBuffer()
        pieces.append(.capture(index))
        at = close + 1
        continue
      }
      guard Self.isPathCharacter(byte) else { throw ProxyPathTemplateError(.badCharacter(byte), offset: at) }
      literal.writeInteger(byte)
      total += 1
      at += 1
    }
    if literal.readableBytes > 0 { pieces.append(.literal(literal)) }
    self.text = text
    self.pieces = pieces
    literalBytes = total
    captureCount = pieces.count { if case .capture = $0 { true } else { false } }
  }

  /// The longest path that captures of `path` can make.
  func bound(for path: ByteBuffer) -> Int { literalBytes + captureCount * path.readableBytes }

  /// Writes the path for these captures, which are ranges in `path`. False, and nothing written, where a capture lies
  /// outside `path` or holds what may not stand in a path: bytes that are not visible ASCII, `?` or `#`.
  public func write(captures: [ByteRange], of path: ByteBuffer, into buffer: inout ByteBuffer) -> Bool {
    var isSafe = false
    buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: bound(for: path)) { out in
      var writer = WireWriter(out)
      isSafe = write(captures: captures, of: path, into: &writer)
      return isSafe ? writer.count : 0
    }
    return isSafe
  }

  /// As above; where false, what was written by then is to be thrown away.
  func write(captures: [ByteRange], of path: ByteBuffer, into writer: inout WireWriter) -> Bool {
    for piece in pieces {
      switch piece {
      case .literal(let literal): writer.add(literal)
      case .capture(let index):
        guard index < captures.count else { return false }
        let range = captures[index]
        guard range.upperBound <= path.readableBytes else { return false }
        let start = writer.count
        path.withUnsafeReadableBytes { writer.add($0[range]) }
        let capture = writer.written(from: start)
        guard TargetSyntax.isVisible(capture), !capture.contains(UInt8(ascii: "?")) else { return false }
      }
    }
    return true
  }

  /// pchar and `/` (RFC 3986 §3.3); the percent sign stands for an escape the author wrote.
  private static func isPathCharacter(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: "/-._~!$&'()*+,;=:@%".utf8.contains(byte)
    }
  }
}

/// Why a template cannot be compiled, and where in it.
public struct ProxyPathTemplateError: Error, Sendable, Equatable, CustomStringConvertible {
  public enum Kind: Sendable, Equatable {
    case doesNotBeginWithSlash
    case unclosedBrace
    /// No parameter of the route has this name.
    case unknownName(String)
    case badCharacter(UInt8)
  }

  public let kind: Kind
  /// Bytes from the template's start.
  public let offset: Int

  init(_ kind: Kind, offset: Int) {
    self.kind = kind
    self.offset = offset
  }

  public var description: String {
    switch kind {
    case .doesNotBeginWithSlash: "a path must begin with /"
    case .unclosedBrace: "{ without }"
    case .unknownName(let name): "the route's path has no parameter {\(name)}"
    case .badCharacter(let byte) where byte == UInt8(ascii: "}"): "} without {"
    case .badCharacter(let byte) where byte == UInt8(ascii: "?"): "? in a path; the request's query is added by itself"
    case .badCharacter(let byte) where byte > 0x20 && byte < 0x7F:
      "\(Character(UnicodeScalar(byte))) may not stand in a path; write it percent-encoded"
    case .badCharacter: "a character that may not stand in a path; write it percent-encoded"
    }
  }
}
