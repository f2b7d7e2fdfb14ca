/// One word of the tape: 16 plain bytes for one value or one member name.
///
/// A container is followed by its children in document order; an object's children alternate name, value. Nothing is
/// decoded here: text stays a range into the bytes that were parsed, and small numbers are kept as exact decimals.
///
///     head     kind (3 bits), flags (5), detail (24)
///     start    byte offset: strings after the opening quote, everything else at the first byte
///     payload  small number: mantissa · string: length, and for member names their hash above
///              other number: length · container: length, and the index after its last descendant above
///
/// `@inlinable` here and in `UnsafeJSONTape`: the validator lives in another module and reads these fields several
/// times per value; as calls they cost more than the work (parse and validate of a 120-byte body: +60 % instructions).
@frozen
public struct JSONNode: BitwiseCopyable, Sendable {
  @usableFromInline var head: UInt32
  @usableFromInline var offset: UInt32
  @usableFromInline var payload: UInt64

  // A string with at least one escape; a number whose value is `mantissa / 10^scale` in the payload.
  @usableFromInline static let escaped: UInt32 = 1 << 3
  @usableFromInline static let small: UInt32 = 1 << 3
  // A string with a byte above 0x7F; a number without fraction and exponent.
  @usableFromInline static let nonASCII: UInt32 = 1 << 4
  @usableFromInline static let integerText: UInt32 = 1 << 4
  // A member name that a later one replaces (`DuplicateKeyPolicy.lastWins`).
  @usableFromInline static let shadowed: UInt32 = 1 << 5
  @usableFromInline static let detailShift: UInt32 = 8
  @usableFromInline static let saturatedCount: UInt32 = 0xFF_FFFF

  @inlinable
  init(head: UInt32, offset: UInt32, payload: UInt64) {
    self.head = head
    self.offset = offset
    self.payload = payload
  }

  @inlinable public var rawKind: UInt8 { UInt8(truncatingIfNeeded: head & 7) }
  @inlinable public var kind: JSONKind { JSONKind(rawValue: rawKind) ?? .null }
  /// Byte offset of the value's text; for strings, of the first byte after the quote.
  @inlinable public var start: Int { Int(offset) }
  /// Bytes of the value's text; for strings, without the quotes.
  @inlinable public var length: Int {
    if rawKind == JSONKind.number.rawValue && isSmall { return Int(head >> 13) }
    switch rawKind {
    case JSONKind.null.rawValue, JSONKind.true.rawValue: return 4
    case JSONKind.false.rawValue: return 5
    default: return Int(UInt32(truncatingIfNeeded: payload))
    }
  }

  /// Strings only: the raw text holds at least one escape.
  @inlinable public var isEscaped: Bool { head & JSONNode.escaped != 0 }
  /// Strings only: the raw text is ASCII.
  @inlinable public var isASCII: Bool { head & JSONNode.nonASCII == 0 }
  /// Member names only: a later member has the same name and counts instead.
  @inlinable public var isShadowed: Bool { head & JSONNode.shadowed != 0 }
  /// Member names only: `JSONKeyHash` of the decoded name.
  @inlinable public var keyHash: UInt32 { UInt32(truncatingIfNeeded: payload >> 32) }
  /// Strings and member names: bytes of the raw text. One load; `length` decides by kind first.
  @inlinable public var stringLength: Int { Int(UInt32(truncatingIfNeeded: payload)) }

  /// Numbers only: the value is `mantissa / 10^scale`, exactly.
  @inlinable public var isSmall: Bool { head & JSONNode.small != 0 }
  @inlinable public var mantissa: Int64 { Int64(bitPattern: payload) }
  @inlinable public var scale: Int { Int((head >> JSONNode.detailShift) & 31) }
  /// Numbers only: written without fraction and exponent.
  @inlinable public var isIntegerText: Bool { head & JSONNode.integerText != 0 }
}
