import CGatewayPlugin

/// A value that a handler or provider gets by name. `gateway.yaml` says which dependency stands behind the name.
///
///     let session = Dependency<Session>("session")
///     plugin.handler("listBooks", needs: session) { request, session in … }
public struct Dependency<Value: Sendable>: Sendable {
  /// What `needs` in `gateway.yaml` calls it: an input of the handler or provider.
  public let name: String
  /// Of a value that comes from another plugin; nil for one of this plugin's own.
  let view: ViewReader<Value>?

  /// - Parameter name: as `needs` in `gateway.yaml` has it.
  public init(_ name: String, of type: Value.Type = Value.self) { self.init(name, view: nil) }

  init(_ name: String, view: ViewReader<Value>?) {
    self.name = name
    self.view = view
  }

  /// The name under which provider and consumer must agree.
  static var typeName: String { String(reflecting: Value.self) }
}

/// How long a provided value lives.
public enum Scope: Sendable {
  /// From the gateway's start to its shutdown.
  case app
  /// For one exchange; torn down after its response was sent.
  case request
  /// For one exchange; torn down before its response is sent, so a failing teardown still decides the answer.
  case handler
}

/// How the work that a value served has ended, as its teardown sees it.
public enum Outcome: Sendable {
  case succeeded
  /// An error was thrown, or the status is 500 or above.
  case failed
  /// The client went away, the deadline passed, or the gateway shuts down.
  case cancelled
}

/// What a provider is given beside its dependencies.
public struct Provision: ~Copyable, @unchecked Sendable {
  // Proof for @unchecked: as for Request.
  let invocation: UnsafePointer<gw_invocation>

  /// The dependency's `config` as JSON, checked against the provider's schema; empty where there is none.
  public var config: [UInt8] { [UInt8](invocation.pointee.config.raw) }

  /// Lends the request; throws in app scope, where there is none.
  public func withRequest<Result>(_ read: (borrowing Request) throws -> Result) throws -> Result {
    guard let request = invocation.pointee.request else { throw NoRequest() }
    return try read(Request(request: request, invocation: invocation))
  }
}

/// An app-scope provider asked for the request.
public struct NoRequest: Error, CustomStringConvertible {
  public var description: String { "an app-scope provider runs before any request" }
}

/// Carries one value through the host, which knows it only as an address.
class AnyValueBox {
  enum End {
    case async(Teardown)
    case blocking(BlockingTeardown)
  }

  /// What the provider registered, where it did.
  let teardown: End?
  private let type: Any.Type

  init(teardown: End?, type: Any.Type) {
    self.teardown = teardown
    self.type = type
  }

  /// The value. It throws where the value is of another type: an optional one would be another type to look up, for 340
  /// instructions a call.
  func value<Value: Sendable>(as wanted: Value.Type, named name: @autoclosure () -> String) throws -> Value {
    guard type == wanted else { throw DependencyMismatch(name: name(), expected: Dependency<Value>.typeName) }
    // Proof for the unchecked cast: only `ValueBox<Value>` says that type. A checked one looks the generic class up, under a lock,
    // which was a sixth of the instructions of an invocation.
    return unsafeDowncast(self, to: ValueBox<Value>.self).value
  }

  /// The value as JSON, for another plugin; nil where its type cannot be written.
  func json() -> [UInt8]? { nil }
  /// The value as a service, for another plugin; nil where its type is none.
  func service() -> UnsafePointer<gw_service>? { nil }
}

class ValueBox<Value: Sendable>: AnyValueBox {
  let value: Value
  required init(_ value: Value, teardown: End? = nil) {
    self.value = value
    super.init(teardown: teardown, type: Value.self)
  }

  override func json() -> [UInt8]? {
    guard let value = value as? any SchemaType else { return nil }
    var json = JSONWriter()
    value.write(to: &json)
    return json.finish()
  }

  /// Made when it is first asked for. Not guarded: the contract asks at most once for each value.
  private var table: ServiceTable?

  override func service() -> UnsafePointer<gw_service>? {
    if table == nil { table = ServiceTable.make(value) }
    return table.map { UnsafePointer($0.pointer) }
  }
}

/// A dependency arrived with another type than the one it was declared with.
struct DependencyMismatch: Error, CustomStringConvertible {
  let name: String
  let expected: String
  var description: String { "dependency '\(name)' is not a \(expected)" }
}

/// What has to be known of a need when its value comes, without the value's type.
struct NeedLookup: Sendable {
  let name: String
  /// Nil where the value is this plugin's own.
  let readView: (@Sendable (UnsafeMutableRawPointer) throws -> any Sendable)?
}

extension Dependency {
  var lookup: NeedLookup {
    guard let view else { return NeedLookup(name: name, readView: nil) }
    return NeedLookup(name: name, readView: { try view.read($0) })
  }
}

/// Takes the values of an invocation in the order of its `needs`.
struct DependencyCursor {
  let invocation: UnsafePointer<gw_invocation>
  var index = 0

  /// - Parameter lookups: of all needs. A tuple of the declarations themselves would have its type put together anew in each
  ///   call.
  mutating func next<Value: Sendable>(_ type: Value.Type, _ lookups: [NeedLookup]) throws -> Value {
    try next(type, lookups, at: index)
  }

  private mutating func next<Value: Sendable>(_ type: Value.Type, _ lookups: [NeedLookup], at place: Int) throws -> Value {
    defer { index += 1 }
    guard index < invocation.pointee.dependency_count, let address = invocation.pointee.dependencies_borrowed?[index],
      lookups.indices.contains(place)
    else { throw DependencyMismatch(name: "?", expected: Dependency<Value>.typeName) }
    let lookup = lookups[place]
    if let readView = lookup.readView { return try Self.view(readView(address), lookup.name) }
    // Wiring gone wrong is an error, and not another type's memory.
    return try Unmanaged<AnyValueBox>.fromOpaque(address)._withUnsafeGuaranteedRef {
      try $0.value(as: type, named: lookup.name)
    }
  }

  /// A function of its own: its optional is a type to look up, which a value of this plugin's own is not to pay for.
  @inline(never)
  private static func view<Value: Sendable>(_ made: any Sendable, _ name: String) throws -> Value {
    guard let value = made as? Value else { throw DependencyMismatch(name: name, expected: Dependency<Value>.typeName) }
    return value
  }
}
