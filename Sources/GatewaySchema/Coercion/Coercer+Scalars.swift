import GatewayJSON

#if canImport(Glibc)
  import Glibc
#endif

extension Coercer {
  mutating func coerceBoolean(_ node: UnsafePointer<CoercionNode>, _ input: Int, _ word: JSONNode) -> Bool {
    let value: Bool
    switch word.kind {
    case .true, .false: return copy(input)
    case .string:
      guard let read = tape.withString(input, { ParameterText.boolean($0) }) else {
        return fail(.booleanText, node, input)
      }
      value = read
    case .number:
      let decimal = tape.decimal(input)
      if decimal.isZero {
        value = false
      } else if decimal.int64 == 1 {
        value = true
      } else {
        return decimal.int64 != nil ? fail(.booleanText, node, input) : fail(.booleanType, node, input)
      }
    default: return fail(.booleanType, node, input)
    }
    floor(.lax)
    value ? append("true") : append("false")
    return true
  }

  mutating func coerceInteger(_ node: UnsafePointer<CoercionNode>, _ input: Int, _ word: JSONNode) -> Bool {
    let start = bytes.count
    switch word.kind {
    case .number:
      if word.isIntegerText {
        // The usual number with the usual rules: no text is looked at.
        tape.decimal(input).isZero ? append("0") : append(tape.rawText(input))
      } else {
        floor(.lax)
        guard let value = doubleValue(input) else { return fail(.notFinite, node, input) }
        guard value == value.rounded(.towardZero) else { return fail(.integerFromFloat, node, input) }
        guard value.magnitude < 9_223_372_036_854_775_808 else { return fail(.integerSize, node, input) }
        bytes.append(contentsOf: "\(Int64(value))".utf8)
      }
    case .string:
      floor(.lax)
      let failure = integerText(input)
      if let failure { return fail(failure, node, input) }
    case .true, .false:
      floor(.lax)
      append(word.kind == .true ? "1" : "0")
    default: return fail(.integerType, node, input)
    }
    return node.pointee.ruleCount == 0 || checkNumber(from: start, node, input)
  }

  /// Digits of any length, at most 4300 as in CPython.
  private mutating func integerText(_ input: Int) -> Violation.Kind? {
    let tape = tape
    return tape.withString(input) { text in
      switch ParameterText.integer(text) {
      case .value(let value):
        bytes.append(contentsOf: "\(value)".utf8)
        return nil
      case .malformed: return .integerText
      case .outOfRange:
        var digits = 0
        if ParameterText.trimmed(text).first == UInt8(ascii: "-") { append("-") }
        for byte in ParameterText.trimmed(text) {
          if byte == UInt8(ascii: ".") { break }
          guard byte &- UInt8(ascii: "0") < 10, digits > 0 || byte != UInt8(ascii: "0") else { continue }
          bytes.append(byte)
          digits += 1
        }
        return digits <= 4300 ? nil : .integerSize
      }
    }
  }

  /// The nearest double; nil where it is infinite.
  func doubleValue(_ input: Int) -> Double? {
    let word = tape[input]
    // Zero goes the long way: it has a sign.
    if word.isSmall && word.scale == 0 && word.mantissa != 0 { return Double(word.mantissa) }
    if word.isSmall && word.mantissa != 0 && word.mantissa.magnitude < 1 << 53 && word.scale <= 15 {
      return Double(word.mantissa) / Double(PowersOfTen.value(word.scale))
    }
    let value = Double(String(decoding: tape.rawText(input), as: UTF8.self)) ?? .infinity
    return value.isFinite ? value : nil
  }

  mutating func coerceNumber(_ node: UnsafePointer<CoercionNode>, _ input: Int, _ word: JSONNode) -> Bool {
    let start = bytes.count
    switch word.kind {
    case .number:
      guard let value = doubleValue(input) else { return fail(.notFinite, node, input) }
      if word.isIntegerText { floor(.strict) }
      append(value)
    case .string:
      floor(.lax)
      let tape = tape
      let failure: Violation.Kind? = tape.withString(input) { text in
        ParameterText.number(text) { number in
          switch number {
          case .value(let value, _):
            append(value)
            return nil
          case .notFinite: return .notFinite
          case .malformed: return .numberText
          }
        }
      }
      if let failure { return fail(failure, node, input) }
    case .true, .false:
      floor(.lax)
      append(word.kind == .true ? "1.0" : "0.0")
    default: return fail(.numberType, node, input)
    }
    return node.pointee.ruleCount == 0 || checkNumber(from: start, node, input)
  }

  /// Shortest digits that read back as the same number, laid out as Python and Pydantic do: a point up to 10¹⁶.
  mutating func append(_ value: Double) {
    if value == value.rounded(.towardZero), value.magnitude < 1e15 {
      if value.sign == .minus && value == 0 { append("-") }
      bytes.append(contentsOf: "\(Int64(value))".utf8)
      append(".0")
      return
    }
    let magnitude = value.magnitude
    if magnitude >= 1e-4 && magnitude < 1e15 {
      bytes.append(contentsOf: value.description.utf8)
      return
    }
    bytes += FloatText.layout(value)
  }

  mutating func coerceDecimal(_ node: UnsafePointer<CoercionNode>, _ input: Int, _ word: JSONNode) -> Bool {
    floor(.lax)
    let decimal: LaxDecimal
    do throws(LaxDecimal.Failure) {
      switch word.kind {
      case .string: decimal = try LaxDecimal(copying: tape, input)
      case .number where word.isIntegerText: decimal = try LaxDecimal(tape.rawText(input))
      case .number:
        guard let value = doubleValue(input) else { return fail(.notFinite, node, input) }
        // By its shortest text, as Python writes it.
        decimal = try LaxDecimal(FloatText.layout(value))
      default: return fail(.decimalType, node, input)
      }
    } catch {
      return error == .notFinite ? fail(.notFinite, node, input) : fail(.decimalText, node, input)
    }
    let text = decimal.text
    let isWithin = node.pointee.ruleCount == 0 || text.withUnsafeBytes { checkNumber(JSONDecimal($0), node, input) }
    guard isWithin else { return false }
    if isForChecking && !node.pointee.isText {
      bytes += text
      return true
    }
    append("\"")
    bytes += text
    append("\"")
    return true
  }

  private mutating func checkNumber(from start: Int, _ node: UnsafePointer<CoercionNode>, _ input: Int) -> Bool {
    let written = bytes
    return written.withUnsafeBytes {
      checkNumber(JSONDecimal(UnsafeRawBufferPointer(rebasing: $0[start...])), node, input)
    }
  }

  /// Pydantic's order: multiple_of, le, lt, ge, gt.
  mutating func checkNumber(_ value: JSONDecimal, _ node: UnsafePointer<CoercionNode>, _ input: Int) -> Bool {
    for position in node.pointee.rules..<node.pointee.rules + node.pointee.ruleCount {
      let schema = plan.indexes.base[Int(position)]
      let numeric = tables.nodes[schema].numeric
      guard numeric >= 0 else { continue }
      let rules = tables.numeric[numeric]
      let numbers = program.numbers
      func limit(_ number: Int32) -> Violation.NumericLimit {
        Violation.NumericLimit(numbers[Int(number)], isFloat: node.pointee.kind == .number)
      }
      func order(_ bound: NumericBound) -> Int {
        numbers[Int(bound.number)].withDecimal { value.compare($0) }
      }
      if let divisor = rules.divisor, !value.isMultiple(of: divisor) {
        return fail(.multipleOf(limit(rules.divisorNumber)), node, input)
      }
      if rules.maximum.isPresent, order(rules.maximum) > 0 {
        return fail(.maximum(limit(rules.maximum.number)), node, input)
      }
      if rules.exclusiveMaximum.isPresent, order(rules.exclusiveMaximum) >= 0 {
        return fail(.exclusiveMaximum(limit(rules.exclusiveMaximum.number)), node, input)
      }
      if rules.minimum.isPresent, order(rules.minimum) < 0 {
        return fail(.minimum(limit(rules.minimum.number)), node, input)
      }
      if rules.exclusiveMinimum.isPresent, order(rules.exclusiveMinimum) <= 0 {
        return fail(.exclusiveMinimum(limit(rules.exclusiveMinimum.number)), node, input)
      }
    }
    return true
  }
}

extension LaxDecimal {
  init(copying tape: UnsafeJSONTape, _ input: Int) throws(Failure) {
    try self.init(tape.withString(input) { Array($0) })
  }

  init(_ text: [UInt8]) throws(Failure) {
    let read: Result<LaxDecimal, Failure> = text.withUnsafeBytes { bytes in
      do throws(Failure) { return .success(try LaxDecimal(bytes)) } catch { return .failure(error) }
    }
    self = try read.get()
  }
}

/// Doubles as text.
enum FloatText {
  static func layout(_ value: Double) -> [UInt8] {
    // Swift's description has the shortest digits; only the layout differs from Python's.
    var digits: [UInt8] = []
    var point: Int?
    var exponent = 0
    let text = value.magnitude.description
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: ".") {
        point = digits.count
      } else if byte | 0x20 == UInt8(ascii: "e") {
        exponent = Int(String(decoding: rest, as: UTF8.self)) ?? 0
        break
      } else {
        digits.append(byte)
      }
    }
    // The value is 0.digits × 10^scale.
    var scale = (point ?? digits.count) + exponent
    while digits.count > 1, digits.first == UInt8(ascii: "0") {
      digits.removeFirst()
      scale -= 1
    }
    while digits.count > 1, digits.last == UInt8(ascii: "0") { digits.removeLast() }
    var result: [UInt8] = value.sign == .minus ? [UInt8(ascii: "-")] : []
    if scale > 0 && scale <= 16 {
      if digits.count <= scale {
        result += digits + [UInt8](repeating: UInt8(ascii: "0"), count: scale - digits.count) + ".0".utf8
      } else {
        result += digits[..<scale] + [UInt8(ascii: ".")] + digits[scale...]
      }
    } else if scale <= 0 && scale > -5 {
      result += "0.".utf8
      result += [UInt8](repeating: UInt8(ascii: "0"), count: -scale) + digits
    } else {
      result.append(digits[0])
      if digits.count > 1 { result += [UInt8(ascii: ".")] + digits[1...] }
      result += "e\(scale > 0 ? "+" : "")\(scale - 1)".utf8
    }
    return result
  }
}
