/// Writes compact JSON into bytes: no blanks, UTF-8 unescaped, as FastAPI does.
///
/// Commas come by themselves: a value that follows a value gets one. The last byte tells, so nesting needs no memory.
/// Balanced `begin`/`end` and a `name` before each member's value are the caller's duty.
public struct JSONWriter {
  public var bytes: [UInt8]
  // Where this document starts in `bytes`: what stood there before is not part of it.
  private let start: Int

  public init(reservingCapacity capacity: Int = 0) {
    bytes = []
    start = 0
    bytes.reserveCapacity(capacity)
  }

  /// Appends to what is there.
  public init(appendingTo bytes: consuming [UInt8]) {
    start = bytes.count
    self.bytes = bytes
  }

  private mutating func separate() {
    guard bytes.count > start, let last = bytes.last else { return }
    switch last {
    case UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: ":"), UInt8(ascii: ","): return
    default: bytes.append(UInt8(ascii: ","))
    }
  }

  public mutating func beginObject() {
    separate()
    bytes.append(UInt8(ascii: "{"))
  }

  public mutating func endObject() { bytes.append(UInt8(ascii: "}")) }

  public mutating func beginArray() {
    separate()
    bytes.append(UInt8(ascii: "["))
  }

  public mutating func endArray() { bytes.append(UInt8(ascii: "]")) }

  /// A member's name; its value follows.
  public mutating func name(_ text: String) {
    string(text)
    bytes.append(UInt8(ascii: ":"))
  }

  /// A member's name that needs no escaping; nothing is checked.
  public mutating func name(_ text: StaticString) {
    separate()
    bytes.append(UInt8(ascii: "\""))
    bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    bytes.append(UInt8(ascii: "\""))
    bytes.append(UInt8(ascii: ":"))
  }

  public mutating func null() { word("null") }
  public mutating func bool(_ value: Bool) { word(value ? "true" : "false") }
  public mutating func number(_ value: JSONNumber) { word(value.text) }

  public mutating func number(_ value: some FixedWidthInteger) {
    guard let magnitude = UInt64(exactly: value.magnitude) else { return word("\(value)") }
    separate()
    if value < 0 { bytes.append(UInt8(ascii: "-")) }
    // 20 digits hold every UInt64.
    withUnsafeTemporaryAllocation(byteCount: 20, alignment: 1) { digits in
      var rest = magnitude
      var first = 20
      repeat {
        first &-= 1
        digits[first] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: rest % 10)
        rest /= 10
      } while rest > 0
      append(UnsafeRawBufferPointer(rebasing: digits[first...]))
    }
  }

  /// The shortest text that reads as the same double. NaN and infinities become null: JSON has no word for them.
  public mutating func number(_ value: Double) { word(value.isFinite ? "\(value)" : "null") }

  private mutating func word(_ text: String) {
    separate()
    bytes.append(contentsOf: text.utf8)
  }

  public mutating func string(_ text: String) {
    separate()
    bytes.append(UInt8(ascii: "\""))
    var text = text
    text.withUTF8 { appendEscaped(UnsafeRawBufferPointer($0)) }
    bytes.append(UInt8(ascii: "\""))
  }

  /// A string value from UTF-8 bytes. Ill-formed parts become U+FFFD: what leaves here is always JSON.
  public mutating func string(_ text: UnsafeRawBufferPointer) {
    guard UTF8Validation.firstInvalidOffset(in: text) == nil else {
      return string(String(decoding: text, as: UTF8.self))
    }
    separate()
    bytes.append(UInt8(ascii: "\""))
    appendEscaped(text)
    bytes.append(UInt8(ascii: "\""))
  }

  /// Any text that is one JSON value already. Nothing is checked.
  public mutating func raw(_ text: some Collection<UInt8>) {
    separate()
    bytes.append(contentsOf: text)
  }

  /// Any text that is one JSON value already. Nothing is checked.
  public mutating func raw(_ text: UnsafeRawBufferPointer) {
    separate()
    append(text)
  }

  // As a typed buffer the array copies it in one go; a raw one it walks.
  private mutating func append(_ text: UnsafeRawBufferPointer) {
    bytes.append(contentsOf: text.assumingMemoryBound(to: UInt8.self))
  }

  public mutating func value(_ value: JSONValue) {
    switch value {
    case .null: null()
    case .bool(let flag): bool(flag)
    case .number(let number): self.number(number)
    case .string(let text): string(text)
    case .array(let items):
      beginArray()
      for item in items { self.value(item) }
      endArray()
    case .object(let object):
      beginObject()
      for member in object.members {
        name(member.name)
        self.value(member.value)
      }
      endObject()
    }
  }

  /// A value of a parsed document, compact: numbers as they were written, strings unescaped where they can be.
  public mutating func value(_ tape: UnsafeJSONTape, _ index: Int) {
    separate()
    copy(tape, index)
  }

  // Writes its commas itself: asking the last byte before each value was an eighth of the work.
  private mutating func copy(_ tape: UnsafeJSONTape, _ index: Int) {
    let end = tape.next(index)
    switch tape[index].kind {
    case .null, .true, .false, .number: append(tape.rawText(index))
    case .string: copyString(tape, index)
    case .array:
      bytes.append(UInt8(ascii: "["))
      var item = index + 1
      while item < end {
        if item > index + 1 { bytes.append(UInt8(ascii: ",")) }
        copy(tape, item)
        item = tape.next(item)
      }
      bytes.append(UInt8(ascii: "]"))
    case .object:
      bytes.append(UInt8(ascii: "{"))
      var isFirst = true
      var key = index + 1
      while key < end {
        if !tape[key].isShadowed {
          if !isFirst { bytes.append(UInt8(ascii: ",")) }
          isFirst = false
          copyString(tape, key)
          bytes.append(UInt8(ascii: ":"))
          copy(tape, key + 1)
        }
        key = tape.next(key + 1)
      }
      bytes.append(UInt8(ascii: "}"))
    }
  }

  private mutating func copyString(_ tape: UnsafeJSONTape, _ index: Int) {
    guard tape[index].isEscaped else { return append(tape.rawText(index)) }
    bytes.append(UInt8(ascii: "\""))
    // Parsed, so well formed.
    tape.withString(index) { appendEscaped($0) }
    bytes.append(UInt8(ascii: "\""))
  }

  /// The same, but `replacing` may write something else for a value (a secret) and answer true.
  public mutating func value(
    _ tape: UnsafeJSONTape, _ index: Int, replacing: (Int, inout JSONWriter) -> Bool
  ) {
    if replacing(index, &self) { return }
    let end = tape.next(index)
    switch tape[index].kind {
    case .null, .true, .false, .number, .string: value(tape, index)
    case .array:
      beginArray()
      var item = index + 1
      while item < end {
        value(tape, item, replacing: replacing)
        item = tape.next(item)
      }
      endArray()
    case .object:
      beginObject()
      var key = index + 1
      while key < end {
        if !tape[key].isShadowed {
          value(tape, key)
          bytes.append(UInt8(ascii: ":"))
          value(tape, key + 1, replacing: replacing)
        }
        key = tape.next(key + 1)
      }
      endObject()
    }
  }

  /// Writes well-formed text with its escapes. Stretches without any are found eight bytes at a time and copied whole.
  private mutating func appendEscaped(_ text: UnsafeRawBufferPointer) {
    guard let start = text.baseAddress else { return }
    let count = text.count
    var clean = 0
    var position = 0
    while position < count {
      if count &- position >= 8 {
        let word = start.loadUnaligned(fromByteOffset: position, as: UInt64.self)
        let marks = JSONWriter.escapeMarks(word)
        guard marks != 0 else {
          position &+= 8
          continue
        }
        position &+= marks.trailingZeroBitCount >> 3
      }
      let byte = start.load(fromByteOffset: position, as: UInt8.self)
      if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
        append(UnsafeRawBufferPointer(start: start + clean, count: position - clean))
        appendEscape(byte)
        clean = position &+ 1
      }
      position &+= 1
    }
    append(UnsafeRawBufferPointer(start: start + clean, count: count - clean))
  }

  /// The top bits of all bytes that must be escaped. Without their own top bits no byte carries into the next, so each
  /// mark is exact (`JSONParser.marks` has the arithmetic); bytes above 0x7F are taken out again.
  private static func escapeMarks(_ word: UInt64) -> UInt64 {
    let word = UInt64(littleEndian: word)
    let low = word & 0x7F7F_7F7F_7F7F_7F7F
    let notQuote = (low ^ 0x2222_2222_2222_2222) &+ 0x7F7F_7F7F_7F7F_7F7F
    let notSlash = (low ^ 0x5C5C_5C5C_5C5C_5C5C) &+ 0x7F7F_7F7F_7F7F_7F7F
    let notControl = low &+ 0x6060_6060_6060_6060
    return ~(notQuote & notSlash & notControl) & ~word & 0x8080_8080_8080_8080
  }

  private mutating func appendEscape(_ byte: UInt8) {
    bytes.append(UInt8(ascii: "\\"))
    switch byte {
    case 0x08: bytes.append(UInt8(ascii: "b"))
    case 0x09: bytes.append(UInt8(ascii: "t"))
    case 0x0A: bytes.append(UInt8(ascii: "n"))
    case 0x0C: bytes.append(UInt8(ascii: "f"))
    case 0x0D: bytes.append(UInt8(ascii: "r"))
    case 0..<0x20:
      bytes.append(UInt8(ascii: "u"))
      bytes.append(UInt8(ascii: "0"))
      bytes.append(UInt8(ascii: "0"))
      bytes.append(JSONWriter.hexDigit(byte >> 4))
      bytes.append(JSONWriter.hexDigit(byte & 15))
    default: bytes.append(byte)
    }
  }

  private static func hexDigit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
  }
}
