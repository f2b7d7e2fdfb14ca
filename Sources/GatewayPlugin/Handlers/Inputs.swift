import CGatewayPlugin

/// The inputs of one call of a handler or provider, decoded on demand. Valid until the call completes.
public struct Inputs: @unchecked Sendable {
  // Proof for @unchecked: as for Invocation; what is lent stays unchanged until completion.
  let invocation: UnsafePointer<gw_invocation>

  /// The request itself. Throws in app scope, where there is none.
  public func request() throws -> Request { try Request(Invocation(pointer: invocation)) }

  // MARK: parameters

  /// A parameter that has to be there. Throws a 422 where it is absent or does not fit the type.
  public func parameter<Value: SchemaType>(
    _ name: StaticString, in place: ParameterPlace, _ type: Value.Type
  ) throws -> Value {
    let request = try request()
    guard let value = try request.decode(name, place, type) else {
      throw HTTPError.refused(.missing(name), in: place.rawValue)
    }
    return value
  }

  /// Nil where the parameter is absent.
  public func optional<Value: SchemaType>(
    _ name: StaticString, in place: ParameterPlace, _ type: Value.Type
  ) throws -> Value? {
    try request().decode(name, place, type)
  }

  // MARK: body

  /// The body that has to be there. Throws a 422 where it is missing or does not fit the type, and a 500 where the
  /// route declares no schema for it.
  public func body<Value: SchemaType>(_ type: Value.Type) throws -> Value { try request().body(as: type) }

  /// Nil where there is no body, or null.
  public func optionalBody<Value: SchemaType>(_ type: Value.Type) throws -> Value? {
    try request().withBodyValue { (body) throws(DecodingFailure) -> Value? in
      body.isNull ? nil : try Value(from: body)
    }
  }

  /// A field that has to be there. Throws a 422 where it is missing or does not fit the type.
  public func formField<Value: SchemaType>(_ name: StaticString, _ type: Value.Type) throws -> Value {
    guard let value = try optionalFormField(name, type) else { throw HTTPError.refused(.missing(name), in: "body") }
    return value
  }

  /// Nil where the form has no such field, or null. Throws a 422 where it does not fit the type.
  public func optionalFormField<Value: SchemaType>(_ name: StaticString, _ type: Value.Type) throws -> Value? {
    try request().withBodyValue { (form) throws(DecodingFailure) -> Value? in
      var members = try form.members()
      while let member = members.nextMember() {
        guard member.isNamed(name) else { continue }
        return member.value.isNull ? nil : try member.decode(type)
      }
      return nil
    }
  }

  /// Files of that name. Throws a 422 where one is missing that has to be there.
  public func file<Value: FileInput>(_ name: StaticString, _ type: Value.Type) throws -> Value {
    let files = try request().files
    guard let file = Value.read(files, name) else { throw HTTPError.refused(.missing(name), in: "body") }
    return file
  }

  // MARK: dependencies and configuration

  /// - Parameter index: its place among the needs that were declared.
  public func dependency<Value: Sendable>(_ index: Int, _ name: StaticString, _ type: Value.Type) throws -> Value {
    guard index < invocation.pointee.dependency_count, let address = invocation.pointee.dependencies_borrowed?[index] else {
      throw DependencyMismatch(name: "\(name)", expected: Dependency<Value>.typeName)
    }
    // Wiring gone wrong is an error, and not another type's memory.
    return try Unmanaged<AnyValueBox>.fromOpaque(address)._withUnsafeGuaranteedRef {
      try $0.value(as: type, named: "\(name)")
    }
  }

  /// The `config` of the dependency, or in `onStart` of the plugin.
  public func config<Value: SchemaType>(_ type: Value.Type) throws -> Value {
    // Member by member: the structure of an older host ends before that of today.
    guard invocation.pointee.struct_size >= Self.sizeWithConfigValue,
      let value = JSONView(invocation.pointee.config_value)
    else {
      throw MissingInput("config", "`gateway.yaml` gives none")
    }
    do {
      return try Value(from: value)
    } catch { throw ConfigUnusable(failure: error) }
  }

  private static let sizeWithConfigValue = UInt32(
    (MemoryLayout<gw_invocation>.offset(of: \.config_value) ?? 0) + MemoryLayout<gw_json_borrowed>.size)
}

/// The gateway lent no parsed value where the handler needs one.
struct MissingInput: Error, CustomStringConvertible {
  let description: String

  init(_ what: String, _ reason: String) { description = "there is no parsed \(what): \(reason)" }
}

/// The configuration is valid by its schema, and still does not fit the type.
struct ConfigUnusable: Error, CustomStringConvertible {
  let failure: DecodingFailure
  var description: String { "config: \(failure)" }
}

extension HTTPError {
  /// 422 in the gateway's own shape: one entry that points at the value.
  static func refused(_ failure: DecodingFailure, in place: String) -> HTTPError {
    var json = JSONWriter()
    json.raw(#"[{"type":"#)
    json.string(failure.type)
    json.raw(#","loc":["#)
    json.string(place)
    for step in failure.path {
      json.raw(",")
      switch step {
      case .name(let name): json.string(name)
      case .index(let index): json.integer(index)
      }
    }
    json.raw(#"],"msg":"#)
    json.string(failure.message)
    json.raw(#","input":null}]"#)
    return HTTPError(422, detailJSON: String(decoding: json.finish(), as: UTF8.self))
  }
}
