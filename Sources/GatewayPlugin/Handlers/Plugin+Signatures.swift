/// What the macros build on: handlers and providers with a signature, whose inputs are decoded one by one.
extension Plugin {
  /// Adds a handler that runs on the connection's event loop and may await. `describe` runs once, here.
  public mutating func asyncHandler(
    _ name: String, _ describe: (inout Signature) -> Void,
    _ run: @escaping @Sendable (Inputs) async throws -> Response
  ) {
    add(
      name, describe,
      .async { invocation, completion in
        do {
          await completion.send(try await run(Inputs(invocation: invocation.pointer)))
        } catch { await completion.fail(error, invocation) }
      })
  }

  /// Adds a handler that runs on the thread pool and may block. `describe` runs once, here.
  public mutating func blockingHandler(
    _ name: String, _ describe: (inout Signature) -> Void, _ run: @escaping @Sendable (Inputs) throws -> Response
  ) {
    add(name, describe, .blocking(Self.responding(isBlocking: true, run)))
  }

  /// Adds a handler that runs on the event loop, at once: it must neither await nor block.
  public mutating func inlineHandler(
    _ name: String, _ describe: (inout Signature) -> Void, _ run: @escaping @Sendable (Inputs) throws -> Response
  ) {
    add(name, describe, .inline(Self.responding(isBlocking: false, run)))
  }

  private static func responding(
    isBlocking: Bool, _ run: @escaping @Sendable (Inputs) throws -> Response
  ) -> Work.Synchronous {
    { invocation, completion in
      do {
        completion.respond(try run(Inputs(invocation: invocation.pointer)))
        return nil
      } catch { return completion.fail(error, invocation, isBlocking: isBlocking) }
    }
  }

  private mutating func add(_ name: String, _ describe: (inout Signature) -> Void, _ work: Work) {
    let signature = signature(describe)
    handlers.append(
      HandlerDeclaration(
        name: name, needs: signature.needs, work: work, declaration: signature.json, signature: signature))
  }

  mutating func signature(_ describe: (inout Signature) -> Void) -> Signature {
    var signature = Signature(schemas: schemas)
    describe(&signature)
    schemas = signature.schemas
    return signature
  }

  // MARK: providers

  /// Adds a provider that runs on the event loop and may await.
  ///
  /// - Parameters:
  ///   - config: JSON Schema of the dependency's `config`; without it any config is refused.
  ///   - hasTeardown: whether `make` may register what ends the value.
  public mutating func asyncProvider<Value: Sendable>(
    _ name: String, scope: Scope, config: String = "", hasTeardown: Bool, _ describe: (inout Signature) -> Void,
    _ make: @escaping @Sendable (Inputs, Teardown) async throws -> Value
  ) {
    let signature = signature(describe)
    let box = ValueBox<Value>.self
    let work = Work.async { invocation, completion in
      // Without one in its signature nobody registers anything.
      let teardown = hasTeardown ? Teardown() : .unused
      do {
        let value = try await make(Inputs(invocation: invocation.pointer), teardown)
        completion.provide(value, as: box, hasTeardown ? .async(teardown) : nil)
      } catch {
        // What was registered before the error is ended here: the gateway gets no value to tear down.
        await completion.fail(await teardown.run(insteadOf: error), invocation)
      }
    }
    let end = Work.async { invocation, completion in
      do {
        if case .async(let teardown)? = try invocation.box().teardown { try await teardown.run(invocation.outcome, invocation.error) }
        completion.finish()
      } catch { completion.fail(error) }
    }
    add(name, Value.self, scope, config, signature, work, hasTeardown ? end : nil)
  }

  /// The same on the thread pool, where it may block.
  public mutating func blockingProvider<Value: Sendable>(
    _ name: String, scope: Scope, config: String = "", hasTeardown: Bool, _ describe: (inout Signature) -> Void,
    _ make: @escaping @Sendable (Inputs, BlockingTeardown) throws -> Value
  ) {
    let signature = signature(describe)
    add(
      name, Value.self, scope, config, signature, .blocking(Self.providing(hasTeardown, isBlocking: true, make)),
      hasTeardown ? .blocking(Self.ending) : nil)
  }

  /// The same on the event loop, at once: it must neither await nor block.
  public mutating func inlineProvider<Value: Sendable>(
    _ name: String, scope: Scope, config: String = "", hasTeardown: Bool, _ describe: (inout Signature) -> Void,
    _ make: @escaping @Sendable (Inputs, BlockingTeardown) throws -> Value
  ) {
    let signature = signature(describe)
    add(
      name, Value.self, scope, config, signature, .inline(Self.providing(hasTeardown, isBlocking: false, make)),
      hasTeardown ? .inline(Self.ending) : nil)
  }

  private static func providing<Value: Sendable>(
    _ hasTeardown: Bool, isBlocking: Bool, _ make: @escaping @Sendable (Inputs, BlockingTeardown) throws -> Value
  ) -> Work.Synchronous {
    let box = ValueBox<Value>.self
    return { invocation, completion in
      let teardown = BlockingTeardown()
      do {
        let value = try make(Inputs(invocation: invocation.pointer), teardown)
        completion.provide(value, as: box, hasTeardown ? .blocking(teardown) : nil)
        return nil
      } catch {
        return completion.fail(teardown.run(insteadOf: error), invocation, isBlocking: isBlocking)
      }
    }
  }

  private static let ending: Work.Synchronous = { invocation, completion in
    do {
      if case .blocking(let teardown)? = try invocation.box().teardown { try teardown.run(invocation.outcome, invocation.error) }
      completion.finish()
    } catch { completion.fail(error) }
    return nil
  }

  private mutating func add<Value: Sendable>(
    _ name: String, _ type: Value.Type, _ scope: Scope, _ config: String, _ signature: Signature, _ work: Work,
    _ teardown: Work?
  ) {
    providers.append(
      ProviderDeclaration(
        name: name, type: Dependency<Value>.typeName, scope: scope, configSchema: config, needs: signature.needs,
        work: work, teardown: teardown, declaration: signature.json, isSecurity: signature.isSecurity))
  }

  /// The JSON Schema of a type as a document of its own, as `config:` takes it.
  public static func configSchema<Value: SchemaType>(_ type: Value.Type) -> String { SchemaCollector.document(type) }
}
