/// A parameter of a handler that is written as a closure, which reads it with `request.parameter(_:in:)`.
public struct ParameterDeclaration: Sendable {
  let describe: @Sendable (inout Signature) -> Void

  /// A segment of the path.
  ///
  /// - Parameter name: as the route's pattern has it.
  public static func path<Value: SchemaType>(
    _ name: String, _ type: Value.Type, _ options: FieldOption...
  ) -> ParameterDeclaration {
    ParameterDeclaration { $0.parameter(name, in: .path, type, options) }
  }

  /// - Parameters:
  ///   - isRequired: without it the request is 422.
  ///   - default: what the gateway fills in where it is absent.
  public static func of<Value: SchemaType>(
    _ name: String, in place: ParameterPlace, _ type: Value.Type, isRequired: Bool = false, default: Value? = nil,
    _ options: FieldOption...
  ) -> ParameterDeclaration {
    ParameterDeclaration { $0.parameter(name, in: place, type, isRequired: isRequired, default: `default`, options) }
  }

  /// A parameter of the query.
  ///
  /// - Parameters:
  ///   - isRequired: without it the request is 422.
  ///   - default: what the gateway fills in where it is absent.
  public static func query<Value: SchemaType>(
    _ name: String, _ type: Value.Type, isRequired: Bool = false, default: Value? = nil, _ options: FieldOption...
  ) -> ParameterDeclaration {
    ParameterDeclaration { $0.parameter(name, in: .query, type, isRequired: isRequired, default: `default`, options) }
  }
}

/// Handlers as closures that take a decoded body and return a value.
extension Plugin {
  /// Runs on the connection's event loop and may await.
  public mutating func handler<Body: SchemaType, Value: SchemaType, each Need: Sendable>(
    _ name: String, parameters: [ParameterDeclaration] = [], body: Body.Type, returns: Value.Type, status: Int = 200,
    needs: repeat Dependency<each Need>,
    run: @escaping @Sendable (borrowing Request, Body, repeat each Need) async throws -> Value
  ) {
    let lookups = Self.lookups(of: repeat each needs)
    asyncHandler(name, Self.describing(parameters, body, returns, status, repeat each needs)) { inputs in
      var cursor = DependencyCursor(invocation: inputs.invocation)
      let request = try inputs.request()
      let body = try inputs.body(body)
      return .json(try await run(request, body, repeat try cursor.next((each Need).self, lookups)), status: status)
    }
  }

  /// Runs on the connection's event loop and may await.
  public mutating func handler<Value: SchemaType, each Need: Sendable>(
    _ name: String, parameters: [ParameterDeclaration] = [], returns: Value.Type, status: Int = 200,
    needs: repeat Dependency<each Need>,
    run: @escaping @Sendable (borrowing Request, repeat each Need) async throws -> Value
  ) {
    let lookups = Self.lookups(of: repeat each needs)
    asyncHandler(name, Self.describing(parameters, returns, status, repeat each needs)) { inputs in
      var cursor = DependencyCursor(invocation: inputs.invocation)
      let request = try inputs.request()
      return .json(try await run(request, repeat try cursor.next((each Need).self, lookups)), status: status)
    }
  }

  /// Runs on the thread pool and may block.
  public mutating func blockingHandler<Body: SchemaType, Value: SchemaType, each Need: Sendable>(
    _ name: String, parameters: [ParameterDeclaration] = [], body: Body.Type, returns: Value.Type, status: Int = 200,
    needs: repeat Dependency<each Need>,
    run: @escaping @Sendable (borrowing Request, Body, repeat each Need) throws -> Value
  ) {
    let work = Self.decoding(body, status, repeat each needs, run: run)
    blockingHandler(name, Self.describing(parameters, body, returns, status, repeat each needs), work)
  }

  /// Runs on the thread pool and may block.
  public mutating func blockingHandler<Value: SchemaType, each Need: Sendable>(
    _ name: String, parameters: [ParameterDeclaration] = [], returns: Value.Type, status: Int = 200,
    needs: repeat Dependency<each Need>,
    run: @escaping @Sendable (borrowing Request, repeat each Need) throws -> Value
  ) {
    let work = Self.returning(status, repeat each needs, run: run)
    blockingHandler(name, Self.describing(parameters, returns, status, repeat each needs), work)
  }

  /// Runs on the event loop, at once: it must neither await nor block.
  public mutating func inlineHandler<Body: SchemaType, Value: SchemaType, each Need: Sendable>(
    _ name: String, parameters: [ParameterDeclaration] = [], body: Body.Type, returns: Value.Type, status: Int = 200,
    needs: repeat Dependency<each Need>,
    run: @escaping @Sendable (borrowing Request, Body, repeat each Need) throws -> Value
  ) {
    let work = Self.decoding(body, status, repeat each needs, run: run)
    inlineHandler(name, Self.describing(parameters, body, returns, status, repeat each needs), work)
  }

  /// Runs on the event loop, at once: it must neither await nor block.
  public mutating func inlineHandler<Value: SchemaType, each Need: Sendable>(
    _ name: String, parameters: [ParameterDeclaration] = [], returns: Value.Type, status: Int = 200,
    needs: repeat Dependency<each Need>,
    run: @escaping @Sendable (borrowing Request, repeat each Need) throws -> Value
  ) {
    let work = Self.returning(status, repeat each needs, run: run)
    inlineHandler(name, Self.describing(parameters, returns, status, repeat each needs), work)
  }

  // MARK: parts

  private static func decoding<Body: SchemaType, Value: SchemaType, each Need: Sendable>(
    _ body: Body.Type, _ status: Int, _ needs: repeat Dependency<each Need>,
    run: @escaping @Sendable (borrowing Request, Body, repeat each Need) throws -> Value
  ) -> @Sendable (Inputs) throws -> Response {
    let lookups = Self.lookups(of: repeat each needs)
    return { inputs in
      var cursor = DependencyCursor(invocation: inputs.invocation)
      let request = try inputs.request()
      let body = try inputs.body(body)
      return .json(try run(request, body, repeat try cursor.next((each Need).self, lookups)), status: status)
    }
  }

  private static func returning<Value: SchemaType, each Need: Sendable>(
    _ status: Int, _ needs: repeat Dependency<each Need>,
    run: @escaping @Sendable (borrowing Request, repeat each Need) throws -> Value
  ) -> @Sendable (Inputs) throws -> Response {
    let lookups = Self.lookups(of: repeat each needs)
    return { inputs in
      var cursor = DependencyCursor(invocation: inputs.invocation)
      let request = try inputs.request()
      return .json(try run(request, repeat try cursor.next((each Need).self, lookups)), status: status)
    }
  }

  private static func describing<Body: SchemaType, Value: SchemaType, each Need: Sendable>(
    _ parameters: [ParameterDeclaration], _ body: Body.Type, _ value: Value.Type, _ status: Int,
    _ needs: repeat Dependency<each Need>
  ) -> (inout Signature) -> Void {
    let describe = describing(parameters, value, status, repeat each needs)
    return { signature in
      describe(&signature)
      signature.body(body)
    }
  }

  private static func describing<Value: SchemaType, each Need: Sendable>(
    _ parameters: [ParameterDeclaration], _ value: Value.Type, _ status: Int, _ needs: repeat Dependency<each Need>
  ) -> (inout Signature) -> Void {
    var declared: [NeedDeclaration] = []
    for need in repeat each needs { declared.append(need.declaration) }
    return { signature in
      for parameter in parameters { parameter.describe(&signature) }
      signature.needs += declared
      signature.response(status, value)
    }
  }

  // MARK: configuration

  /// Adds a provider with a typed config that runs on the event loop and may await.
  public mutating func provider<Config: SchemaType, Value: Sendable, each Need: Sendable>(
    _ name: String, scope: Scope = .request, config: Config.Type, needs: repeat Dependency<each Need>,
    make: @escaping @Sendable (borrowing Provision, Config, repeat each Need) async throws -> Value,
    teardown: (@Sendable (Value, Outcome) async throws -> Void)? = nil
  ) {
    provider(
      name, scope: scope, config: Self.configSchema(config), needs: repeat each needs,
      make: { (provision: borrowing Provision, values: repeat each Need) async throws -> Value in
        try await make(provision, try provision.config(as: config), repeat each values)
      }, teardown: teardown)
  }

  /// Runs before the first request, with the plugin's `config`. An error stops the gateway's start.
  public mutating func onStart<Config: SchemaType>(
    config: Config.Type, _ body: @escaping @Sendable (Config) async throws -> Void
  ) {
    configSchema = Self.configSchema(config)
    start = .async { invocation, completion in
      do {
        try await body(try Inputs(invocation: invocation.pointer).config(config))
        completion.finish()
      } catch { completion.fail(error) }
    }
  }
}

extension Provision {
  /// The dependency's `config` as a Swift value; throws where `gateway.yaml` gives none.
  public func config<Value: SchemaType>(as type: Value.Type = Value.self) throws -> Value {
    try Inputs(invocation: invocation).config(type)
  }
}
