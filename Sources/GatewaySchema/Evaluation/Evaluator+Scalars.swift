import GatewayJSON

extension Evaluator {
  /// True for 1, 1.0 and 10e-1 (Validation §6.1.1).
  @inline(__always)
  func isInteger(_ word: JSONNode, _ index: Int) -> Bool {
    word.isIntegerText || Evaluator.isWhole(tape, word, index)
  }

  @inline(never)
  private static func isWhole(_ tape: UnsafeJSONTape, _ word: JSONNode, _ index: Int) -> Bool {
    guard word.isSmall else { return tape.decimal(index).isInteger }
    return word.mantissa % PowersOfTen.value(word.scale) == 0
  }

  // Rules by address: copied, they would be most of the work. And `mutating` though nothing changes: a method that only
  // reads gets a copy of `self`, 150 bytes.
  mutating func isValidNumber(_ rules: UnsafePointer<NumericRules>, _ word: JSONNode, _ index: Int) -> Bool {
    if rules.pointee.minimum.isPresent, order(word, index, rules.pointee.minimum) < 0 { return false }
    if rules.pointee.exclusiveMinimum.isPresent, order(word, index, rules.pointee.exclusiveMinimum) <= 0 {
      return false
    }
    if rules.pointee.maximum.isPresent, order(word, index, rules.pointee.maximum) > 0 { return false }
    if rules.pointee.exclusiveMaximum.isPresent, order(word, index, rules.pointee.exclusiveMaximum) >= 0 {
      return false
    }
    if let divisor = rules.pointee.divisor, !Evaluator.isMultiple(tape, word, index, of: divisor) { return false }
    return true
  }

  /// Negative, zero or positive as the value is below, at or above the bound; exact.
  func compare(_ word: JSONNode, _ index: Int, _ bound: NumericBound) -> Int {
    var evaluator = self
    return evaluator.order(word, index, bound)
  }

  func isMultiple(_ word: JSONNode, _ index: Int, of divisor: JSONDivisor) -> Bool {
    Evaluator.isMultiple(tape, word, index, of: divisor)
  }

  @inline(__always)
  private mutating func order(_ word: JSONNode, _ index: Int, _ bound: NumericBound) -> Int {
    // Zero is zero at every scale.
    if word.isSmall && bound.isSmall && (word.scale == Int(bound.scale) || bound.mantissa == 0) {
      return word.mantissa < bound.mantissa ? -1 : (word.mantissa == bound.mantissa ? 0 : 1)
    }
    return orderExactly(word, index, bound)
  }

  @inline(never)
  private mutating func orderExactly(_ word: JSONNode, _ index: Int, _ bound: NumericBound) -> Int {
    if word.isSmall && bound.isSmall {
      // Both below 10^19 in size and scales at most 18: the products fit 128 bits.
      let a = Int128(word.mantissa) * Int128(PowersOfTen.value(Int(bound.scale)))
      let b = Int128(bound.mantissa) * Int128(PowersOfTen.value(word.scale))
      return a < b ? -1 : (a == b ? 0 : 1)
    }
    return program.numbers[Int(bound.number)].withDecimal { tape.decimal(index).compare($0) }
  }

  @inline(__always)
  private static func isMultiple(
    _ tape: UnsafeJSONTape, _ word: JSONNode, _ index: Int, of divisor: JSONDivisor
  ) -> Bool {
    if word.isSmall && word.scale == 0 && divisor.exponent == 0 {
      return word.mantissa.magnitude % divisor.significand == 0
    }
    return tape.decimal(index).isMultiple(of: divisor)
  }

  mutating func isValidString(_ rules: UnsafePointer<StringRules>, _ word: JSONNode, _ index: Int) -> Bool {
    let minimum = rules.pointee.minimumLength
    let maximum = rules.pointee.maximumLength
    let bytes = word.stringLength
    if bytes < minimum { return false }
    if word.isASCII && !word.isEscaped {
      if bytes > maximum { return false }
    } else if bytes > maximum || bytes < minimum &* 12 {
      // A code point takes at most 12 bytes (a pair of escapes), so long texts need no counting for the minimum.
      let count = tape.scalarCount(index)
      if count < minimum || count > maximum { return false }
    }
    if rules.pointee.pattern >= 0 || rules.pointee.format != .none { return isValidText(rules.pointee, index) }
    return true
  }

  @inline(never)
  private mutating func isValidText(_ rules: StringRules, _ index: Int) -> Bool {
    if rules.pattern >= 0, !matches(rules.pattern, index) { return false }
    return rules.format == .none || formatFailure(rules.format, index) == nil
  }

  func formatFailure(_ format: StringFormat, _ index: Int) -> FormatFailure? {
    tape.withString(index) { isConverted && format.isReadable($0) ? nil : format.failure($0) }
  }
}

extension Evaluator {
  /// Searches a string or name. A pattern without a table is charged for the text's length: where the budget does not
  /// suffice, evaluation is exhausted and the answer means nothing.
  mutating func matches(_ pattern: Int32, _ index: Int) -> Bool {
    let pattern = program.patterns[Int(pattern)]
    if !pattern.isDeterministic {
      steps -= pattern.steps(for: tape[index].stringLength)
      guard steps > 0 else {
        isExhausted = true
        return false
      }
    }
    return pattern.search(tape.scalars(index))
  }
}

/// 10^0 … 10^18, what fits `Int64`.
enum PowersOfTen {
  private static let table = FrozenTable<Int64>(
    (0...18).map { exponent in (0..<exponent).reduce(1) { power, _ in power * 10 } })

  /// Exponents outside 0…18 count as the nearest inside.
  static func value(_ exponent: Int) -> Int64 { table.base[min(max(exponent, 0), 18)] }
}
