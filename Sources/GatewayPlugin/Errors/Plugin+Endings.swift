/// Providers whose teardown looks at the error that the value's work ended with.
extension Plugin {
  /// As the form whose teardown gets the outcome alone.
  ///
  /// - Parameter teardown: runs once for each value, with the error where one is known: the very one that was thrown where
  ///   this plugin threw it, else a `GatewayError`. What it throws replaces that error; see `Teardown`.
  public mutating func provider<Value: Sendable, each Need: Sendable>(
    _ name: String, scope: Scope = .request, config: String = "", needs: repeat Dependency<each Need>,
    make: @escaping @Sendable (borrowing Provision, repeat each Need) async throws -> Value,
    teardown: @escaping @Sendable (Value, Outcome, (any Error)?) async throws -> Void
  ) {
    provider(name, scope: scope, config: config, needs: repeat each needs, make: make)
    endLast(
      .async { invocation, completion in
        do {
          try await teardown(try invocation.value(Value.self), invocation.outcome, invocation.error)
          completion.finish()
        } catch { completion.fail(error) }
      })
  }

  /// The same on the thread pool, where both may block.
  public mutating func blockingProvider<Value: Sendable, each Need: Sendable>(
    _ name: String, scope: Scope = .request, config: String = "", needs: repeat Dependency<each Need>,
    make: @escaping @Sendable (borrowing Provision, repeat each Need) throws -> Value,
    teardown: @escaping @Sendable (Value, Outcome, (any Error)?) throws -> Void
  ) {
    blockingProvider(name, scope: scope, config: config, needs: repeat each needs, make: make)
    endLast(.blocking(Self.ending(teardown)))
  }

  /// The same on the event loop, at once: neither may await or block.
  public mutating func inlineProvider<Value: Sendable, each Need: Sendable>(
    _ name: String, scope: Scope = .request, config: String = "", needs: repeat Dependency<each Need>,
    make: @escaping @Sendable (borrowing Provision, repeat each Need) throws -> Value,
    teardown: @escaping @Sendable (Value, Outcome, (any Error)?) throws -> Void
  ) {
    inlineProvider(name, scope: scope, config: config, needs: repeat each needs, make: make)
    endLast(.inline(Self.ending(teardown)))
  }

  private static func ending<Value: Sendable>(
    _ teardown: @escaping @Sendable (Value, Outcome, (any Error)?) throws -> Void
  ) -> Work.Synchronous {
    { invocation, completion in
      do {
        try teardown(try invocation.value(Value.self), invocation.outcome, invocation.error)
        completion.finish()
      } catch { completion.fail(error) }
      return nil
    }
  }

  private mutating func endLast(_ work: Work) {
    guard let last = providers.indices.last else { return }
    providers[last].teardown = work
  }
}
