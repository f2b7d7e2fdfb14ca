/// What a field's or a parameter's schema says beyond its type.
public struct FieldOption: Sendable {
  let keywords: [(name: String, json: String)]

  private init(_ name: String, _ json: String) { keywords = [(name, json)] }
  private init(_ keywords: [(name: String, json: String)]) { self.keywords = keywords }

  /// Says nothing.
  public static let none = FieldOption([])

  // MARK: strings

  /// In code points.
  public static func minLength(_ count: Int) -> FieldOption { FieldOption("minLength", "\(count)") }
  /// In code points.
  public static func maxLength(_ count: Int) -> FieldOption { FieldOption("maxLength", "\(count)") }
  /// An ECMA-262 regular expression that must match somewhere; anchor it with `^` and `$` to match the whole.
  public static func pattern(_ expression: String) -> FieldOption {
    FieldOption("pattern", JSONWriter.text(expression))
  }
  /// Such as `email`, `uri`, `ipv4`.
  public static func format(_ name: String) -> FieldOption { FieldOption("format", JSONWriter.text(name)) }

  // MARK: numbers

  /// Both bounds are allowed.
  public static func range<Bound: SchemaType>(_ range: ClosedRange<Bound>) -> FieldOption {
    FieldOption([("minimum", JSONWriter.text(range.lowerBound)), ("maximum", JSONWriter.text(range.upperBound))])
  }
  /// The lower bound is allowed, the upper one is not.
  public static func range<Bound: SchemaType>(_ range: Range<Bound>) -> FieldOption {
    FieldOption([("minimum", JSONWriter.text(range.lowerBound)), ("exclusiveMaximum", JSONWriter.text(range.upperBound))])
  }
  /// The smallest value that is allowed.
  public static func minimum(_ bound: some SchemaType & Numeric) -> FieldOption {
    FieldOption("minimum", JSONWriter.text(bound))
  }
  /// The largest value that is allowed.
  public static func maximum(_ bound: some SchemaType & Numeric) -> FieldOption {
    FieldOption("maximum", JSONWriter.text(bound))
  }
  /// Values have to be above it.
  public static func exclusiveMinimum(_ bound: some SchemaType & Numeric) -> FieldOption {
    FieldOption("exclusiveMinimum", JSONWriter.text(bound))
  }
  /// Values have to be below it.
  public static func exclusiveMaximum(_ bound: some SchemaType & Numeric) -> FieldOption {
    FieldOption("exclusiveMaximum", JSONWriter.text(bound))
  }
  /// Exact on the decimals that were sent.
  public static func multipleOf(_ step: some SchemaType & Numeric) -> FieldOption {
    FieldOption("multipleOf", JSONWriter.text(step))
  }

  // MARK: arrays and maps

  /// Items of an array, at least.
  public static func minItems(_ count: Int) -> FieldOption { FieldOption("minItems", "\(count)") }
  /// Items of an array, at most.
  public static func maxItems(_ count: Int) -> FieldOption { FieldOption("maxItems", "\(count)") }
  /// No two items are equal.
  public static var uniqueItems: FieldOption { FieldOption("uniqueItems", "true") }
  /// What each item of an array has to fit beside its type.
  public static func items(_ options: FieldOption...) -> FieldOption {
    var schema = SchemaObject()
    schema.apply(options)
    return FieldOption("items", schema.json)
  }
  /// Members of a map, at least.
  public static func minProperties(_ count: Int) -> FieldOption { FieldOption("minProperties", "\(count)") }
  /// Members of a map, at most.
  public static func maxProperties(_ count: Int) -> FieldOption { FieldOption("maxProperties", "\(count)") }

  /// What the code calls a field that clients know by an alias: a client that sends this name is told the right one. It
  /// is not described to anyone else.
  public static func internalName(_ name: String) -> FieldOption {
    FieldOption("x-gateway-name", JSONWriter.text(name))
  }

  // MARK: for readers

  /// The name in JSON, where that is another than in Swift. `@Schema` reads it: write a literal.
  public static func alias(_ name: String) -> FieldOption { none }
  /// A name for readers of the document.
  public static func title(_ text: String) -> FieldOption { FieldOption("title", JSONWriter.text(text)) }
  /// Instead of the doc comment.
  public static func description(_ text: String) -> FieldOption { FieldOption("description", JSONWriter.text(text)) }
  /// Shown in the document.
  public static func example(_ values: any SchemaType...) -> FieldOption {
    FieldOption("examples", "[" + values.map { JSONWriter.text($0) }.joined(separator: ",") + "]")
  }
  /// Clients should no longer send it.
  public static var deprecated: FieldOption { FieldOption("deprecated", "true") }
  /// Never repeated in answers and logs: the gateway redacts the value where it reports a mistake.
  public static var secret: FieldOption { FieldOption([("format", "\"password\""), ("writeOnly", "true")]) }
}
