import GatewayJSON

extension Schema {
  /// Judges by the schema itself what lax coercion accepted: the document with its values converted and nothing else
  /// done to it, so that a rule which the plan leaves out (of several parts of an `allOf`, beside alternatives) holds
  /// here as in strict mode. Nil where it is valid.
  ///
  /// For plans that are not exact. Costs a walk and a parse more, unless what was sent came out as it was.
  func violationsAsConverted(_ tape: UnsafeJSONTape, _ limit: Int, isUnchanged: Bool) -> Violations? {
    if isUnchanged { return violationsAsConverted(on: tape, tape, limit) }
    var coercer = Coercer(self, tape, [])
    coercer.isForChecking = true
    guard coercer.coerce(coercion.root, 0, depth: 0), !coercer.evaluator.isExhausted else { return tooComplex() }
    var converted = CoercedDocument()
    converted.bytes = coercer.bytes
    guard converted.finish(), let tree = converted.document.unsafeTape else { return tooComplex() }
    let violations = violationsAsConverted(on: tree, tape, limit)
    // Not before: the tape is an address into it.
    converted.clear()
    return violations
  }

  private func violationsAsConverted(on tape: UnsafeJSONTape, _ sent: UnsafeJSONTape, _ limit: Int) -> Violations? {
    var evaluator = Evaluator(program, tape)
    evaluator.isConverted = true
    if evaluator.isValid(program.root, 0, depth: 0) { return nil }
    var collector = ViolationCollector(program, tape, limit: max(limit, 1))
    collector.evaluator.isConverted = true
    collector.collect(program.root, 0, depth: 0)
    var violations = collector.result
    if evaluator.isExhausted || collector.evaluator.isExhausted || violations.isEmpty { violations = tooComplex() }
    for index in violations.entries.indices {
      violations.entries[index].input = Schema.place(of: violations.entries[index], in: sent)
    }
    markSecrets(sent, &violations)
    return violations
  }

  /// Where the value was sent; where it has no place of its own (an item of a set with duplicates) what is around it.
  private static func place(of violation: Violation, in tape: UnsafeJSONTape) -> JSONIndex {
    var index = 0
    for step in violation.path {
      switch step {
      case .branch: continue
      case .member(let name):
        guard tape[index].kind == .object, let value = tape.member(name, of: index) else {
          return JSONIndex(position: index)
        }
        index = value
      case .name(let name):
        guard tape[index].kind == .object, let value = tape.member(name, of: index) else {
          return JSONIndex(position: index)
        }
        return JSONIndex(position: value &- 1)
      case .item(let position):
        guard tape[index].kind == .array, position < tape.childCount(index) else { return JSONIndex(position: index) }
        var item = index &+ 1
        for _ in 0..<position { item = tape.next(item) }
        index = item
      }
    }
    return JSONIndex(position: index)
  }
}
