import CGatewayPlugin

/// Security providers: they run before the body of a request is read and before the route's own parameters are checked, so
/// that a client that may not come costs no upload and learns nothing about the route. What they need runs there too.
///
/// They see the head of the request, and the parameters that security providers declare; never the body. Those of app scope
/// are refused when the gateway loads.
///
///     plugin.securityProvider("token", scheme: .httpBearer())
///     plugin.securityProvider("user", needs: Dependency<HTTPCredentials>("token")) { provision, token in
///       let user = try await users.find(token.credentials)
///       guard provision.scopes.isCovered(by: user.scopes) else { throw HTTPError(403, detail: "Not enough permissions") }
///       return user
///     }
extension Plugin {
  /// Adds a provider of the credentials themselves; without them the answer is the scheme's 401.
  public mutating func securityProvider<Credentials: Sendable>(
    _ name: String, scheme: SecurityScheme<Credentials>
  ) {
    inlineProvider(name, scope: .request, hasTeardown: false, { $0.security(scheme) }) { inputs, _ in
      try inputs.credentials(scheme)
    }
  }

  /// Adds a provider of the credentials themselves; without them it gives nil, and the client may come.
  public mutating func securityProvider<Credentials: Sendable>(
    _ name: String, optionalScheme scheme: SecurityScheme<Credentials>
  ) {
    inlineProvider(name, scope: .request, hasTeardown: false, { $0.security(scheme, isOptional: true) }) { inputs, _ in
      try inputs.optionalCredentials(scheme)
    }
  }

  /// Adds a provider that makes something of the credentials, such as the user; it may await.
  ///
  /// - Parameter make: throws what the client gets where it may not come.
  public mutating func securityProvider<Credentials: Sendable, Value: Sendable, each Need: Sendable>(
    _ name: String, scheme: SecurityScheme<Credentials>, scope: Scope = .request, config: String = "",
    needs: repeat Dependency<each Need>,
    make: @escaping @Sendable (borrowing Provision, Credentials, repeat each Need) async throws -> Value,
    teardown: (@Sendable (Value, Outcome) async throws -> Void)? = nil
  ) {
    provider(
      name, scope: scope, config: config, needs: repeat each needs,
      make: { (provision: borrowing Provision, values: repeat each Need) async throws -> Value in
        let credentials = try Inputs(invocation: provision.invocation).credentials(scheme)
        return try await make(provision, credentials, repeat each values)
      }, teardown: teardown)
    secure(scheme, isOptional: false)
  }

  /// The same where the client may come without credentials: nil then.
  public mutating func securityProvider<Credentials: Sendable, Value: Sendable, each Need: Sendable>(
    _ name: String, optionalScheme scheme: SecurityScheme<Credentials>, scope: Scope = .request, config: String = "",
    needs: repeat Dependency<each Need>,
    make: @escaping @Sendable (borrowing Provision, Credentials?, repeat each Need) async throws -> Value,
    teardown: (@Sendable (Value, Outcome) async throws -> Void)? = nil
  ) {
    provider(
      name, scope: scope, config: config, needs: repeat each needs,
      make: { (provision: borrowing Provision, values: repeat each Need) async throws -> Value in
        let credentials = try Inputs(invocation: provision.invocation).optionalCredentials(scheme)
        return try await make(provision, credentials, repeat each values)
      }, teardown: teardown)
    secure(scheme, isOptional: true)
  }

  /// Adds a security provider without a scheme of its own, such as one that needs the credentials of another; it may await.
  public mutating func securityProvider<Value: Sendable, each Need: Sendable>(
    _ name: String, scope: Scope = .request, config: String = "", needs: repeat Dependency<each Need>,
    make: @escaping @Sendable (borrowing Provision, repeat each Need) async throws -> Value,
    teardown: (@Sendable (Value, Outcome) async throws -> Void)? = nil
  ) {
    provider(name, scope: scope, config: config, needs: repeat each needs, make: make, teardown: teardown)
    secure()
  }

  /// The same on the thread pool, where it may block.
  public mutating func blockingSecurityProvider<Value: Sendable, each Need: Sendable>(
    _ name: String, scope: Scope = .request, config: String = "", needs: repeat Dependency<each Need>,
    make: @escaping @Sendable (borrowing Provision, repeat each Need) throws -> Value,
    teardown: (@Sendable (Value, Outcome) throws -> Void)? = nil
  ) {
    blockingProvider(name, scope: scope, config: config, needs: repeat each needs, make: make, teardown: teardown)
    secure()
  }

  /// The same on the event loop, at once: it must neither await nor block.
  public mutating func inlineSecurityProvider<Value: Sendable, each Need: Sendable>(
    _ name: String, scope: Scope = .request, config: String = "", needs: repeat Dependency<each Need>,
    make: @escaping @Sendable (borrowing Provision, repeat each Need) throws -> Value,
    teardown: (@Sendable (Value, Outcome) throws -> Void)? = nil
  ) {
    inlineProvider(name, scope: scope, config: config, needs: repeat each needs, make: make, teardown: teardown)
    secure()
  }

  /// Gives a scheme written as `.httpBearer()` its type. The macros call this.
  public static func securityScheme<Credentials: Sendable>(
    _ scheme: SecurityScheme<Credentials>
  ) -> SecurityScheme<Credentials> { scheme }

  /// Makes the last provider one for security.
  private mutating func secure() {
    guard !providers.isEmpty else { return }
    providers[providers.count - 1].isSecurity = true
  }

  private mutating func secure<Credentials>(_ scheme: SecurityScheme<Credentials>, isOptional: Bool) {
    secure()
    let signature = signature { $0.security(scheme, isOptional: isOptional) }
    providers[providers.count - 1].declaration = signature.json
  }
}

extension Signature {
  /// A provider's scheme: it runs before the body is read, and is described in the OpenAPI document.
  ///
  /// - Parameter isOptional: clients may come without it.
  public mutating func security<Credentials: Sendable>(_ scheme: SecurityScheme<Credentials>, isOptional: Bool = false) {
    isSecurity = true
    var document = scheme.document
    // An extension of OpenAPI: tells schemes that are all needed from those of which any will do.
    if isOptional { document = document.dropLast() + ",\"x-gateway-optional\":true}" }
    securitySchemes.append((scheme.name, document))
    guard let parameter = scheme.parameter else { return }
    hiddenParameter(parameter.name, in: parameter.place)
  }
}

extension Inputs {
  /// The credentials of a scheme. Throws its 401 where there are none.
  public func credentials<Credentials: Sendable>(_ scheme: SecurityScheme<Credentials>) throws -> Credentials {
    try scheme.require(try request())
  }

  /// Nil where the client gives none.
  public func optionalCredentials<Credentials: Sendable>(_ scheme: SecurityScheme<Credentials>) throws -> Credentials? {
    try scheme.read(try request())
  }

  /// What the routes ask of a security provider; none for any other function.
  public func scopes() -> SecurityScopes { SecurityScopes(invocation.scopes) }
}

extension Provision {
  /// What the routes ask of a security provider; none for any other provider.
  public var scopes: SecurityScopes { SecurityScopes(invocation.scopes) }
}

extension UnsafePointer<gw_invocation> {
  fileprivate var scopes: [String] {
    // A gateway of an older minor does not have them.
    guard Int(pointee.struct_size) >= Self.sizeWithScopes else { return [] }
    return UnsafeBufferPointer(start: pointee.scopes, count: pointee.scopes == nil ? 0 : Int(pointee.scope_count))
      .map { String($0) }
  }

  private static var sizeWithScopes: Int {
    (MemoryLayout<gw_invocation>.offset(of: \.scopes) ?? 0) + MemoryLayout<UnsafeRawPointer?>.size
  }
}
