import GatewayHTTP

/// The field names that a message's `Connection` nominates for removal (RFC 9110 §7.6.1), less those that nobody may
/// have removed this way.
///
/// Dropping whatever a client nominates lets it strip what the gateway added or what the upstream's access control
/// rests on (`Connection: X-Forwarded-For, Authorization`), so essential fields stay.
struct ConnectionOptions {
  /// More options than any honest message has; each is compared with every field.
  static let maximum = 32

  private(set) var names: [ByteRange] = []
  /// `TE` was there and lists `trailers` (RFC 9110 §10.1.4).
  private(set) var acceptsTrailers = false
  /// The limit was exceeded; what else is nominated is unknown.
  private(set) var isExcessive = false

  /// Costs one comparison a field, and no allocation where `Connection` has only the usual options.
  init(_ bytes: UnsafeRawBufferPointer, _ fields: [FieldEntry]) {
    for field in fields {
      if field.known == .connection {
        read(bytes, field.value)
      } else if field.known == .te {
        for option in OptionList(bytes, field.value) where FieldSyntax.isSameName(bytes[option], "trailers") {
          acceptsTrailers = true
        }
      }
    }
  }

  private mutating func read(_ bytes: UnsafeRawBufferPointer, _ value: ByteRange) {
    for option in OptionList(bytes, value) where !option.isEmpty {
      let name = bytes[option]
      if FieldSyntax.isSameName(name, "keep-alive") || FieldSyntax.isSameName(name, "close") { continue }
      guard names.count < Self.maximum else {
        isExcessive = true
        return
      }
      names.append(option)
    }
  }

  /// Whether the field is nominated and may go.
  func removes(_ field: FieldEntry, _ bytes: UnsafeRawBufferPointer) -> Bool {
    let name = bytes[field.name]
    for nominated in names where nominated.count == field.name.count && Self.isSame(bytes[nominated], name) {
      return !FieldPolicy.isEssential(field.known, name)
    }
    return false
  }

  private static func isSame(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Bool {
    for index in a.indices where FieldSyntax.lowercased(a[index]) != FieldSyntax.lowercased(b[index]) { return false }
    return true
  }
}

/// The elements of a comma-separated value, without blanks around them; empty ones included.
struct OptionList: Sequence, IteratorProtocol {
  private let bytes: UnsafeRawBufferPointer
  private var position: Int
  private let end: Int

  init(_ bytes: UnsafeRawBufferPointer, _ value: ByteRange) {
    self.bytes = bytes
    position = value.lowerBound
    end = Swift.min(value.upperBound, bytes.count)
  }

  mutating func next() -> ByteRange? {
    guard position <= end else { return nil }
    var low = position
    while position < end, bytes[position] != UInt8(ascii: ",") { position += 1 }
    var high = position
    position += 1
    while low < high, Self.isBlank(bytes[low]) { low += 1 }
    while low < high, Self.isBlank(bytes[high - 1]) { high -= 1 }
    return ByteRange(low..<high)
  }

  private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
}
