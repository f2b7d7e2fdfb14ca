/// 128 bits that name something (RFC 9562); in JSON `format: uuid`, written with small letters.
public struct UniqueID: SchemaType, Hashable, CustomStringConvertible {
  /// The first 64 bits.
  public let high: UInt64
  /// The last 64 bits.
  public let low: UInt64

  /// - Parameters:
  ///   - high: the first 64 bits.
  ///   - low: the last 64 bits.
  public init(high: UInt64, low: UInt64) { (self.high, self.low) = (high, low) }

  /// A random one, of version 4.
  public static func random() -> UniqueID {
    var generator = SystemRandomNumberGenerator()
    return UniqueID(
      high: generator.next() & ~0xF000 | 0x4000, low: generator.next() & ~(3 << 62) | 1 << 63)
  }

  /// Five groups of 8, 4, 4, 4 and 12 hexadecimal digits. Braces, `urn:uuid:` and digits without hyphens, which a
  /// lenient check may let pass, are read too.
  public init?(_ text: String) {
    var digits = text[...]
    if digits.hasPrefix("urn:uuid:") { digits = digits.dropFirst(9) }
    if digits.hasPrefix("{"), digits.hasSuffix("}") { digits = digits.dropFirst().dropLast() }
    let bytes = Array(digits.utf8)
    guard bytes.count == 36 || bytes.count == 32 else { return nil }
    var words: [UInt64] = [0, 0]
    var count = 0
    for (at, byte) in bytes.enumerated() {
      if bytes.count == 36, [8, 13, 18, 23].contains(at) {
        guard byte == UInt8(ascii: "-") else { return nil }
        continue
      }
      guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { return nil }
      words[count / 16] = words[count / 16] << 4 | UInt64(digit)
      count += 1
    }
    guard count == 32 else { return nil }
    self.init(high: words[0], low: words[1])
  }

  public var description: String {
    var text = ""
    for shift in stride(from: 124, through: 0, by: -4) {
      let word = shift >= 64 ? high >> UInt64(shift - 64) : low >> UInt64(shift)
      text += String(word & 15, radix: 16)
      if [96, 80, 64, 48].contains(shift) { text += "-" }
    }
    return text
  }

  public static func schema(_ schemas: inout SchemaCollector) -> SchemaObject {
    SchemaObject(["type": "\"string\"", "format": "\"uuid\""])
  }
  public init(from value: borrowing JSONView) throws(DecodingFailure) {
    guard let parsed = UniqueID(try value.string()) else { throw DecodingFailure("expected a UUID", type: "uuid_parsing") }
    self = parsed
  }
  public func write(to json: inout JSONWriter) { json.string(description) }
}

/// A decimal number with every digit it was written with: prices, without binary rounding. A number in JSON.
public struct ExactDecimal: SchemaType, Hashable, CustomStringConvertible {
  /// As JSON has numbers (RFC 8259 §6). Two texts of one value, such as `1.0` and `1`, are not equal.
  public let text: String

  /// Nil for what is no JSON number.
  public init?(_ text: String) {
    guard Self.isNumber(text) else { return nil }
    self.text = text
  }

  /// Every digit of an integer.
  public init(_ value: some FixedWidthInteger) { text = "\(value)" }

  public var description: String { text }
  /// The nearest double, perhaps infinite.
  public var double: Double { Double(text) ?? .nan }

  public static func schema(_ schemas: inout SchemaCollector) -> SchemaObject {
    SchemaObject(["type": "\"number\"", "format": "\"decimal\""])
  }
  public init(from value: borrowing JSONView) throws(DecodingFailure) { text = try value.numberText() }
  public func write(to json: inout JSONWriter) { json.raw(text: text) }

  private static func isNumber(_ text: String) -> Bool {
    var rest = Array(text.utf8)[...]
    func digits() -> Int {
      let found = rest.prefix { (0x30...0x39).contains($0) }.count
      rest = rest.dropFirst(found)
      return found
    }
    if rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
    let startsWithZero = rest.first == UInt8(ascii: "0")
    let whole = digits()
    guard whole > 0, whole == 1 || !startsWithZero else { return false }
    if rest.first == UInt8(ascii: ".") {
      rest = rest.dropFirst()
      guard digits() > 0 else { return false }
    }
    if let letter = rest.first, letter | 0x20 == UInt8(ascii: "e") {
      rest = rest.dropFirst()
      if let sign = rest.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { rest = rest.dropFirst() }
      guard digits() > 0 else { return false }
    }
    return rest.isEmpty
  }
}

/// In JSON an ISO 8601 duration (`format: duration`): `PT1M30.5S`. Weeks and days count as 7 and 1 times 24 hours;
/// years and months, which have no fixed length, are refused.
extension Duration: SchemaType {
  public static func schema(_ schemas: inout SchemaCollector) -> SchemaObject {
    SchemaObject(["type": "\"string\"", "format": "\"duration\""])
  }
  public init(from value: borrowing JSONView) throws(DecodingFailure) {
    guard let parsed = DurationText.parse(try value.string()) else {
      throw DecodingFailure("expected a duration such as PT1M30S", type: "time_delta_parsing")
    }
    self = parsed
  }
  public func write(to json: inout JSONWriter) { json.string(DurationText.text(self)) }
}

enum DurationText {
  static func parse(_ text: String) -> Duration? {
    var rest = Array(text.utf8)[...]
    var isNegative = false
    if let sign = rest.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
      isNegative = sign == UInt8(ascii: "-")
      rest = rest.dropFirst()
    }
    guard rest.first == UInt8(ascii: "P") else { return nil }
    rest = rest.dropFirst()
    // Letters come in this order, each at most once, and at least one of them.
    var units: [(letter: UInt8, seconds: Int64)] = [(UInt8(ascii: "W"), 604_800), (UInt8(ascii: "D"), 86_400)]
    var seconds: Int64 = 0
    var attoseconds: Int64 = 0
    var parts = 0
    var isTime = false
    while let byte = rest.first {
      if byte == UInt8(ascii: "T") {
        guard !isTime, rest.count > 1 else { return nil }
        isTime = true
        units = [(UInt8(ascii: "H"), 3600), (UInt8(ascii: "M"), 60), (UInt8(ascii: "S"), 1)]
        rest = rest.dropFirst()
        continue
      }
      let whole = rest.prefix { (0x30...0x39).contains($0) }
      rest = rest.dropFirst(whole.count)
      guard !whole.isEmpty, let count = Int64(String(decoding: whole, as: UTF8.self)) else { return nil }
      var fraction: ArraySlice<UInt8> = []
      if rest.first == UInt8(ascii: ".") {
        rest = rest.dropFirst()
        fraction = rest.prefix { (0x30...0x39).contains($0) }
        rest = rest.dropFirst(fraction.count)
        guard !fraction.isEmpty, rest.first == UInt8(ascii: "S") else { return nil }
      }
      guard let letter = rest.first, let unit = units.firstIndex(where: { $0.letter == letter }) else { return nil }
      let (product, tooMany) = count.multipliedReportingOverflow(by: units[unit].seconds)
      let (sum, tooLong) = seconds.addingReportingOverflow(product)
      guard !tooMany, !tooLong else { return nil }
      seconds = sum
      var scale: Int64 = 100_000_000_000_000_000
      for digit in fraction.prefix(18) {
        attoseconds += Int64(digit - 0x30) * scale
        scale /= 10
      }
      units.removeFirst(unit + 1)
      parts += 1
      rest = rest.dropFirst()
    }
    guard parts > 0 else { return nil }
    return Duration(
      secondsComponent: isNegative ? -seconds : seconds, attosecondsComponent: isNegative ? -attoseconds : attoseconds)
  }

  static func text(_ duration: Duration) -> String {
    let (seconds, attoseconds) = duration.components
    guard seconds != 0 || attoseconds != 0 else { return "PT0S" }
    var text = seconds < 0 || attoseconds < 0 ? "-P" : "P"
    let all = seconds.magnitude
    if all >= 86_400 { text += "\(all / 86_400)D" }
    let (hours, minutes, rest) = (all / 3600 % 24, all / 60 % 60, all % 60)
    guard hours > 0 || minutes > 0 || rest > 0 || attoseconds != 0 else { return text }
    text += "T"
    if hours > 0 { text += "\(hours)H" }
    if minutes > 0 { text += "\(minutes)M" }
    guard rest > 0 || attoseconds != 0 else { return text }
    text += "\(rest)"
    if attoseconds != 0 {
      let digits = String(attoseconds.magnitude)
      var fraction = String(repeating: "0", count: 18 - digits.count) + digits
      while fraction.hasSuffix("0") { fraction.removeLast() }
      text += "." + fraction
    }
    return text + "S"
  }
}
