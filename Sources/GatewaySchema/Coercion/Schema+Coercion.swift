import GatewayJSON

#if canImport(Glibc)
  import Glibc
#endif

/// What coercion made of a document.
public enum CoercionOutcome: Sendable {
  /// Valid, and what was sent is the value already: use the document as it was parsed.
  case unchanged
  /// Valid; the value is in the `CoercedDocument`.
  case rewritten
  /// Not valid. Positions in here are those of the document that was sent.
  case invalid(Violations)

  public var violations: Violations? {
    if case .invalid(let violations) = self { violations } else { nil }
  }
}

extension Schema {
  /// False where a valid document is its own value in this mode, so that `isValid` is all that is to be asked: in strict
  /// mode for a schema without defaults, in lax mode for one that knows only texts and containers of them.
  public func needsRewriting(_ mode: CoercionMode) -> Bool {
    let fills = coercion.nodes.base[Int(coercion.root)].fills
    return mode == .strict ? fills : fills || coercion.converts
  }

  /// Validates `document` and reads its value: converted in lax mode, with defaults filled in both.
  ///
  /// - Parameters:
  ///   - limit: Violations to report at most, in FastAPI's order.
  ///   - output: Holds the value after `.rewritten`. The document itself stays as it was.
  ///
  /// An empty document (nothing parsed, or a syntax error) is `.invalid` without entries: its error is the answer.
  /// Work is bounded by the document's size, as in `isValid`.
  public func coerce(
    _ document: borrowing JSONDocument, mode: CoercionMode, limit: Int = 100, into output: inout CoercedDocument
  ) -> CoercionOutcome {
    output.clear()
    guard let tape = document.unsafeTape else { return .invalid(Violations()) }
    return withExtendedLifetime((program, coercion)) {
      mode == .strict
        ? coerceStrictly(tape, document, limit, &output) : coerceLaxly(tape, document, limit, &output)
    }
  }

  private func coerceStrictly(
    _ tape: UnsafeJSONTape, _ document: borrowing JSONDocument, _ limit: Int, _ output: inout CoercedDocument
  ) -> CoercionOutcome {
    guard isValid(document) else { return .invalid(violations(of: document, limit: limit)) }
    guard needsRewriting(.strict) else { return .unchanged }
    var filler = DefaultFiller(self, tape, output.takeBytes())
    guard filler.isMissing(coercion.root, 0) else {
      output.bytes = filler.bytes
      return .unchanged
    }
    filler.fill(coercion.root, 0)
    output.bytes = filler.bytes
    guard !filler.isExhausted else { return .invalid(tooComplex()) }
    return conclude(document, &output)
  }

  private func coerceLaxly(
    _ tape: UnsafeJSONTape, _ document: borrowing JSONDocument, _ limit: Int, _ output: inout CoercedDocument
  ) -> CoercionOutcome {
    var coercer = Coercer(self, tape, output.takeBytes())
    let isValid = coercer.coerce(coercion.root, 0, depth: 0) && !coercer.evaluator.isExhausted
    output.bytes = coercer.bytes
    guard isValid else { return .invalid(explain(tape, limit)) }
    if !coercion.isExact, let violations = violationsAsConverted(tape, limit, isUnchanged: isSame(document, output)) {
      output.clear()
      return .invalid(violations)
    }
    return conclude(document, &output)
  }

  private func conclude(_ document: borrowing JSONDocument, _ output: inout CoercedDocument) -> CoercionOutcome {
    if isSame(document, output) { return .unchanged }
    guard output.finish() else {
      output.clear()
      return .invalid(tooComplex())
    }
    return .rewritten
  }

  private func isSame(_ document: borrowing JSONDocument, _ output: borrowing CoercedDocument) -> Bool {
    guard let tape = document.unsafeTape, output.bytes.count == document.byteCount else { return false }
    return output.bytes.withUnsafeBytes { memcmp($0.baseAddress ?? tape.bytes, tape.bytes, $0.count) } == 0
  }

  /// The walk once more, this time writing down everything.
  private func explain(_ tape: UnsafeJSONTape, _ limit: Int) -> Violations {
    var coercer = Coercer(self, tape, [])
    coercer.limit = max(limit, 1)
    coercer.collects = true
    _ = coercer.coerce(coercion.root, 0, depth: 0)
    var violations = coercer.result
    if coercer.evaluator.isExhausted || violations.isEmpty { violations = tooComplex() }
    markSecrets(tape, &violations)
    return violations
  }

  func markSecrets(_ tape: UnsafeJSONTape, _ violations: inout Violations) {
    guard program.tables.nodes[program.root].flags.contains(.containsSecret) else { return }
    var marker = SecretMarker(program, tape)
    marker.mark(program.root, 0, depth: 0)
    violations.secrets = marker.secrets
    violations.hidesAllInput = marker.isExhausted
  }

  func tooComplex() -> Violations {
    var violations = Violations()
    let place = program.information[Int(program.root)]
    violations.entries = [
      Violation(
        path: [], schemaName: place.resource, schemaPointer: place.pointer, kind: .tooComplex, input: .root)
    ]
    return violations
  }
}

extension CoercedDocument {
  /// The buffer itself, so that whoever writes to it does not copy it.
  mutating func takeBytes() -> [UInt8] {
    var taken: [UInt8] = []
    swap(&taken, &bytes)
    taken.removeAll(keepingCapacity: true)
    return taken
  }
}
