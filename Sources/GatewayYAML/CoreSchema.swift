/// What a scalar means under the core schema of YAML 1.2 (§10.3.2). There `yes`, `no`, `on`, `off` are strings, as are
/// `1_000` and `12:30`; a leading zero means nothing.
public enum YAMLValue: Sendable, Equatable {
  case null
  case bool(Bool)
  case number(YAMLNumber)
  /// `.inf`, `.nan`, or a hexadecimal or octal number over 64 bits: fine in YAML, but JSON has no such number.
  case unrepresentable
  case string(String)
}

/// A number in the notation of JSON (RFC 8259 §6), at full precision.
public struct YAMLNumber: Sendable, Equatable {
  public let text: String
  /// Nil for fractions, exponents and what does not fit 64 bits.
  public var integer: Int? { Int(text) }
  public var double: Double { Double(text) ?? .nan }
}

enum CoreTag {
  static let prefix = "tag:yaml.org,2002:"
  static let scalars = ["null", "bool", "int", "float", "str"].map { prefix + $0 }
  static let sequence = prefix + "seq"
  static let mapping = prefix + "map"
}

extension YAMLNode {
  /// The meaning of a scalar; nil for sequences and mappings.
  public var resolved: YAMLValue? {
    guard let scalar else { return nil }
    switch tag {
    case nil: return scalar.style == .plain ? CoreSchema.resolve(scalar.text) : .string(scalar.text)
    case CoreTag.prefix + "null", CoreTag.prefix + "bool", CoreTag.prefix + "int":
      return CoreSchema.resolve(scalar.text)
    case CoreTag.prefix + "float":
      return CoreSchema.resolve(scalar.text)
    // `!!str`, the non-specific `!`, and unknown tags, which the composer has already refused.
    default: return .string(scalar.text)
    }
  }
}

enum CoreSchema {
  /// Resolves plain text.
  static func resolve(_ text: String) -> YAMLValue {
    switch text {
    case "", "~", "null", "Null", "NULL": return .null
    case "true", "True", "TRUE": return .bool(true)
    case "false", "False", "FALSE": return .bool(false)
    case ".nan", ".NaN", ".NAN": return .unrepresentable
    case ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF": return .unrepresentable
    default: return number(text) ?? .string(text)
    }
  }

  /// Whether the text, tagged so, is what the tag says. `tag` is one of `CoreTag.scalars`.
  static func agrees(_ text: String, with tag: String) -> Bool {
    switch (tag.dropFirst(CoreTag.prefix.count), resolve(text)) {
    case ("str", _), ("null", .null), ("bool", .bool): true
    case ("int", .number(let number)): !number.text.contains { $0 == "." || $0 == "e" }
    case ("float", .number), ("float", .unrepresentable): true
    default: false
    }
  }

  private static func number(_ text: String) -> YAMLValue? {
    var scan = Scan(text)
    let isNegative = scan.take("-")
    let isSigned = isNegative || scan.take("+")
    if !isSigned, scan.rest.starts(with: "0x".utf8) { return radix(scan.rest.dropFirst(2), 16) }
    if !isSigned, scan.rest.starts(with: "0o".utf8) { return radix(scan.rest.dropFirst(2), 8) }

    let whole = scan.digits()
    var fraction: Substring?
    if scan.take(".") { fraction = scan.digits() }
    guard !whole.isEmpty || fraction?.isEmpty == false else { return nil }
    var exponent: String?
    if scan.take("e") || scan.take("E") {
      let sign = scan.take("-") ? "-" : ""
      if sign.isEmpty { _ = scan.take("+") }
      let digits = scan.digits()
      guard !digits.isEmpty else { return nil }
      exponent = sign + digits
    }
    guard scan.rest.isEmpty else { return nil }

    let significant = whole.drop { $0 == "0" }
    var json = isNegative ? "-" : ""
    json += significant.isEmpty ? "0" : String(significant)
    if let fraction, !fraction.isEmpty { json += "." + fraction }
    if let exponent { json += "e" + exponent }
    if json == "-0", fraction == nil, exponent == nil { json = "0" }
    return .number(YAMLNumber(text: json))
  }

  private static func radix(_ digits: Substring.UTF8View, _ radix: Int) -> YAMLValue? {
    let text = Substring(digits)
    guard !text.isEmpty, text.allSatisfy({ $0.isASCII && $0.hexDigitValue.map { $0 < radix } == true }) else {
      return nil
    }
    return UInt64(text, radix: radix).map { .number(YAMLNumber(text: String($0))) } ?? .unrepresentable
  }

  /// Walks over ASCII; anything else ends up in `rest` and makes the text no number.
  private struct Scan {
    var rest: Substring.UTF8View

    init(_ text: String) { rest = Substring(text).utf8 }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
      guard rest.first == UInt8(ascii: character) else { return false }
      rest.removeFirst()
      return true
    }

    mutating func digits() -> Substring {
      let digits = rest.prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
      rest = rest[digits.endIndex...]
      return Substring(digits)
    }
  }
}
