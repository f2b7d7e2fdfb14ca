// Attributes of a handler's parameters. `@Handler` reads them; as property wrappers they cost a copy of the value and
// let the parameter be used like any other. Options are for the schema; here they hold nothing.

/// A segment of the path, under the parameter's name or the one given: `@Path("book_id") id: Int`.
@propertyWrapper public struct Path<Value> {
  /// What the handler gets.
  public let wrappedValue: Value
  /// - Parameter name: in the request; the parameter's own where it is left out.
  public init(
    wrappedValue: Value, _ name: StaticString = "", _ first: ParameterOption = .none,
    _ second: ParameterOption = .none, _ third: ParameterOption = .none,
    _ fourth: ParameterOption = .none
  ) { self.wrappedValue = wrappedValue }
  /// Under the parameter's own name.
  public init(
    wrappedValue: Value, _ first: ParameterOption, _ second: ParameterOption = .none,
    _ third: ParameterOption = .none, _ fourth: ParameterOption = .none
  ) { self.wrappedValue = wrappedValue }
}
extension Path: Sendable where Value: Sendable {}

/// A parameter of the query, under the parameter's name or the one given: `@Query(.range(1...100)) limit: Int = 20`.
@propertyWrapper public struct Query<Value> {
  /// What the handler gets.
  public let wrappedValue: Value
  /// - Parameter name: in the request; the parameter's own where it is left out.
  public init(
    wrappedValue: Value, _ name: StaticString = "", _ first: ParameterOption = .none,
    _ second: ParameterOption = .none, _ third: ParameterOption = .none,
    _ fourth: ParameterOption = .none
  ) { self.wrappedValue = wrappedValue }
  /// Under the parameter's own name.
  public init(
    wrappedValue: Value, _ first: ParameterOption, _ second: ParameterOption = .none,
    _ third: ParameterOption = .none, _ fourth: ParameterOption = .none
  ) { self.wrappedValue = wrappedValue }
}
extension Query: Sendable where Value: Sendable {}

/// A header field. `xRequestID` is `x-request-id` unless a name is given: `@Header("ETag") tag: String?`.
@propertyWrapper public struct Header<Value> {
  /// What the handler gets.
  public let wrappedValue: Value
  /// - Parameter name: in the request; the parameter's own where it is left out.
  public init(
    wrappedValue: Value, _ name: StaticString = "", _ first: ParameterOption = .none,
    _ second: ParameterOption = .none, _ third: ParameterOption = .none,
    _ fourth: ParameterOption = .none
  ) { self.wrappedValue = wrappedValue }
  /// Under the parameter's own name.
  public init(
    wrappedValue: Value, _ first: ParameterOption, _ second: ParameterOption = .none,
    _ third: ParameterOption = .none, _ fourth: ParameterOption = .none
  ) { self.wrappedValue = wrappedValue }
}
extension Header: Sendable where Value: Sendable {}

/// A cookie, under the parameter's name or the one given.
@propertyWrapper public struct Cookie<Value> {
  /// What the handler gets.
  public let wrappedValue: Value
  /// - Parameter name: in the request; the parameter's own where it is left out.
  public init(
    wrappedValue: Value, _ name: StaticString = "", _ first: ParameterOption = .none,
    _ second: ParameterOption = .none, _ third: ParameterOption = .none,
    _ fourth: ParameterOption = .none
  ) { self.wrappedValue = wrappedValue }
  /// Under the parameter's own name.
  public init(
    wrappedValue: Value, _ first: ParameterOption, _ second: ParameterOption = .none,
    _ third: ParameterOption = .none, _ fourth: ParameterOption = .none
  ) { self.wrappedValue = wrappedValue }
}
extension Cookie: Sendable where Value: Sendable {}

/// A field of a form, urlencoded or multipart, under the parameter's name or the one given.
@propertyWrapper public struct Form<Value> {
  /// What the handler gets.
  public let wrappedValue: Value
  /// - Parameter name: in the request; the parameter's own where it is left out.
  public init(
    wrappedValue: Value, _ name: StaticString = "", _ first: ParameterOption = .none,
    _ second: ParameterOption = .none, _ third: ParameterOption = .none,
    _ fourth: ParameterOption = .none
  ) { self.wrappedValue = wrappedValue }
  /// Under the parameter's own name.
  public init(
    wrappedValue: Value, _ first: ParameterOption, _ second: ParameterOption = .none,
    _ third: ParameterOption = .none, _ fourth: ParameterOption = .none
  ) { self.wrappedValue = wrappedValue }
}
extension Form: Sendable where Value: Sendable {}

/// A file of a multipart form, under the parameter's name or the one given: an `UploadedFile`, optional or an array.
@propertyWrapper public struct File<Value> {
  /// What the handler gets.
  public let wrappedValue: Value
  /// - Parameter name: in the request; the parameter's own where it is left out.
  public init(
    wrappedValue: Value, _ name: StaticString = "", _ first: ParameterOption = .none,
    _ second: ParameterOption = .none, _ third: ParameterOption = .none,
    _ fourth: ParameterOption = .none
  ) { self.wrappedValue = wrappedValue }
  /// Under the parameter's own name.
  public init(
    wrappedValue: Value, _ first: ParameterOption, _ second: ParameterOption = .none,
    _ third: ParameterOption = .none, _ fourth: ParameterOption = .none
  ) { self.wrappedValue = wrappedValue }
}
extension File: Sendable where Value: Sendable {}

/// The body, decoded from what the gateway has validated. Optional: it may be missing.
@propertyWrapper public struct Body<Value> {
  /// What the handler gets.
  public let wrappedValue: Value
  /// With up to four options.
  public init(
    wrappedValue: Value, _ first: ParameterOption = .none,
    _ second: ParameterOption = .none, _ third: ParameterOption = .none,
    _ fourth: ParameterOption = .none
  ) { self.wrappedValue = wrappedValue }
}
extension Body: Sendable where Value: Sendable {}
