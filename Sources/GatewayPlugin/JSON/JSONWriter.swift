/// Writes JSON text: compact, UTF-8 without needless escapes, shortest digits that read back as the same number.
public struct JSONWriter: ~Copyable {
  public private(set) var bytes: [UInt8] = []

  /// - Parameter capacity: bytes to make room for at once.
  public init(capacity: Int = 256) { bytes.reserveCapacity(capacity) }

  /// The JSON text of a value.
  public static func text(_ value: some SchemaType) -> String {
    var writer = JSONWriter()
    value.write(to: &writer)
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  /// The text, in UTF-8.
  public consuming func finish() -> [UInt8] { bytes }

  // MARK: parts

  /// Text that is JSON already, such as `{"title":`.
  public mutating func raw(_ json: StaticString) {
    bytes.append(contentsOf: UnsafeBufferPointer(start: json.utf8Start, count: json.utf8CodeUnitCount))
  }

  /// Writes JSON as it is: what is none spoils the answer.
  public mutating func raw(text json: String) { bytes.append(contentsOf: json.utf8) }

  /// Writes null.
  public mutating func null() { raw("null") }

  /// Writes true or false.
  public mutating func boolean(_ value: Bool) { raw(value ? "true" : "false") }

  /// Writes all digits.
  public mutating func integer(_ value: some FixedWidthInteger) {
    // The longest 64-bit integer has 20 characters. Wider ones take the long way.
    guard value.bitWidth <= 64 else { return raw(text: "\(value)") }
    var magnitude = UInt64(truncatingIfNeeded: value.magnitude)
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
      var at = 20
      repeat {
        at -= 1
        digits.initializeElement(at: at, to: UInt8(ascii: "0") + UInt8(truncatingIfNeeded: magnitude % 10))
        magnitude /= 10
      } while magnitude > 0
      if value < 0 { bytes.append(UInt8(ascii: "-")) }
      bytes.append(contentsOf: UnsafeMutableBufferPointer(rebasing: digits[at...]))
    }
  }

  /// NaN and infinities, which JSON cannot write, become null.
  public mutating func double(_ value: Double) {
    value.isFinite ? raw(text: value.description) : null()
  }

  /// NaN and infinities, which JSON cannot write, become null.
  public mutating func float(_ value: Float) {
    value.isFinite ? raw(text: value.description) : null()
  }

  /// Writes a string, escaped where RFC 8259 §7 wants it.
  public mutating func string(_ value: String) {
    var value = value
    value.withUTF8 { string(UnsafeRawBufferPointer($0)) }
  }

  /// A string of UTF-8 text (RFC 8259 §7: quotes, backslashes and control characters are escaped, nothing else).
  public mutating func string(_ text: UnsafeRawBufferPointer) {
    bytes.append(UInt8(ascii: "\""))
    var start = 0
    for at in 0..<text.count {
      let byte = text[at]
      guard byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") else { continue }
      bytes.append(contentsOf: text[start..<at])
      start = at + 1
      escape(byte)
    }
    bytes.append(contentsOf: text[start...])
    bytes.append(UInt8(ascii: "\""))
  }

  private mutating func escape(_ byte: UInt8) {
    switch byte {
    case 0x08: raw(#"\b"#)
    case 0x09: raw(#"\t"#)
    case 0x0A: raw(#"\n"#)
    case 0x0C: raw(#"\f"#)
    case 0x0D: raw(#"\r"#)
    case 0x20...:
      bytes.append(UInt8(ascii: "\\"))
      bytes.append(byte)
    default:
      raw(byte < 0x10 ? #"\u000"# : #"\u001"#)
      let digit = byte & 15
      bytes.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
    }
  }

  // MARK: containers

  /// Writes an array of values.
  public mutating func array<Items: Sequence>(_ items: Items) where Items.Element: SchemaType {
    raw("[")
    var isFirst = true
    for item in items {
      if !isFirst { raw(",") }
      isFirst = false
      item.write(to: &self)
    }
    raw("]")
  }

  /// The object that `value` writes, with one member more at its front: how a case of a union is told.
  public mutating func tagged(_ name: StaticString, _ tag: StaticString, _ value: some SchemaObjectType) {
    raw("{")
    string(UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
    raw(":")
    string(UnsafeRawBufferPointer(start: tag.utf8Start, count: tag.utf8CodeUnitCount))
    let start = bytes.count
    value.write(to: &self)
    // What follows is an object of its own, in braces: its first one gives way to a comma.
    guard bytes.count > start + 1, bytes[start] == UInt8(ascii: "{") else { return }
    if bytes[start + 1] == UInt8(ascii: "}") {
      bytes.remove(at: start)
    } else {
      bytes[start] = UInt8(ascii: ",")
    }
  }
}
