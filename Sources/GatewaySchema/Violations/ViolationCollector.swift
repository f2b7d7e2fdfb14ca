import GatewayJSON

/// Walks an invalid document once more and writes down everything that is wrong, in Pydantic's order: an object's
/// members as the schema declares them, then the others as they came; per value the first rule that fails.
struct ViolationCollector {
  let program: SchemaProgram
  let tables: SchemaTables
  let tape: UnsafeJSONTape
  let limit: Int
  var evaluator: Evaluator
  var path: [Violation.Step] = []
  var result = Violations()

  init(_ program: SchemaProgram, _ tape: UnsafeJSONTape, limit: Int) {
    self.program = program
    self.tape = tape
    self.limit = limit
    tables = program.tables
    evaluator = Evaluator(program, tape)
  }

  mutating func run() -> Violations {
    if tables.nodes[program.root].flags.contains(.containsSecret) {
      var marker = SecretMarker(program, tape)
      marker.mark(program.root, 0, depth: 0)
      result.secrets = marker.secrets
      result.hidesAllInput = marker.isExhausted
    }
    collect(program.root, 0, depth: 0)
    if result.entries.isEmpty && !evaluator.isExhausted {
      // Valid, or `isValid` ran out of work where this walk did not.
      evaluator = Evaluator(program, tape)
      _ = evaluator.isValid(program.root, 0, depth: 0)
    }
    if evaluator.isExhausted {
      // Whatever was found rests on answers that were cut short.
      result.entries = []
      path = []
      add(.tooComplex, program.root, 0)
    }
    return result
  }

  var isFull: Bool { result.isTruncated || evaluator.isExhausted }

  mutating func add(_ kind: Violation.Kind, _ schema: Int32, _ input: Int) {
    guard result.entries.count < limit else {
      result.isTruncated = true
      return
    }
    let place = program.information[Int(schema)]
    result.entries.append(
      Violation(
        path: path, schemaName: place.resource, schemaPointer: place.pointer, kind: kind,
        input: JSONIndex(position: input)))
  }

  mutating func within(_ step: Violation.Step, _ body: (inout ViolationCollector) -> Void) {
    path.append(step)
    body(&self)
    path.removeLast()
  }

  mutating func collect(_ schema: Int32, _ index: Int, depth: Int) {
    evaluator.steps -= 1
    guard evaluator.steps > 0, depth < Evaluator.maximumDepth else {
      evaluator.isExhausted = true
      return
    }
    guard !isFull, schema >= 0 else { return }
    let node = tables.nodes[schema]
    let word = tape[index]
    // Before the type: a value of the wrong type is not in the list either, and the list says more.
    if node.enumeration >= 0, !evaluator.isListed(tables.enumerations[node.enumeration], word, index) {
      let rules = tables.enumerations[node.enumeration]
      add(.enumeration(Array(program.constants[Int(rules.values)..<Int(rules.values + rules.count)])), schema, index)
      return
    }
    if node.constant >= 0, !tape.equals(index, program.constants[Int(node.constant)]) {
      add(.constant(program.constants[Int(node.constant)]), schema, index)
      return
    }
    guard hasType(node.types, word, index) else {
      addTypeViolation(node, schema, index)
      return
    }
    switch word.kind {
    case .number:
      if node.numeric >= 0, let kind = numericViolation(tables.numeric[node.numeric], schema, word, index) {
        add(kind, schema, index)
        return
      }
    case .string:
      if node.string >= 0, let kind = stringViolation(tables.strings[node.string], index) {
        add(kind, schema, index)
        return
      }
    case .array:
      if node.array >= 0 { collectItems(tables.arrays[node.array], schema, index, depth) }
    case .object:
      if node.object >= 0 { collectMembers(tables.objects[node.object], schema, index, depth) }
    default: break
    }
    collectApplicators(node, schema, index, depth)
  }

  private func hasType(_ types: SchemaTypes, _ word: JSONNode, _ index: Int) -> Bool {
    types.rawValue & (1 << word.rawKind) != 0
      || word.kind == .number && types.contains(.integer) && evaluator.isInteger(word, index)
  }

  private mutating func addTypeViolation(_ node: SchemaNode, _ schema: Int32, _ index: Int) {
    let format = node.string >= 0 ? tables.strings[node.string].format : .none
    let isModel = node.object >= 0 && tables.objects[node.object].names.count > 0
    let expected = node.types.separate
    // Null beside one other type makes that one optional; it is no alternative of its own.
    let alternatives = expected.count > 1 ? expected.filter { $0 != .null } : expected
    if alternatives.isEmpty {
      add(.forbidden, schema, index)
    } else if alternatives.count == 1 {
      add(.type(alternatives[0], format: format, isModel: isModel), schema, index)
    } else {
      for type in alternatives {
        within(.branch(SchemaBuilder.label(ofType: type))) {
          $0.add(.type(type, format: format, isModel: isModel), schema, index)
        }
      }
    }
  }

  private func numericViolation(
    _ rules: NumericRules, _ schema: Int32, _ word: JSONNode, _ index: Int
  ) -> Violation.Kind? {
    func limit(_ bound: NumericBound) -> Violation.NumericLimit { self.limit(bound.number, schema) }
    if let divisor = rules.divisor, !evaluator.isMultiple(word, index, of: divisor) {
      return .multipleOf(self.limit(rules.divisorNumber, schema))
    }
    if rules.maximum.isPresent, evaluator.compare(word, index, rules.maximum) > 0 {
      return .maximum(limit(rules.maximum))
    }
    if rules.exclusiveMaximum.isPresent, evaluator.compare(word, index, rules.exclusiveMaximum) >= 0 {
      return .exclusiveMaximum(limit(rules.exclusiveMaximum))
    }
    if rules.minimum.isPresent, evaluator.compare(word, index, rules.minimum) < 0 {
      return .minimum(limit(rules.minimum))
    }
    if rules.exclusiveMinimum.isPresent, evaluator.compare(word, index, rules.exclusiveMinimum) <= 0 {
      return .exclusiveMinimum(limit(rules.exclusiveMinimum))
    }
    return nil
  }

  private func limit(_ number: Int32, _ schema: Int32) -> Violation.NumericLimit {
    Violation.NumericLimit(program.numbers[Int(number)], isFloat: program.information[Int(schema)].isFloat)
  }

  private mutating func stringViolation(_ rules: StringRules, _ index: Int) -> Violation.Kind? {
    let count = tape.scalarCount(index)
    if count < rules.minimumLength { return .minLength(rules.minimumLength) }
    if count > rules.maximumLength { return .maxLength(rules.maximumLength) }
    if rules.pattern >= 0, !evaluator.matches(rules.pattern, index) {
      return .pattern(program.patterns[Int(rules.pattern)].text)
    }
    guard rules.format != .none, let failure = evaluator.formatFailure(rules.format, index) else { return nil }
    return .format(rules.format, failure)
  }
}
