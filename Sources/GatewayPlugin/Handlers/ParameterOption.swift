/// A `FieldOption` where it stands before a handler's parameter.
///
/// Swift evaluates it with each call, so this one holds nothing and costs nothing. `@Handler` copies what is written there
/// into the signature, where it is a `FieldOption` of the same name and is evaluated once.
public struct ParameterOption: Sendable {
  /// Says nothing.
  public static var none: ParameterOption { ParameterOption() }

  /// As `FieldOption.minLength`.
  public static func minLength(_ count: Int) -> ParameterOption { none }
  /// As `FieldOption.maxLength`.
  public static func maxLength(_ count: Int) -> ParameterOption { none }
  /// As `FieldOption.pattern`.
  public static func pattern(_ expression: StaticString) -> ParameterOption { none }
  /// As `FieldOption.format`.
  public static func format(_ name: StaticString) -> ParameterOption { none }
  /// As `FieldOption.range`.
  public static func range<Bound: SchemaType>(_ range: ClosedRange<Bound>) -> ParameterOption { none }
  /// As `FieldOption.range`.
  public static func range<Bound: SchemaType>(_ range: Range<Bound>) -> ParameterOption { none }
  /// As `FieldOption.minimum`.
  public static func minimum(_ bound: some SchemaType & Numeric) -> ParameterOption { none }
  /// As `FieldOption.maximum`.
  public static func maximum(_ bound: some SchemaType & Numeric) -> ParameterOption { none }
  /// As `FieldOption.exclusiveMinimum`.
  public static func exclusiveMinimum(_ bound: some SchemaType & Numeric) -> ParameterOption { none }
  /// As `FieldOption.exclusiveMaximum`.
  public static func exclusiveMaximum(_ bound: some SchemaType & Numeric) -> ParameterOption { none }
  /// As `FieldOption.multipleOf`.
  public static func multipleOf(_ step: some SchemaType & Numeric) -> ParameterOption { none }
  /// As `FieldOption.minItems`.
  public static func minItems(_ count: Int) -> ParameterOption { none }
  /// As `FieldOption.maxItems`.
  public static func maxItems(_ count: Int) -> ParameterOption { none }
  /// As `FieldOption.uniqueItems`.
  public static var uniqueItems: ParameterOption { none }
  /// As `FieldOption.items`.
  public static func items(
    _ first: ParameterOption, _ second: ParameterOption = .none, _ third: ParameterOption = .none
  ) -> ParameterOption { none }
  /// As `FieldOption.alias`.
  public static func alias(_ name: StaticString) -> ParameterOption { none }
  /// As `FieldOption.title`.
  public static func title(_ text: StaticString) -> ParameterOption { none }
  /// As `FieldOption.description`.
  public static func description(_ text: StaticString) -> ParameterOption { none }
  /// As `FieldOption.example`.
  public static func example(_ value: some SchemaType) -> ParameterOption { none }
  /// As `FieldOption.deprecated`.
  public static var deprecated: ParameterOption { none }
  /// As `FieldOption.secret`.
  public static var secret: ParameterOption { none }
}
