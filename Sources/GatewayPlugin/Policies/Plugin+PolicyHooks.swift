import CGatewayPlugin

/// Policies as hooks, for bodies in parts, and for work that does not need to await.
///
/// All hooks are optional. `onRequest` sees the request before anything behind the policy does, and answers by itself where it
/// returns a response. `onResponse` sees the answer to each request that it let pass. The part hooks see the bodies part by part, and
/// return what goes on instead, or nil for the part as it is; the next part comes when that was taken at the far end. A request
/// without a body has no parts. A body is wanted whole or in parts: a plugin with a policy that wants one both ways refuses to
/// start.
///
/// `state` is made anew for each exchange and given to each of its hooks, which may run at the same time: request parts go on
/// while the answer is on its way.
extension Plugin {
  public typealias AsyncRequestHook<State> = @Sendable (inout PolicyRequest, State) async throws -> Response?
  public typealias AsyncResponseHook<State> = @Sendable (inout PolicyResponse, State) async throws -> Void
  public typealias AsyncPartHook<State> = @Sendable (borrowing PolicyPart, State) async throws -> [UInt8]?
  public typealias RequestHook<State> = @Sendable (inout PolicyRequest, State) throws -> Response?
  public typealias ResponseHook<State> = @Sendable (inout PolicyResponse, State) throws -> Void
  public typealias PartHook<State> = @Sendable (borrowing PolicyPart, State) throws -> [UInt8]?

  /// Adds a policy whose hooks run on the connection's event loop and may await.
  ///
  /// - Parameters:
  ///   - state: made from the `config` of the place in `gateway.yaml`, for each exchange.
  ///   - bufferedRequest: `onRequest` waits for the whole body, within the route's limit, before anything goes on.
  ///   - bufferedResponse: `onResponse` gets the whole body, within the limit of its place in `gateway.yaml`.
  public mutating func policy<Config: SchemaType, State: Sendable>(
    _ name: String, config: Config.Type, state: @escaping @Sendable (Config) -> State, bufferedRequest: Bool = false,
    bufferedResponse: Bool = false, onRequest: AsyncRequestHook<State>? = nil,
    onResponse: AsyncResponseHook<State>? = nil, onRequestPart: AsyncPartHook<State>? = nil,
    onResponsePart: AsyncPartHook<State>? = nil
  ) {
    let part: (AsyncPartHook<State>?) -> Work? = { hook in
      hook.map { hook in
        .async { invocation, completion in
          do {
            completion.pass(try await hook(PolicyPart(invocation: invocation), try invocation.policyState()), or: invocation)
          } catch { completion.fail(error) }
        }
      }
    }
    addHooks(
      name, Config.self, .init(bufferedRequest: bufferedRequest, bufferedResponse: bufferedResponse),
      request: .async { invocation, completion in
        do {
          let made = state(try invocation.policyValue(Config.self))
          var request = try PolicyRequest(invocation)
          if let onRequest, let response = try await onRequest(&request, made) { return completion.answer(response) }
          completion.proceed(request.changes, keeping: made)
        } catch { completion.failOrAnswer(error) }
      },
      response: onResponse.map { hook in
        .async { invocation, completion in
          do {
            var response = PolicyResponse(invocation)
            try await hook(&response, try invocation.policyState())
            completion.proceed(response)
          } catch { completion.failOrAnswer(error) }
        }
      }, requestPart: part(onRequestPart), responsePart: part(onResponsePart))
  }

  /// Adds a policy whose hooks run on the event loop, at once: they must neither await nor block. The cheapest kind.
  public mutating func inlinePolicy<Config: SchemaType, State: Sendable>(
    _ name: String, config: Config.Type, state: @escaping @Sendable (Config) -> State, bufferedRequest: Bool = false,
    bufferedResponse: Bool = false, onRequest: RequestHook<State>? = nil, onResponse: ResponseHook<State>? = nil,
    onRequestPart: PartHook<State>? = nil, onResponsePart: PartHook<State>? = nil
  ) {
    addSynchronous(
      name, Config.self, .init(bufferedRequest: bufferedRequest, bufferedResponse: bufferedResponse), state,
      onRequest, onResponse, onRequestPart, onResponsePart
    ) { .inline($0) }
  }

  /// Adds a policy whose hooks run on the thread pool and may block.
  public mutating func blockingPolicy<Config: SchemaType, State: Sendable>(
    _ name: String, config: Config.Type, state: @escaping @Sendable (Config) -> State, bufferedRequest: Bool = false,
    bufferedResponse: Bool = false, onRequest: RequestHook<State>? = nil, onResponse: ResponseHook<State>? = nil,
    onRequestPart: PartHook<State>? = nil, onResponsePart: PartHook<State>? = nil
  ) {
    addSynchronous(
      name, Config.self, .init(bufferedRequest: bufferedRequest, bufferedResponse: bufferedResponse), state,
      onRequest, onResponse, onRequestPart, onResponsePart
    ) { .blocking($0) }
  }

  private mutating func addSynchronous<Config: SchemaType, State: Sendable>(
    _ name: String, _ config: Config.Type, _ bodies: Bodies, _ state: @escaping @Sendable (Config) -> State,
    _ onRequest: RequestHook<State>?, _ onResponse: ResponseHook<State>?, _ onRequestPart: PartHook<State>?,
    _ onResponsePart: PartHook<State>?,
    _ work: (@escaping Work.Synchronous) -> Work
  ) {
    func part(_ hook: PartHook<State>?) -> Work? {
      hook.map { hook in
        work { invocation, completion in
          do {
            completion.pass(try hook(PolicyPart(invocation: invocation), try invocation.policyState()), or: invocation)
          } catch { completion.fail(error) }
          return nil
        }
      }
    }
    addHooks(
      name, Config.self, bodies,
      request: work { invocation, completion in
        do {
          let made = state(try invocation.policyValue(Config.self))
          var request = try PolicyRequest(invocation)
          if let onRequest, let response = try onRequest(&request, made) {
            completion.answer(response)
          } else {
            completion.proceed(request.changes, keeping: made)
          }
        } catch { completion.failOrAnswer(error) }
        return nil
      },
      response: onResponse.map { hook in
        work { invocation, completion in
          do {
            var response = PolicyResponse(invocation)
            try hook(&response, try invocation.policyState())
            completion.proceed(response)
          } catch { completion.failOrAnswer(error) }
          return nil
        }
      }, requestPart: part(onRequestPart), responsePart: part(onResponsePart))
  }

  private struct Bodies {
    var bufferedRequest: Bool
    var bufferedResponse: Bool
  }

  private mutating func addHooks<Config: SchemaType>(
    _ name: String, _ config: Config.Type, _ bodies: Bodies, request: Work, response: Work?, requestPart: Work?,
    responsePart: Work?
  ) {
    let isBoth = bodies.bufferedRequest && requestPart != nil || bodies.bufferedResponse && responsePart != nil
    let make = Self.making { (config: Config) in config }
    policies.append(
      PolicyDeclaration(
        name: name, configSchema: Self.configSchema(config), execution: request.execution,
        requestBody: bodies.bufferedRequest ? GW_BODY_BUFFERED : requestPart == nil ? GW_BODY_NONE : GW_BODY_PARTS,
        responseBody: bodies.bufferedResponse ? GW_BODY_BUFFERED : responsePart == nil ? GW_BODY_NONE : GW_BODY_PARTS,
        functions: { host in
          let function: (Work?) -> Function? = { $0.map { Function(host: host, work: $0) } }
          return HookFunctions(
            request: function(request), response: function(response), requestPart: function(requestPart),
            responsePart: function(responsePart), make: function(make)
          ).pointers(releasesState: true)
        }, problem: isBoth ? "the policy '\(name)' wants one body both whole and in parts" : nil))
  }
}

extension Invocation {
  /// The state that `onRequest` let the request go on with.
  fileprivate func policyState<State: Sendable>(_ type: State.Type = State.self) throws -> State { try value(type) }
}

extension Completion {
  /// Lets a request go on, and keeps a value for the hooks that follow.
  fileprivate func proceed<State: Sendable>(_ changes: MessageChanges, keeping state: State) {
    let box = Unmanaged<AnyValueBox>.passRetained(ValueBox(state))
    switch proceed(changes, state: box.toOpaque()) {
    case GW_ACCEPTED, GW_TOO_LATE: break
    default: box.release()
    }
  }

  fileprivate func proceed(_ response: borrowing PolicyResponse) { _ = proceed(response.changes) }

  /// Lets bytes go on, or the part as it is.
  fileprivate func pass(_ bytes: [UInt8]?, or invocation: Invocation) {
    guard let bytes else { return pass(invocation.pointer.pointee.part.raw) }
    bytes.withUnsafeBytes { pass($0) }
  }
}
