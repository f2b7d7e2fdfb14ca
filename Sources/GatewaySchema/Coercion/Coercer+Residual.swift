import GatewayJSON

/// What only JSON Schema can say.
extension Coercer {
  /// About a scalar as it came out (its output begins at `start`), about an object or array as it was sent. What
  /// conversion makes of their contents is checked in the end, on the whole (`Schema.violationsAsConverted`).
  mutating func holdsResidual(
    _ node: UnsafePointer<CoercionNode>, from start: Int, _ input: Int, _ depth: Int
  ) -> Bool {
    let isAsSent = tape[input].kind.isContainer || bytes[start...].elementsEqual(tape.rawText(input))
    guard !isAsSent else { return holds(node.pointee.residual, on: tape, input, at: nil, depth) }
    var converted = CoercedDocument()
    converted.bytes = Array(bytes[start...])
    guard converted.finish(), let tape = converted.document.unsafeTape else { return fail(.tooComplex, node, input) }
    let isValid = holds(node.pointee.residual, on: tape, 0, at: input, depth)
    // Not before: the tape is an address into it.
    converted.clear()
    return isValid
  }

  /// `place`: where the value was sent, if `index` does not say it.
  private mutating func holds(
    _ schema: Int32, on tape: UnsafeJSONTape, _ index: Int, at place: Int?, _ depth: Int
  ) -> Bool {
    var judge = Evaluator(program, tape)
    judge.steps = evaluator.steps
    judge.isConverted = place != nil
    let isValid = judge.isValid(schema, index, depth: depth)
    evaluator.steps = judge.steps
    evaluator.isExhausted = evaluator.isExhausted || judge.isExhausted
    if isValid { return true }
    guard collects, !evaluator.isExhausted else { return false }
    var collector = ViolationCollector(program, tape, limit: max(limit - result.entries.count, 1))
    collector.evaluator.steps = evaluator.steps
    collector.evaluator.isConverted = judge.isConverted
    collector.path = path
    collector.collect(schema, index, depth: depth)
    evaluator.steps = collector.evaluator.steps
    guard result.entries.count < limit else {
      result.isTruncated = true
      return false
    }
    for var entry in collector.result.entries {
      if let place { entry.input = JSONIndex(position: place) }
      result.entries.append(entry)
    }
    result.isTruncated = result.isTruncated || collector.result.isTruncated
    return false
  }
}
