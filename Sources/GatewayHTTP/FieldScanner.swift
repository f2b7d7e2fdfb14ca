/// Reads a section of field lines up to and including the empty line that ends it (RFC 9112 §5), over any split of
/// the bytes: it remembers the byte it stopped at and what it was in the middle of, so no byte is looked at again
/// when more arrive. Used for heads and for trailers.
///
/// A byte is judged when its line element ends, never because the bytes at hand end: so the outcome, error included,
/// depends on the bytes alone and not on how they were cut into reads.
///
/// Bad events are the peer's fault and end the message with a `MessageFault`; after one the scanner must be reset.
struct FieldScanner: Sendable {
  enum Phase: UInt8 {
    /// Before the first byte of a line.
    case line
    case name
    /// Between the colon and the value.
    case blanks
    case value
    /// After the CR that ends a field line.
    case lineFeed
    /// After the CR of the closing empty line.
    case lastLineFeed
  }

  private(set) var phase = Phase.line
  /// The next byte to look at, counted from the first byte of the message's buffer.
  private(set) var position = 0
  private var nameStart = 0
  private var nameEnd = 0
  private var valueStart = 0
  private var known = KnownField.other
  private(set) var entries: [FieldEntry] = []

  /// Starts a section at `position`.
  ///
  /// The array of the last head is used again if that head is gone (then this costs no allocation); a head that is
  /// still alive keeps it and this section gets its own. An array that one big head made large is given up, so that
  /// an idle connection does not hold it. `reserving`: fields to make room for at once.
  @inline(__always)
  mutating func begin(at position: Int, reserving count: Int) {
    self.position = position
    phase = .line
    if !entries.isEmpty {
      if entries.capacity > 64 { entries = [] } else { entries.removeAll(keepingCapacity: true) }
    }
    if entries.capacity < count { entries.reserveCapacity(count) }
  }

  /// Reads on. True when the section is complete (`position` is then behind it), false when it needs more bytes.
  ///
  /// Looks at no byte from `end` on (`end <= bytes.count`); `maxFields` is the most fields allowed.
  mutating func scan(_ bytes: UnsafeRawBufferPointer, to end: Int, maxFields: Int) throws(MessageFault) -> Bool {
    var at = position
    var phase = phase
    var nameStart = nameStart
    var nameEnd = nameEnd
    var valueStart = valueStart
    var known = known
    let table = KnownField.table
    // What the loop was in the middle of when the bytes ended; locals meanwhile, so that it can stay in registers.
    defer {
      position = at
      self.phase = phase
      self.nameStart = nameStart
      self.nameEnd = nameEnd
      self.valueStart = valueStart
      self.known = known
    }
    while true {
      switch phase {
      case .line:
        guard at < end else { return false }
        if bytes[at] == carriageReturn {
          at &+= 1
          phase = .lastLineFeed
          continue
        }
        nameStart = at
        phase = .name
        fallthrough

      case .name:
        at = ByteScan.nameEnd(bytes, from: at, to: end)
        guard at < end else { return false }
        guard bytes[at] == UInt8(ascii: ":"), at > nameStart else {
          throw Self.badNameEnd(bytes[at], isEmpty: at == nameStart)
        }
        known = table.find(bytes, nameStart, at &- nameStart)
        // A known name is made of token characters; any other has to be checked.
        if known == .other { try Self.checkName(bytes, nameStart, at) }
        guard entries.count < maxFields else { throw MessageFault(431, "more than \(maxFields) fields") }
        nameEnd = at
        at &+= 1
        phase = .blanks
        fallthrough

      case .blanks:
        while at < end, ByteScan.isBlank(bytes[at]) { at &+= 1 }
        guard at < end else { return false }
        valueStart = at
        phase = .value
        fallthrough

      case .value:
        at = ByteScan.control(bytes, from: at, to: end)
        guard at < end else { return false }
        if bytes[at] != carriageReturn {
          guard bytes[at] == UInt8(ascii: "\t") else { throw Self.badValueByte(bytes[at]) }
          at &+= 1
          continue
        }
        var valueEnd = at
        while valueEnd > valueStart, ByteScan.isBlank(bytes[valueEnd &- 1]) { valueEnd &-= 1 }
        entries.append(
          FieldEntry(
            name: ByteRange(from: nameStart, to: nameEnd), value: ByteRange(from: valueStart, to: valueEnd),
            known: known))
        at &+= 1
        phase = .lineFeed
        fallthrough

      case .lineFeed:
        guard at < end else { return false }
        guard bytes[at] == lineFeed else { throw .malformed("bare CR in a field value") }
        at &+= 1
        phase = .line

      case .lastLineFeed:
        guard at < end else { return false }
        guard bytes[at] == lineFeed else { throw .malformed("bare CR at the start of a field line") }
        at &+= 1
        phase = .line
        return true
      }
    }
  }

  private static func badNameEnd(_ byte: UInt8, isEmpty: Bool) -> MessageFault {
    switch byte {
    case lineFeed: .malformed("bare LF in the head")
    case carriageReturn: .malformed("field line without a colon")
    case 0x20 where isEmpty, 0x09 where isEmpty:
      // RFC 9112 §5.2 and §2.2: what a fold or a blank first line means differs between implementations.
      .malformed("field line that begins with a blank (obsolete line folding)")
    case 0x20, 0x09: .malformed("blank in a field name or before its colon")
    case 0x3A: .malformed("empty field name")
    default: badNameByte(byte)
    }
  }

  private static func badValueByte(_ byte: UInt8) -> MessageFault {
    switch byte {
    case lineFeed: .malformed("bare LF in a field value")
    case 0: .malformed("NUL in a field value")
    default: .malformed("control character \(MessageFault.show(byte)) in a field value")
    }
  }

  @inline(__always)
  private static func checkName(_ bytes: UnsafeRawBufferPointer, _ from: Int, _ to: Int) throws(MessageFault) {
    let at = ByteClass.end(ByteClass.token, bytes, from: from, to: to)
    if at < to { throw badNameByte(bytes[at]) }
  }

  private static func badNameByte(_ byte: UInt8) -> MessageFault {
    .malformed("\(MessageFault.show(byte)) in a field name")
  }
}

extension ByteRange {
  /// `from <= to`, both inside one message's bytes (a `ByteBuffer` holds less than 2³² bytes).
  @inline(__always)
  init(from: Int, to: Int) {
    self.init(start: UInt32(truncatingIfNeeded: from), count: UInt32(truncatingIfNeeded: to &- from))
  }

  @inline(__always)
  var range: Range<Int> { Range(uncheckedBounds: (lowerBound, upperBound)) }
}

let carriageReturn: UInt8 = 0x0D
let lineFeed: UInt8 = 0x0A
