import GatewayJSON

/// One thing that is wrong with a value, as data. Sentences are made by a format (`FastAPIViolationFormat`; one for RFC
/// 9457 needs nothing that is not here).
public struct Violation: Sendable, Hashable {
  /// One step from the root of the value to the offending part.
  public enum Step: Sendable, Hashable {
    case member(String)
    case item(Int)
    /// The member's name itself is at fault.
    case name(String)
    /// Into one alternative of a union; no step in the value.
    case branch(String)
  }

  public enum Kind: Sendable, Hashable {
    case missing
    case additional
    /// `types` is a single type. `format` is the one a string would have had to have; `isModel` tells an object with
    /// declared members from a free map.
    case type(SchemaTypes, format: StringFormat, isModel: Bool)
    case minimum(NumericLimit)
    case exclusiveMinimum(NumericLimit)
    case maximum(NumericLimit)
    case exclusiveMaximum(NumericLimit)
    case multipleOf(NumericLimit)
    case minLength(Int)
    case maxLength(Int)
    case pattern(String)
    case format(StringFormat, FormatFailure)
    case minItems(Int, actual: Int)
    case maxItems(Int, actual: Int)
    case uniqueItems(first: Int, second: Int)
    case contains(minimum: Int, maximum: Int?, actual: Int)
    case minProperties(Int, actual: Int)
    case maxProperties(Int, actual: Int)
    case enumeration([JSONValue])
    case constant(JSONValue)
    /// None of the alternatives fits, and none of them says why.
    case noAlternative
    /// `oneOf` fits more than once.
    case severalAlternatives
    case excluded
    case forbidden
    /// The member that names a union's alternative is absent.
    case tagNotFound(discriminator: String)
    /// It names none. `tag` is its value, cut to 100 characters; empty for arrays and objects.
    case tagInvalid(discriminator: String, tag: String, expected: [String])
    /// A string's content is not what `contentEncoding`, `contentMediaType` and `contentSchema` say.
    case content(ContentFailure)
    /// A parameter's text that is no value of its type.
    case integerText
    case integerSize
    case numberText
    case notFinite
    case booleanText
    case notUnicode
    /// Deciding would take more work than a value of this size may cost.
    case tooComplex
    /// Refused by lax coercion.
    case coercion(CoercionFailure)
  }

  /// A number of the schema. `isFloat`: the field is a `number`, which Pydantic echoes with a fraction.
  public struct NumericLimit: Sendable, Hashable {
    public var number: JSONNumber
    public var isFloat: Bool

    public init(_ number: JSONNumber, isFloat: Bool = false) {
      self.number = number
      self.isFloat = isFloat
    }
  }

  /// From the root of the document; for a missing member its name is the last step.
  public var path: [Step]
  /// The named schema the rule stands in; nil for the schema that was run.
  public var schemaName: String?
  /// JSON Pointer to the schema object that holds the rule.
  public var schemaPointer: String
  public var kind: Kind
  /// The offending value; for a missing member the object that lacks it.
  public var input: JSONIndex

  /// JSON Pointer to the offending part, as RFC 9457 problem details want it.
  public var instancePointer: String {
    path.reduce(into: "") { pointer, step in
      switch step {
      case .member(let name), .name(let name): pointer += "/" + JSONPointer.escape(name)
      case .item(let index): pointer += "/\(index)"
      case .branch: break
      }
    }
  }
}

/// Everything found wrong with one document.
public struct Violations: Sendable {
  public var entries: [Violation] = []
  /// There was more, and the limit on entries cut it off.
  public var isTruncated = false
  /// Values that must not be echoed.
  public var secrets: Set<JSONIndex> = []
  /// Nothing may be echoed: secrets could not all be found.
  public var hidesAllInput = false
  /// Advice by index of its entry; see `addHints`.
  public var hints: [Int: String] = [:]

  public init() {}

  public var isEmpty: Bool { entries.isEmpty }

  /// True for secrets and everything inside them.
  func isSecret(_ index: Int, _ tape: UnsafeJSONTape) -> Bool {
    hidesAllInput
      || secrets.contains { $0.position <= index && $0.position < tape.count && index < tape.next($0.position) }
  }
}
