/// A `FieldOption` where it stands before a handler's parameter.
///
/// Swift evaluates it with each call, so this one holds nothing and costs nothing. `@Handler` copies what is written there
/// into the signature, where it is a `FieldOption` of the same name and is evaluated once.
public struct ParameterOption: Sendable {
  /// Says nothing.
  public static var none: ParameterOption { ParameterOption() }

  public static func minLength(_ count: Int) -> ParameterOption { none }
  public static func maxLength(_ count: Int) -> ParameterOption { none }
  public static func pattern(_ expression: StaticString) -> ParameterOption { none }
  public static func format(_ name: StaticString) -> ParameterOption { none }
  public static func range<Bound: SchemaType>(_ range: ClosedRange<Bound>) -> ParameterOption { none }
  public static func range<Bound: SchemaType>(_ range: Range<Bound>) -> ParameterOption { none }
  public static func minimum(_ bound: some SchemaType & Numeric) -> ParameterOption { none }
  public static func maximum(_ bound: some SchemaType & Numeric) -> ParameterOption { none }
  public static func exclusiveMinimum(_ bound: some SchemaType & Numeric) -> ParameterOption { none }
  public static func exclusiveMaximum(_ bound: some SchemaType & Numeric) -> ParameterOption { none }
  public static func multipleOf(_ step: some SchemaType & Numeric) -> ParameterOption { none }
  public static func minItems(_ count: Int) -> ParameterOption { none }
  public static func maxItems(_ count: Int) -> ParameterOption { none }
  public static var uniqueItems: ParameterOption { none }
  public static func items(
    _ first: ParameterOption, _ second: ParameterOption = .none, _ third: ParameterOption = .none
  ) -> ParameterOption { none }
  public static func alias(_ name: StaticString) -> ParameterOption { none }
  public static func title(_ text: StaticString) -> ParameterOption { none }
  public static func description(_ text: StaticString) -> ParameterOption { none }
  public static func example(_ value: some SchemaType) -> ParameterOption { none }
  public static var deprecated: ParameterOption { none }
  public static var secret: ParameterOption { none }
}
