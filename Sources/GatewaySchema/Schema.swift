import GatewayJSON

/// A compiled JSON Schema: immutable, shared by all threads, made by `SchemaCompiler`.
///
/// Two questions, two paths: `isValid` is asked for every request and allocates nothing for ordinary documents;
/// `violations` is asked only once that said no.
public final class Schema: Sendable {
  let program: SchemaProgram
  let coercion: CoercionPlan

  init(_ program: SchemaProgram, coercion: CoercionPlan = .empty) {
    self.program = program
    self.coercion = coercion
  }

  /// Whether the document's root is valid. False for a document that is empty or failed to parse.
  ///
  /// Work is bounded by the document's size, so that a recursive schema with many alternatives cannot be made slow by a
  /// deep body; a document that needs more is not valid (`Violation.Kind.tooComplex`).
  public func isValid(_ document: borrowing JSONDocument) -> Bool {
    guard let tape = document.unsafeTape else { return false }
    var evaluator = Evaluator(program, tape)
    return withExtendedLifetime(program) { evaluator.isValid(program.root, 0, depth: 0) && !evaluator.isExhausted }
  }

  /// Whether the value at `index` is valid.
  public func isValid(_ document: borrowing JSONDocument, at index: JSONIndex) -> Bool {
    guard let tape = document.unsafeTape, index.position >= 0, index.position < tape.count else { return false }
    var evaluator = Evaluator(program, tape)
    return withExtendedLifetime(program) {
      evaluator.isValid(program.root, index.position, depth: 0) && !evaluator.isExhausted
    }
  }

  /// Everything that is wrong with the document, at most `limit` entries, in the order FastAPI reports them. Empty
  /// exactly where `isValid` says yes, but for a document that holds nothing: its syntax error is the answer then.
  public func violations(of document: borrowing JSONDocument, limit: Int = 100) -> Violations {
    guard let tape = document.unsafeTape else { return Violations() }
    var collector = ViolationCollector(program, tape, limit: max(limit, 1))
    return withExtendedLifetime(program) { collector.run() }
  }
}
