import GatewayJSON

/// A compiled schema for one scalar parameter: path, query, header or cookie text in, typed value out.
///
/// Two paths, as in `Schema`: `coerce` answers a value or nil and allocates nothing; `violation` says why it was nil.
public final class ParameterSchema: Sendable {
  /// What the text stands for.
  public enum Target: Sendable, Hashable {
    case text, integer, number, boolean
  }

  public enum Value: Sendable, Hashable {
    /// The text itself, which the caller has.
    case text
    case integer(Int64)
    case number(Double)
    case boolean(Bool)
  }

  public let target: Target
  /// The schema's `default`, as written; not validated, as in FastAPI.
  public let defaultValue: JSONValue?
  /// `writeOnly` or `format: password`: the text must not be echoed.
  public let isSecret: Bool

  private let schema: Schema
  private let node: SchemaNode
  // Whole numbers from…to, exclusive bounds folded in; everything else there may be is in `hasMoreRules`.
  private let lowest: Int64
  private let highest: Int64
  private let hasMoreRules: Bool
  /// Its list of values is a definition. Pydantic writes an enumeration class so, and a literal in place.
  private let isNamed: Bool

  init(_ schema: Schema, target: Target, defaultValue: JSONValue?) {
    self.schema = schema
    self.target = target
    self.defaultValue = defaultValue
    let program = schema.program
    let node = program.tables.nodes[program.root]
    self.node = node
    let place = program.information[Int(program.root)]
    isNamed = place.resource != nil || !place.pointer.isEmpty
    isSecret = node.flags.contains(.secret)
    var lowest = Int64.min
    var highest = Int64.max
    var needsExactRules = node.enumeration >= 0 || node.constant >= 0
    if target == .integer, node.numeric >= 0 {
      let rules = program.tables.numeric[node.numeric]
      needsExactRules = needsExactRules || rules.divisor != nil
      func fold(_ bound: NumericBound, _ apply: (Int64) -> Void) {
        guard bound.isPresent else { return }
        if let value = program.numbers[Int(bound.number)].int64, value > .min, value < .max {
          apply(value)
        } else {
          needsExactRules = true
        }
      }
      fold(rules.minimum) { lowest = max(lowest, $0) }
      fold(rules.exclusiveMinimum) { lowest = max(lowest, $0 + 1) }
      fold(rules.maximum) { highest = min(highest, $0) }
      fold(rules.exclusiveMaximum) { highest = min(highest, $0 - 1) }
    }
    self.lowest = lowest
    self.highest = highest
    hasMoreRules = needsExactRules
  }

  /// The value `text` stands for; nil where it is not valid.
  public func coerce(_ text: UnsafeRawBufferPointer) -> Value? {
    switch target {
    case .integer:
      guard case .value(let value) = ParameterText.integer(text), value >= lowest, value <= highest else { return nil }
      if hasMoreRules, integerViolation(value) != nil { return nil }
      return .integer(value)
    case .text:
      return textViolation(text) == nil ? .text : nil
    case .boolean:
      guard let value = ParameterText.boolean(text), !hasMoreRules || listViolation(.bool(value)) == nil else {
        return nil
      }
      return .boolean(value)
    case .number:
      return ParameterText.number(text) { number in
        guard case .value(let value, let decimal) = number, numberViolation(decimal) == nil,
          !hasMoreRules || listViolation(decimal) == nil
        else { return nil }
        return .number(value)
      }
    }
  }

  /// The first rule that `text` breaks; nil where it breaks none.
  public func violation(_ text: UnsafeRawBufferPointer) -> Violation.Kind? {
    switch target {
    case .integer:
      switch ParameterText.integer(text) {
      case .value(let value): return integerViolation(value)
      case .outOfRange: return listed() ?? .integerSize
      case .malformed: return listed() ?? .integerText
      }
    case .text: return textViolation(text)
    case .boolean:
      guard let value = ParameterText.boolean(text) else { return listed() ?? .booleanText }
      return listViolation(.bool(value))
    case .number:
      return ParameterText.number(text) { number in
        switch number {
        case .value(_, let decimal): return listViolation(decimal) ?? numberViolation(decimal)
        case .notFinite: return listed() ?? .notFinite
        case .malformed: return listed() ?? .numberText
        }
      }
    }
  }

  private func integerViolation(_ value: Int64) -> Violation.Kind? {
    let number = JSONNumber(value)
    return number.withDecimal { listViolation($0) ?? numberViolation($0) }
  }

  private func numberViolation(_ value: JSONDecimal) -> Violation.Kind? {
    guard node.numeric >= 0 else { return nil }
    let rules = schema.program.tables.numeric[node.numeric]
    func number(_ index: Int32) -> JSONNumber { schema.program.numbers[Int(index)] }
    func limit(_ index: Int32) -> Violation.NumericLimit {
      Violation.NumericLimit(number(index), isFloat: target == .number)
    }
    func compare(_ bound: NumericBound) -> Int? {
      bound.isPresent ? number(bound.number).withDecimal { value.compare($0) } : nil
    }
    if let divisor = rules.divisor, !value.isMultiple(of: divisor) { return .multipleOf(limit(rules.divisorNumber)) }
    if let order = compare(rules.maximum), order > 0 { return .maximum(limit(rules.maximum.number)) }
    if let order = compare(rules.exclusiveMaximum), order >= 0 {
      return .exclusiveMaximum(limit(rules.exclusiveMaximum.number))
    }
    if let order = compare(rules.minimum), order < 0 { return .minimum(limit(rules.minimum.number)) }
    if let order = compare(rules.exclusiveMinimum), order <= 0 {
      return .exclusiveMinimum(limit(rules.exclusiveMinimum.number))
    }
    return nil
  }

  private func textViolation(_ text: UnsafeRawBufferPointer) -> Violation.Kind? {
    guard UTF8Validation.firstInvalidOffset(in: text) == nil else { return .notUnicode }
    if let kind = listTextViolation(text) { return kind }
    guard node.string >= 0 else { return nil }
    let rules = schema.program.tables.strings[node.string]
    if rules.minimumLength > 0 || rules.maximumLength != .max {
      let count = text.reduce(0) { $1 & 0xC0 == 0x80 ? $0 : $0 + 1 }
      if count < rules.minimumLength { return .minLength(rules.minimumLength) }
      if count > rules.maximumLength { return .maxLength(rules.maximumLength) }
    }
    if rules.pattern >= 0 {
      let pattern = schema.program.patterns[Int(rules.pattern)]
      guard pattern.steps(for: text.count) <= Pattern.stepsWithoutWarning else { return .tooComplex }
      if !pattern.matches(text) { return .pattern(pattern.text) }
    }
    guard rules.format != .none, let failure = rules.format.failure(text) else { return nil }
    return .format(rules.format, failure)
  }

  private func listTextViolation(_ text: UnsafeRawBufferPointer) -> Violation.Kind? {
    guard node.enumeration >= 0 || node.constant >= 0 else { return nil }
    let tables = schema.program.tables
    if node.enumeration >= 0, tables.enumerations[node.enumeration].isNames {
      let hash = text.baseAddress.map { JSONKeyHash.of($0, count: text.count) } ?? JSONKeyHash.ofNothing
      let names = tables.enumerations[node.enumeration].names
      let isListed = withUnsafeBytes(of: 0 as UInt8) { nothing in
        (text.baseAddress ?? nothing.baseAddress).map { tables.find($0, text.count, hash, in: names) >= 0 } ?? false
      }
      guard isListed else { return listed() }
      guard node.constant >= 0 else { return nil }
    }
    return listViolation(.string(String(decoding: text, as: UTF8.self)))
  }

  /// Where there is a list of values, text that is none of them is told the list, whatever else is wrong with it.
  private func listed() -> Violation.Kind? {
    if node.enumeration >= 0 {
      let rules = schema.program.tables.enumerations[node.enumeration]
      return notListed(Array(schema.program.constants[Int(rules.values)..<Int(rules.values + rules.count)]))
    }
    return node.constant >= 0 ? .constant(schema.program.constants[Int(node.constant)]) : nil
  }

  private func notListed(_ values: [JSONValue]) -> Violation.Kind {
    isNamed ? .enumeration(values) : .coercion(.literal(values))
  }

  private func listViolation(_ value: JSONValue) -> Violation.Kind? {
    listViolation { $0 == value }
  }

  private func listViolation(_ value: JSONDecimal) -> Violation.Kind? {
    listViolation { $0.number?.withDecimal { value.compare($0) == 0 } ?? false }
  }

  private func listViolation(_ matches: (JSONValue) -> Bool) -> Violation.Kind? {
    if node.enumeration >= 0 {
      let rules = schema.program.tables.enumerations[node.enumeration]
      let values = schema.program.constants[Int(rules.values)..<Int(rules.values + rules.count)]
      if !values.contains(where: matches) { return notListed(Array(values)) }
    }
    if node.constant >= 0 {
      let value = schema.program.constants[Int(node.constant)]
      if !matches(value) { return .constant(value) }
    }
    return nil
  }
}
