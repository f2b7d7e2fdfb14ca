import CGatewayPlugin

/// A plugin under construction: its handlers, providers, policies and hooks. `export(to:)` makes it final.
///
///     @c(gateway_plugin_v1)
///     public func plugin(_ host: UnsafePointer<gw_host>) -> UnsafePointer<gw_plugin>? {
///       var plugin = Plugin("echo", version: "1.0.0")
///       plugin.handler("shout") { request in .text(request.bodyText.uppercased()) }
///       return plugin.export(to: host)
///     }
///
/// Where a function runs is chosen with its name. `handler`: `async`, on the connection's event loop; it may await, and
/// must not block. `blockingHandler`: on a bounded pool of threads; it may block. `inlineHandler`: on the event loop,
/// at once; for work of a few microseconds. Providers likewise.
public struct Plugin {
  let name: String
  let version: String
  var handlers: [HandlerDeclaration] = []
  var providers: [ProviderDeclaration] = []
  /// What providers offer to other plugins.
  var offers: [OfferDeclaration] = []
  var policies: [PolicyDeclaration] = []
  var configSchema = ""
  /// Named schemas that declarations refer to.
  var schemas = SchemaCollector()
  /// How errors that handlers and providers throw are answered, in the order of registration.
  var errorMappers: [ErrorMapper] = []
  /// What those mappings declare, for every handler.
  var errorResponses: [(status: Int, json: String)] = []
  /// Handlers of the gateway's own errors.
  var errorHandlers: [ErrorHandlerDeclaration] = []
  var start: Work?
  var stop: Work?
  var health: Work?

  /// - Parameters:
  ///   - name: for messages; routes use the name under `plugins:` in `gateway.yaml`.
  ///   - version: of the plugin, as `1.2.3`.
  public init(_ name: String, version: String) {
    self.name = name
    self.version = version
  }

  /// JSON Schema of the plugin's `config`. Without it any config is refused when the gateway loads.
  public mutating func config(schema: String) { configSchema = schema }

  /// The plugin's `config` is what the type says: the gateway checks it when it loads, and tells all of its mistakes.
  /// `onStart(config:)` says the same and hands the value over.
  public mutating func config<Config: SchemaType>(_ type: Config.Type) { configSchema = Self.configSchema(type) }

  /// Runs before the first request, with the plugin's `config` as JSON. An error stops the gateway's start.
  public mutating func onStart(_ body: @escaping @Sendable (_ config: [UInt8]) async throws -> Void) {
    start = .async { invocation, completion in
      do {
        try await body([UInt8](invocation.pointer.pointee.config.raw))
        completion.finish()
      } catch { completion.fail(error) }
    }
  }

  /// Runs after the last exchange.
  public mutating func onStop(_ body: @escaping @Sendable () async throws -> Void) {
    stop = .async { _, completion in
      do {
        try await body()
        completion.finish()
      } catch { completion.fail(error) }
    }
  }

  /// Asked every few seconds (`server.health.interval`), never twice at once, whether the plugin can serve. An error, or no
  /// answer within `server.health.timeout`, makes the gateway not ready until the next one that succeeds; the error is logged.
  public mutating func onHealth(_ body: @escaping @Sendable () async throws -> Void) {
    health = .async { _, completion in
      do {
        try await body()
        completion.finish()
      } catch { completion.fail(error) }
    }
  }

  // MARK: handlers

  /// Adds a handler that runs on the connection's event loop and may await.
  public mutating func handler(
    _ name: String, _ body: @escaping @Sendable (borrowing Request) async throws -> Response
  ) {
    add(
      name, [],
      .async { invocation, completion in
        do {
          let request = try Request(invocation)
          await completion.send(try await body(request))
        } catch { await completion.fail(error, invocation) }
      })
  }

  /// Adds a handler that runs on the connection's event loop, may await, and gets dependencies.
  public mutating func handler<each Value: Sendable>(
    _ name: String, needs: repeat Dependency<each Value>,
    body: @escaping @Sendable (borrowing Request, repeat each Value) async throws -> Response
  ) {
    let lookups = Self.lookups(of: repeat each needs)
    add(
      name, needNames(repeat each needs),
      .async { invocation, completion in
        do {
          var cursor = DependencyCursor(invocation: invocation.pointer)
          let request = try Request(invocation)
          await completion.send(try await body(request, repeat try cursor.next((each Value).self, lookups)))
        } catch { await completion.fail(error, invocation) }
      })
  }

  /// Adds a handler that runs on the thread pool and may block.
  public mutating func blockingHandler<each Value: Sendable>(
    _ name: String, needs: repeat Dependency<each Value>,
    body: @escaping @Sendable (borrowing Request, repeat each Value) throws -> Response
  ) {
    add(name, needNames(repeat each needs), .blocking(Self.synchronous(repeat each needs, isBlocking: true, body: body)))
  }

  /// Adds a handler that runs on the event loop, at once: it must neither await nor block.
  public mutating func inlineHandler<each Value: Sendable>(
    _ name: String, needs: repeat Dependency<each Value>,
    body: @escaping @Sendable (borrowing Request, repeat each Value) throws -> Response
  ) {
    add(name, needNames(repeat each needs), .inline(Self.synchronous(repeat each needs, isBlocking: false, body: body)))
  }

  private static func synchronous<each Value: Sendable>(
    _ needs: repeat Dependency<each Value>, isBlocking: Bool,
    body: @escaping @Sendable (borrowing Request, repeat each Value) throws -> Response
  ) -> Work.Synchronous {
    let lookups = Self.lookups(of: repeat each needs)
    return { invocation, completion in
      do {
        var cursor = DependencyCursor(invocation: invocation.pointer)
        let request = try Request(invocation)
        completion.respond(try body(request, repeat try cursor.next((each Value).self, lookups)))
        return nil
      } catch { return completion.fail(error, invocation, isBlocking: isBlocking) }
    }
  }

  private mutating func add(_ name: String, _ needs: [NeedDeclaration], _ work: Work) {
    handlers.append(HandlerDeclaration(name: name, needs: needs, work: work))
  }

  // MARK: providers

  /// Adds a provider that runs on the event loop and may await.
  ///
  /// - Parameters:
  ///   - scope: how long its values live, unless `gateway.yaml` says otherwise.
  ///   - config: JSON Schema of the dependency's `config`; without it any config is refused.
  ///   - make: makes the value. A thrown `HTTPError` or `Response` ends the exchange with that answer.
  ///   - teardown: runs once for each value, after everything that used it.
  public mutating func provider<Value: Sendable, each Need: Sendable>(
    _ name: String, scope: Scope = .request, config: String = "", needs: repeat Dependency<each Need>,
    make: @escaping @Sendable (borrowing Provision, repeat each Need) async throws -> Value,
    teardown: (@Sendable (Value, Outcome) async throws -> Void)? = nil
  ) {
    let lookups = Self.lookups(of: repeat each needs)
    let box = ValueBox<Value>.self
    let work = Work.async { invocation, completion in
      do {
        var cursor = DependencyCursor(invocation: invocation.pointer)
        let provision = Provision(invocation: invocation.pointer)
        completion.provide(try await make(provision, repeat try cursor.next((each Need).self, lookups)), as: box)
      } catch { await completion.fail(error, invocation) }
    }
    let end = teardown.map { teardown in
      Work.async { invocation, completion in
        do {
          try await teardown(try invocation.value(Value.self), invocation.outcome)
          completion.finish()
        } catch { completion.fail(error) }
      }
    }
    add(name, Value.self, scope, config, needNames(repeat each needs), work, end)
  }

  /// Adds a provider that runs on the thread pool and may block.
  public mutating func blockingProvider<Value: Sendable, each Need: Sendable>(
    _ name: String, scope: Scope = .request, config: String = "", needs: repeat Dependency<each Need>,
    make: @escaping @Sendable (borrowing Provision, repeat each Need) throws -> Value,
    teardown: (@Sendable (Value, Outcome) throws -> Void)? = nil
  ) {
    add(
      name, Value.self, scope, config, needNames(repeat each needs),
      .blocking(Self.making(repeat each needs, isBlocking: true, make: make)), teardown.map { .blocking(Self.ending($0)) })
  }

  /// Adds a provider that runs on the event loop, at once: it must neither await nor block.
  public mutating func inlineProvider<Value: Sendable, each Need: Sendable>(
    _ name: String, scope: Scope = .request, config: String = "", needs: repeat Dependency<each Need>,
    make: @escaping @Sendable (borrowing Provision, repeat each Need) throws -> Value,
    teardown: (@Sendable (Value, Outcome) throws -> Void)? = nil
  ) {
    add(
      name, Value.self, scope, config, needNames(repeat each needs),
      .inline(Self.making(repeat each needs, isBlocking: false, make: make)), teardown.map { .inline(Self.ending($0)) })
  }

  private static func making<Value: Sendable, each Need: Sendable>(
    _ needs: repeat Dependency<each Need>, isBlocking: Bool,
    make: @escaping @Sendable (borrowing Provision, repeat each Need) throws -> Value
  ) -> Work.Synchronous {
    let lookups = Self.lookups(of: repeat each needs)
    let box = ValueBox<Value>.self
    return { invocation, completion in
      do {
        var cursor = DependencyCursor(invocation: invocation.pointer)
        let provision = Provision(invocation: invocation.pointer)
        completion.provide(try make(provision, repeat try cursor.next((each Need).self, lookups)), as: box)
        return nil
      } catch { return completion.fail(error, invocation, isBlocking: isBlocking) }
    }
  }

  private static func ending<Value: Sendable>(
    _ teardown: @escaping @Sendable (Value, Outcome) throws -> Void
  ) -> Work.Synchronous {
    { invocation, completion in
      do {
        try teardown(try invocation.value(Value.self), invocation.outcome)
        completion.finish()
      } catch { completion.fail(error) }
      return nil
    }
  }

  private mutating func add<Value: Sendable>(
    _ name: String, _ type: Value.Type, _ scope: Scope, _ config: String, _ needs: [NeedDeclaration], _ work: Work,
    _ teardown: Work?
  ) {
    providers.append(
      ProviderDeclaration(
        name: name, type: Dependency<Value>.typeName, scope: scope, configSchema: config, needs: needs, work: work,
        teardown: teardown))
  }

  static func lookups<each Value>(of needs: repeat Dependency<each Value>) -> [NeedLookup] {
    var list: [NeedLookup] = []
    for need in repeat each needs { list.append(need.lookup) }
    return list
  }

  private func needNames<each Value>(_ needs: repeat Dependency<each Value>) -> [NeedDeclaration] {
    var list: [NeedDeclaration] = []
    for need in repeat each needs { list.append(need.declaration) }
    return list
  }
}

struct NeedDeclaration {
  let name: String
  let type: String
  /// Of a value that comes from another plugin as JSON.
  var schema: (@Sendable (inout SchemaCollector) -> SchemaObject)?
}

extension Dependency {
  var declaration: NeedDeclaration {
    NeedDeclaration(name: name, type: view?.type ?? Self.typeName, schema: view?.schema)
  }
}

struct HandlerDeclaration {
  let name: String
  let needs: [NeedDeclaration]
  let work: Work
  /// Keys of a route, as the contract has them; empty where nothing is known.
  var declaration = ""
  /// What `declaration` was made of; nil where nothing is known.
  var signature: Signature?

  /// The declaration, with answers to errors beside its own.
  func declared(with responses: [(status: Int, json: String)]) -> String {
    guard !responses.isEmpty else { return declaration }
    return (signature ?? Signature(schemas: SchemaCollector())).json(adding: responses)
  }
}

struct ProviderDeclaration {
  let name: String
  let type: String
  let scope: Scope
  let configSchema: String
  let needs: [NeedDeclaration]
  let work: Work
  var teardown: Work?
  var declaration = ""
  /// It runs before the body is read.
  var isSecurity = false
}
