/// The fields of a head that decide how the connection goes on, found in one walk over the fields and judged by
/// RFC 9112 §6 without leniency: what two implementations may read in two ways is refused.
struct MessageControls {
  private(set) var hostCount = 0
  private(set) var host = ByteRange(start: 0, count: 0)
  private(set) var lengthCount = 0
  private(set) var length = ByteRange(start: 0, count: 0)
  private(set) var codingCount = 0
  private(set) var closeAsked = false
  private(set) var keepAliveAsked = false
  private(set) var hasExpectation = false

  @inline(__always)
  init(_ bytes: UnsafeRawBufferPointer, _ entries: [FieldEntry]) {
    for entry in entries {
      switch entry.known {
      case .host:
        hostCount &+= 1
        host = entry.value
      case .contentLength:
        lengthCount &+= 1
        length = entry.value
      case .transferEncoding: codingCount &+= 1
      case .connection: readConnection(bytes, entry.value.range)
      case .expect: hasExpectation = true
      default: break
      }
    }
  }

  /// RFC 9112 §9.3.
  func keepsAlive(minorVersion: UInt8) -> Bool {
    !closeAsked && (minorVersion >= 1 || keepAliveAsked)
  }

  private mutating func readConnection(_ bytes: UnsafeRawBufferPointer, _ value: Range<Int>) {
    for option in ListElements(bytes, value) {
      if ByteScan.equals(bytes, option, "close") {
        closeAsked = true
      } else if ByteScan.equals(bytes, option, "keep-alive") {
        keepAliveAsked = true
      }
    }
  }

  /// What the framing fields say, nil where there is none of them.
  @inline(__always)
  func declaredFraming(
    _ bytes: UnsafeRawBufferPointer, _ entries: [FieldEntry], minorVersion: UInt8
  ) throws(MessageFault) -> BodyFraming? {
    if lengthCount == 0 && codingCount == 0 { return nil }
    if codingCount > 0 {
      // One of the two would be believed here and the other elsewhere: request smuggling (RFC 9112 §6.1, §11.2).
      if lengthCount > 0 { throw .malformed("Content-Length and Transfer-Encoding in one message") }
      // RFC 9112 §6.1: an HTTP/1.0 hop may have passed the field on without understanding it.
      if minorVersion == 0 { throw .malformed("Transfer-Encoding in an HTTP/1.0 message") }
      try Self.requireChunked(bytes, entries)
      return .chunked
    }
    // RFC 9110 §8.6 lets a recipient join equal values; refusing is the other choice it gives, and the safe one.
    if lengthCount > 1 { throw .malformed("more than one Content-Length") }
    return .length(try Self.contentLength(bytes, length.range))
  }

  /// RFC 9110 §8.6: digits, and nothing but digits. At most 2⁶³ − 1.
  static func contentLength(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) throws(MessageFault) -> Int {
    if range.isEmpty { throw .malformed("empty Content-Length") }
    var value = 0
    for i in range {
      let digit = bytes[i] &- 0x30
      guard digit < 10 else {
        if bytes[i] == UInt8(ascii: ",") { throw .malformed("Content-Length is a list") }
        throw .malformed("\(MessageFault.show(bytes[i])) in Content-Length")
      }
      let (tens, over) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = tens.addingReportingOverflow(Int(digit))
      if over || carry { throw .malformed("Content-Length is too large") }
      value = sum
    }
    return value
  }

  /// Passes where the codings of all Transfer-Encoding lines together are exactly `chunked`.
  static func requireChunked(_ bytes: UnsafeRawBufferPointer, _ entries: [FieldEntry]) throws(MessageFault) {
    var chunked = 0
    var other = false
    for entry in entries where entry.known == .transferEncoding {
      for coding in ListElements(bytes, entry.value.range) {
        if coding.isEmpty { throw .malformed("empty element in Transfer-Encoding") }
        if chunked > 0 {
          if ByteScan.equals(bytes, coding, "chunked") { throw .malformed("chunked twice in Transfer-Encoding") }
          // RFC 9112 §6.3: where the end of the body cannot be told, nothing may be guessed.
          throw .malformed("chunked is not the last coding in Transfer-Encoding")
        }
        if ByteScan.equals(bytes, coding, "chunked") {
          chunked += 1
          continue
        }
        // token *( OWS ";" OWS parameter ): only the token matters, the coding is refused anyway.
        let semicolon = ByteScan.byte(UInt8(ascii: ";"), bytes, from: coding.lowerBound, to: coding.upperBound)
        let token = ByteScan.trimmed(bytes, coding.lowerBound..<semicolon)
        guard FieldSyntax.isName(UnsafeRawBufferPointer(rebasing: bytes[token])) else {
          throw .malformed("Transfer-Encoding has an element that is not a coding name")
        }
        if ByteScan.equals(bytes, token, "chunked") { throw .malformed("parameter on chunked in Transfer-Encoding") }
        other = true
      }
    }
    if other { throw MessageFault(501, "transfer coding other than chunked") }
    if chunked != 1 { throw .malformed("empty Transfer-Encoding") }
  }
}

/// The elements of a comma-separated value (RFC 9110 §5.6.1) without the blanks around them; empty ones included, and
/// one empty element for an empty value. Quoted strings are not minded: not for fields that have them.
struct ListElements: Sequence, IteratorProtocol {
  private let bytes: UnsafeRawBufferPointer
  private let end: Int
  private var position: Int

  @inline(__always)
  init(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) {
    self.bytes = bytes
    position = range.lowerBound
    end = range.upperBound
  }

  mutating func next() -> Range<Int>? {
    guard position <= end else { return nil }
    let comma = ByteScan.byte(UInt8(ascii: ","), bytes, from: position, to: end)
    defer { position = comma + 1 }
    return ByteScan.trimmed(bytes, position..<comma)
  }
}
