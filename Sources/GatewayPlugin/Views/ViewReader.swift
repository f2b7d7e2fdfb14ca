import CGatewayPlugin

/// How a value of another plugin reaches this one: as JSON that is decoded here, or as a table of C functions. Never as
/// the other plugin's Swift object, whose type is another one even where it has the same name.
struct ViewReader<Value: Sendable>: Sendable {
  /// As the contract has the type of such a need: `json:catalog.user@1.0`.
  let type: String
  /// What the gateway holds the JSON against before it is read; nil for services.
  let schema: (@Sendable (inout SchemaCollector) -> SchemaObject)?
  let read: @Sendable (UnsafeMutableRawPointer) throws -> Value
}

extension ViewReader where Value: SchemaType {
  static func json(_ view: String, as type: Value.Type) -> ViewReader {
    ViewReader(type: "json:" + view, schema: { type.schema(&$0) }) { address in
      // The contract: a need of type `json:` is given a `gw_json_borrowed`.
      let lent = address.assumingMemoryBound(to: gw_json_borrowed.self).pointee
      guard let json = JSONView(lent) else { throw ViewUnusable(view: view, reason: "there is no value") }
      do {
        return try Value(from: json)
      } catch { throw ViewUnusable(view: view, reason: "\(error)") }
    }
  }
}

extension ViewReader {
  static func service<Functions>(_ view: String, as type: Service<Functions>.Type) -> ViewReader
  where Value == Service<Functions> {
    ViewReader(type: "service:" + view, schema: nil) { address in
      Service(address.assumingMemoryBound(to: gw_service.self).pointee)
    }
  }
}

extension Dependency where Value: SchemaType {
  /// A value of another plugin, decoded from its JSON into a type of this one.
  ///
  ///     let user = Dependency<User>("user", json: "catalog.user@1.0")
  ///
  /// The gateway checks the JSON against this type's schema, defaults filled in: what that schema requires, the provider's
  /// has to guarantee, or the gateway does not start.
  ///
  /// - Parameters:
  ///   - name: as `needs` in `gateway.yaml` has it.
  ///   - view: the name under which the other plugin offers it, and the version that is needed: the provider's has the same
  ///     major number, and its minor number is not lower.
  public init(_ name: String, json view: String, of type: Value.Type = Value.self) {
    self.init(name, view: .json(view, as: type))
  }
}

extension Dependency {
  /// A service of another plugin: a table of C functions.
  ///
  ///     let prices = Dependency<Service<catalog_prices_v1>>("prices", service: "catalog.prices@1.0")
  ///
  /// - Parameters:
  ///   - name: as `needs` in `gateway.yaml` has it.
  ///   - view: the name of the service and the version that is needed: the provider's has the same major number, and its
  ///     minor number is not lower.
  public init<Functions>(_ name: String, service view: String, of type: Service<Functions>.Type = Service<Functions>.self)
  where Value == Service<Functions> {
    self.init(name, view: .service(view, as: type))
  }
}

/// What another plugin gave is valid by this type's schema, and still does not fit the type.
struct ViewUnusable: Error, CustomStringConvertible {
  let view: String
  let reason: String
  var description: String { "the value `\(view)` of another plugin cannot be read: \(reason)" }
}

// MARK: what macros write

extension Signature {
  /// A value of another plugin, by its name among the route's `needs`, as JSON.
  public mutating func need<Value: SchemaType>(_ name: String, _ type: Value.Type, from view: String) {
    needs.append(Dependency<Value>(name, json: view).declaration)
  }

  /// A service of another plugin.
  public mutating func need<Functions>(_ name: String, _ type: Service<Functions>.Type, from view: String) {
    needs.append(Dependency<Service<Functions>>(name, service: view).declaration)
  }
}

extension Inputs {
  /// - Parameters:
  ///   - index: its place among the needs that were declared.
  ///   - view: as it was declared.
  public func dependency<Value: SchemaType>(
    _ index: Int, _ name: StaticString, _ type: Value.Type, from view: String
  ) throws -> Value {
    try read(index, name, .json(view, as: type))
  }

  /// The same for a service.
  public func dependency<Functions>(
    _ index: Int, _ name: StaticString, _ type: Service<Functions>.Type, from view: String
  ) throws -> Service<Functions> {
    try read(index, name, .service(view, as: type))
  }

  private func read<Value>(_ index: Int, _ name: StaticString, _ view: ViewReader<Value>) throws -> Value {
    guard index < invocation.pointee.dependency_count, let address = invocation.pointee.dependencies_borrowed?[index]
    else { throw DependencyMismatch(name: "\(name)", expected: view.type) }
    return try view.read(address)
  }
}

/// A value of another plugin, under the parameter's name among the route's `needs`: `@From("catalog.user@1.0") user: User`
/// is decoded from JSON, `@From("catalog.prices@1.0") prices: Service<catalog_prices_v1>` is a table of C functions.
@propertyWrapper public struct From<Value> {
  /// What the function gets.
  public let wrappedValue: Value
  /// - Parameter view: the name under which the other plugin offers it, and the version that is needed.
  public init(wrappedValue: Value, _ view: StaticString) { self.wrappedValue = wrappedValue }
}
extension From: Sendable where Value: Sendable {}
