import CGatewayPlugin

/// A plugin under construction: its handlers, providers and hooks. `export(to:)` makes it final.
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
  var configSchema = ""
  /// Named schemas that declarations refer to.
  var schemas = SchemaCollector()
  var start: Work?
  var stop: Work?

  /// - Parameters:
  ///   - name: for messages; routes use the name under `plugins:` in `gateway.yaml`.
  ///   - version: of the plugin, as `1.2.3`.
  public init(_ name: String, version: String) {
    self.name = name
    self.version = version
  }

  /// JSON Schema of the plugin's `config`. Without it any config is refused when the gateway loads.
  public mutating func config(schema: String) { configSchema = schema }

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
        } catch { completion.fail(error) }
      })
  }

  /// Adds a handler that runs on the connection's event loop, may await, and gets dependencies.
  public mutating func handler<each Value: Sendable>(
    _ name: String, needs: repeat Dependency<each Value>,
    body: @escaping @Sendable (borrowing Request, repeat each Value) async throws -> Response
  ) {
    let names = Self.names(of: repeat each needs)
    add(
      name, needNames(repeat each needs),
      .async { invocation, completion in
        do {
          var cursor = DependencyCursor(invocation: invocation.pointer)
          let request = try Request(invocation)
          await completion.send(try await body(request, repeat try cursor.next((each Value).self, names)))
        } catch { completion.fail(error) }
      })
  }

  /// Adds a handler that runs on the thread pool and may block.
  public mutating func blockingHandler<each Value: Sendable>(
    _ name: String, needs: repeat Dependency<each Value>,
    body: @escaping @Sendable (borrowing Request, repeat each Value) throws -> Response
  ) {
    add(name, needNames(repeat each needs), .blocking(Self.synchronous(repeat each needs, body: body)))
  }

  /// Adds a handler that runs on the event loop, at once: it must neither await nor block.
  public mutating func inlineHandler<each Value: Sendable>(
    _ name: String, needs: repeat Dependency<each Value>,
    body: @escaping @Sendable (borrowing Request, repeat each Value) throws -> Response
  ) {
    add(name, needNames(repeat each needs), .inline(Self.synchronous(repeat each needs, body: body)))
  }

  private static func synchronous<each Value: Sendable>(
    _ needs: repeat Dependency<each Value>,
    body: @escaping @Sendable (borrowing Request, repeat each Value) throws -> Response
  ) -> @Sendable (Invocation, Completion) -> Void {
    let names = Self.names(of: repeat each needs)
    return { invocation, completion in
      do {
        var cursor = DependencyCursor(invocation: invocation.pointer)
        let request = try Request(invocation)
        completion.respond(try body(request, repeat try cursor.next((each Value).self, names)))
      } catch { completion.fail(error) }
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
  ///   - make: makes the value. A thrown `HTTPError` ends the exchange with that answer.
  ///   - teardown: runs once for each value, after everything that used it.
  public mutating func provider<Value: Sendable, each Need: Sendable>(
    _ name: String, scope: Scope = .request, config: String = "", needs: repeat Dependency<each Need>,
    make: @escaping @Sendable (borrowing Provision, repeat each Need) async throws -> Value,
    teardown: (@Sendable (Value, Outcome) async throws -> Void)? = nil
  ) {
    let names = Self.names(of: repeat each needs)
    let work = Work.async { invocation, completion in
      do {
        var cursor = DependencyCursor(invocation: invocation.pointer)
        let provision = Provision(invocation: invocation.pointer)
        completion.provide(try await make(provision, repeat try cursor.next((each Need).self, names)))
      } catch { completion.fail(error) }
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
      .blocking(Self.making(repeat each needs, make: make)), teardown.map { .blocking(Self.ending($0)) })
  }

  /// Adds a provider that runs on the event loop, at once: it must neither await nor block.
  public mutating func inlineProvider<Value: Sendable, each Need: Sendable>(
    _ name: String, scope: Scope = .request, config: String = "", needs: repeat Dependency<each Need>,
    make: @escaping @Sendable (borrowing Provision, repeat each Need) throws -> Value,
    teardown: (@Sendable (Value, Outcome) throws -> Void)? = nil
  ) {
    add(
      name, Value.self, scope, config, needNames(repeat each needs),
      .inline(Self.making(repeat each needs, make: make)), teardown.map { .inline(Self.ending($0)) })
  }

  private static func making<Value: Sendable, each Need: Sendable>(
    _ needs: repeat Dependency<each Need>,
    make: @escaping @Sendable (borrowing Provision, repeat each Need) throws -> Value
  ) -> @Sendable (Invocation, Completion) -> Void {
    let names = Self.names(of: repeat each needs)
    return { invocation, completion in
      do {
        var cursor = DependencyCursor(invocation: invocation.pointer)
        let provision = Provision(invocation: invocation.pointer)
        completion.provide(try make(provision, repeat try cursor.next((each Need).self, names)))
      } catch { completion.fail(error) }
    }
  }

  private static func ending<Value: Sendable>(
    _ teardown: @escaping @Sendable (Value, Outcome) throws -> Void
  ) -> @Sendable (Invocation, Completion) -> Void {
    { invocation, completion in
      do {
        try teardown(try invocation.value(Value.self), invocation.outcome)
        completion.finish()
      } catch { completion.fail(error) }
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

  static func names<each Value>(of needs: repeat Dependency<each Value>) -> [String] {
    var list: [String] = []
    for need in repeat each needs { list.append(need.name) }
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
}

extension Dependency {
  var declaration: NeedDeclaration { NeedDeclaration(name: name, type: Self.typeName) }
}

struct HandlerDeclaration {
  let name: String
  let needs: [NeedDeclaration]
  let work: Work
  /// Keys of a route, as the contract has them; empty where nothing is known.
  var declaration = ""
}

struct ProviderDeclaration {
  let name: String
  let type: String
  let scope: Scope
  let configSchema: String
  let needs: [NeedDeclaration]
  let work: Work
  let teardown: Work?
  var declaration = ""
}
