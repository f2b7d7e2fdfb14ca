/// How a value is read against its schema.
public enum CoercionMode: Sendable, Hashable {
  /// JSON Schema as the standard has it; nothing is converted. A valid value gets its `default`s, that is all.
  case strict
  /// Pydantic's lax mode, for schemas as Pydantic writes them: `"5"` is an integer, an object's undeclared members are
  /// left out, dates come out in one spelling. `docs/fastapi-deviations.md` lists where this differs.
  case lax
}
