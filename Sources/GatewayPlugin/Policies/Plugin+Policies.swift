import CGatewayPlugin

/// Policies as closures.
extension Plugin {
  // MARK: around

  /// Adds a policy that runs around what stands behind it in the order of `gateway.yaml`: on the connection's event loop; it may
  /// await, and must not block.
  ///
  ///     plugin.policy("timing") { request, next in
  ///       let began = ContinuousClock.now
  ///       var response = try await next(request)
  ///       response.addHeader("server-timing", "app;dur=\((ContinuousClock.now - began) / .milliseconds(1))")
  ///       return response
  ///     }
  ///
  /// A policy that does not call `next` answers by itself: `return PolicyResponse(.text("no", status: 403))`. A thrown `HTTPError` is
  /// that answer; any other error a 500 without internals, with the reason in the log.
  ///
  /// - Parameters:
  ///   - bufferedRequest: the policy waits for the whole body, within the route's limit, before anything goes on.
  ///   - bufferedResponse: it gets the whole body of the answer, within the limit of its place in `gateway.yaml`.
  public mutating func policy(
    _ name: String, bufferedRequest: Bool = false, bufferedResponse: Bool = false,
    _ run: @escaping @Sendable (consuming PolicyRequest, consuming PolicyNext) async throws -> PolicyResponse
  ) {
    addAround(name, "", bufferedRequest, bufferedResponse, make: nil) { request, _, next in
      try await run(request, next)
    }
  }

  /// The same with a `config`, whose schema is that of its type: it is checked and decoded once, when the gateway loads.
  public mutating func policy<Config: SchemaType>(
    _ name: String, config: Config.Type, bufferedRequest: Bool = false, bufferedResponse: Bool = false,
    _ run: @escaping @Sendable (consuming PolicyRequest, Config, consuming PolicyNext) async throws -> PolicyResponse
  ) {
    policy(
      name, config: config, make: { $0 }, bufferedRequest: bufferedRequest, bufferedResponse: bufferedResponse, run)
  }

  /// The same with a value that lives as long as the configuration: made from the `config` of each place in `gateway.yaml` that
  /// uses the policy, before the first request.
  public mutating func policy<Config: SchemaType, Value: Sendable>(
    _ name: String, config: Config.Type, make: @escaping @Sendable (Config) async throws -> Value,
    bufferedRequest: Bool = false, bufferedResponse: Bool = false,
    _ run: @escaping @Sendable (consuming PolicyRequest, Value, consuming PolicyNext) async throws -> PolicyResponse
  ) {
    addAround(
      name, Self.configSchema(config), bufferedRequest, bufferedResponse, make: Self.making(make)
    ) { request, invocation, next in
      try await run(request, try invocation.policyValue(), next)
    }
  }

  private mutating func addAround(
    _ name: String, _ schema: String, _ bufferedRequest: Bool, _ bufferedResponse: Bool, make: Work?,
    _ run: @escaping AroundFunction.Run
  ) {
    policies.append(
      PolicyDeclaration(
        name: name, configSchema: schema, requestBody: bufferedRequest ? GW_BODY_BUFFERED : GW_BODY_NONE,
        responseBody: bufferedResponse ? GW_BODY_BUFFERED : GW_BODY_NONE,
        functions: { host in
          let function = AroundFunction(host: host, run: run, make: make.map { Function(host: host, work: $0) })
          return PolicyFunctions(
            context: function, request: AroundFunction.request, response: AroundFunction.response,
            releaseState: AroundFunction.releaseState, make: make == nil ? nil : AroundFunction.make)
        }))
  }

  static func making<Config: SchemaType, Value: Sendable>(
    _ make: @escaping @Sendable (Config) async throws -> Value
  ) -> Work {
    .async { invocation, completion in
      do {
        completion.provide(try await make(try Inputs(invocation: invocation.pointer).config(Config.self)), as: ValueBox<Value>.self)
      } catch { completion.fail(error) }
    }
  }
}

extension Invocation {
  /// What the policy's `make` gave for this place.
  func policyValue<Value: Sendable>(_ type: Value.Type = Value.self) throws -> Value {
    guard pointer.pointee.dependency_count > 0, let address = pointer.pointee.dependencies_borrowed?[0] else {
      throw DependencyMismatch(name: "policy", expected: Dependency<Value>.typeName)
    }
    return try Unmanaged<AnyValueBox>.fromOpaque(address).takeUnretainedValue().value(as: type, named: "policy")
  }
}
