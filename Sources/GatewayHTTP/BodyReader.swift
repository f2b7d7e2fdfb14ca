import NIOCore

/// Takes a body apart by its framing (RFC 9112 §6 and §7), over any split of the bytes. Framing bytes are consumed
/// as they are read, so none is looked at twice; only a trailer section stays in the buffer until it is complete.
struct BodyReader: Sendable {
  enum Event {
    case part(ByteBuffer)
    case end(trailers: FieldLines?)
  }

  enum Phase: UInt8 {
    /// Nothing (more) to read.
    case done
    case length
    case untilClose
    case sizeStart, size, blanks, extensions, sizeLineFeed
    case data, dataReturn, dataLineFeed
    case trailers
  }

  private(set) var phase = Phase.done
  /// Bytes left of the body, or of the chunk in hand.
  private(set) var remaining = 0
  private var lineBytes = 0
  /// Framing bytes so far, less the data bytes so far.
  private var overhead = 0
  private var trailers = FieldScanner()

  /// Starts on a body. A body without bytes is at its end at once: `next` then gives `end`.
  @inline(__always)
  mutating func begin(_ framing: BodyFraming) {
    switch framing {
    case .none:
      remaining = 0
      phase = .length
    case .length(let length):
      remaining = length
      phase = .length
    case .untilClose: phase = .untilClose
    case .chunked:
      phase = .sizeStart
      remaining = 0
      lineBytes = 0
      overhead = 0
      trailers.begin(at: 0, reserving: 0)
    }
  }

  /// The next part, or the end; nil where more bytes are needed.
  mutating func next(_ buffer: inout ByteBuffer, _ limits: HTTPLimits) throws(MessageFault) -> Event? {
    while true {
      switch phase {
      case .done:
        return nil
      case .length:
        if remaining == 0 {
          phase = .done
          return .end(trailers: nil)
        }
        return takeData(&buffer).map { .part($0) }
      case .untilClose:
        guard let part = buffer.readSlice(length: buffer.readableBytes), part.readableBytes > 0 else { return nil }
        return .part(part)
      case .data:
        if remaining > 0 {
          guard let part = takeData(&buffer) else { return nil }
          overhead -= part.readableBytes
          return .part(part)
        }
        phase = .dataReturn
      case .trailers:
        guard let section = try readTrailers(&buffer, limits) else { return nil }
        phase = .done
        trailers = FieldScanner()
        return .end(trailers: section.isEmpty ? nil : section)
      case .sizeStart, .size, .blanks, .extensions, .sizeLineFeed, .dataReturn, .dataLineFeed:
        let readable = buffer.readableBytes
        guard readable > 0 else { return nil }
        let used = try buffer.withUnsafeReadableBytes { (bytes) throws(MessageFault) in
          try readFraming(bytes, limits)
        }
        buffer.moveReaderIndex(forwardBy: used)
      }
    }
  }

  private mutating func takeData(_ buffer: inout ByteBuffer) -> ByteBuffer? {
    let count = min(remaining, buffer.readableBytes)
    guard count > 0, let part = buffer.readSlice(length: count) else { return nil }
    remaining -= count
    return part
  }

  /// Reads chunk framing until data, trailers or the end of `bytes` begins; the number of bytes read.
  private mutating func readFraming(_ bytes: UnsafeRawBufferPointer, _ limits: HTTPLimits) throws(MessageFault) -> Int {
    var at = 0
    while at < bytes.count {
      let byte = bytes[at]
      switch phase {
      case .sizeStart:
        guard let digit = PercentCoding.hexDigit(byte) else {
          throw .malformed("\(MessageFault.show(byte)) where a chunk size must begin")
        }
        remaining = Int(digit)
        lineBytes = 0
        phase = .size
      case .size:
        if let digit = PercentCoding.hexDigit(byte) {
          // 15 digits: below 2⁶⁰, so no arithmetic on sizes can overflow; more leading zeros serve nobody.
          guard lineBytes < 15 else { throw .malformed("chunk size of more than 15 digits") }
          remaining = remaining << 4 | Int(digit)
        } else if byte == carriageReturn {
          phase = .sizeLineFeed
        } else if byte == UInt8(ascii: ";") {
          phase = .extensions
        } else if ByteScan.isBlank(byte) {
          // RFC 9112 §7.1.1 allows blanks before an extension, not before the line's end.
          phase = .blanks
        } else {
          throw .malformed(byte == lineFeed ? "bare LF in a chunk size line" : "\(MessageFault.show(byte)) in a chunk size")
        }
      case .blanks:
        try checkLine(limits)
        if byte == UInt8(ascii: ";") {
          phase = .extensions
        } else if !ByteScan.isBlank(byte) {
          throw .malformed("\(MessageFault.show(byte)) after a chunk size and blanks")
        }
      case .extensions:
        // What an extension says is dropped (RFC 9112 §7.1.1); what could end the line for some other reader is not
        // let through: http-garden found servers that take a bare CR or LF here as the line's end.
        if byte == carriageReturn {
          phase = .sizeLineFeed
        } else if (byte < 0x20 && byte != 0x09) || byte == 0x7F {
          throw .malformed(
            byte == lineFeed ? "bare LF in a chunk extension" : "control character in a chunk extension")
        } else {
          try checkLine(limits)
        }
      case .sizeLineFeed:
        guard byte == lineFeed else { throw .malformed("bare CR in a chunk size line") }
        phase = remaining > 0 ? .data : .trailers
      case .dataReturn:
        guard byte == carriageReturn else { throw .malformed("chunk data longer than its size") }
        phase = .dataLineFeed
      case .dataLineFeed:
        guard byte == lineFeed else { throw .malformed("bare CR after chunk data") }
        phase = .sizeStart
      case .done, .length, .untilClose, .data, .trailers:
        return at
      }
      at += 1
      lineBytes += 1
      overhead += 1
      if overhead > limits.chunkOverhead {
        throw .malformed("chunk framing exceeds the body by more than \(limits.chunkOverhead) bytes")
      }
    }
    return at
  }

  /// Before one more byte of a chunk size line is taken; `lineBytes` are there already.
  private func checkLine(_ limits: HTTPLimits) throws(MessageFault) {
    if lineBytes >= limits.chunkLine {
      throw .malformed("chunk size line longer than \(limits.chunkLine) bytes")
    }
  }

  /// The trailer section as lines, nil where it is not complete.
  private mutating func readTrailers(
    _ buffer: inout ByteBuffer, _ limits: HTTPLimits
  ) throws(MessageFault) -> FieldLines? {
    // The section's own empty line is not part of what is limited.
    let limit = limits.trailers + 2
    let lines: FieldLines? = try buffer.withUnsafeReadableBytes { (bytes) throws(MessageFault) in
      let end = min(bytes.count, limit)
      guard try trailers.scan(bytes, to: end, maxFields: limits.fields) else {
        if end == limit { throw MessageFault(431, "trailers are larger than \(limits.trailers) bytes") }
        return nil
      }
      if trailers.entries.isEmpty { return FieldLines(capacity: 0) }
      var lines = FieldLines(capacity: trailers.position)
      for entry in trailers.entries {
        if Self.isForbiddenInTrailers(entry.known) {
          throw .malformed("\(entry.known.name) in the trailers")
        }
        lines.append(name: bytes[entry.name], value: bytes[entry.value])
      }
      return lines
    }
    if lines != nil { buffer.moveReaderIndex(forwardBy: trailers.position) }
    return lines
  }

  /// RFC 9110 §6.5.1: fields for framing, routing, authentication, the connection or the content's meaning cannot come
  /// after the content; a peer that merges trailers into the head would believe them.
  private static func isForbiddenInTrailers(_ field: KnownField) -> Bool {
    switch field {
    case .host, .connection, .expect, .upgrade, .te, .trailer, .contentLength, .contentType, .contentEncoding,
      .transferEncoding, .keepAlive, .proxyConnection, .proxyAuthenticate, .proxyAuthorization, .authorization, .cookie,
      .setCookie, .range, .forwarded, .forwardedFor, .forwardedProto, .forwardedHost, .forwardedPort, .realIP:
      true
    default: false
    }
  }
}
