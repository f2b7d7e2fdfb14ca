import CGatewayPlugin

/// A handler of the gateway's own errors.
struct ErrorHandlerDeclaration {
  let name: String
  let work: Work
}

extension Plugin {
  /// Answers errors of a type that handlers and providers of this plugin throw.
  ///
  ///     plugin.onError(OutOfStock.self) { error, request in .text("only \(error.left) left", status: 409) }
  ///
  /// The mapping of the error's own type counts, else that of the nearest class above it, else the first registered whose
  /// type (a protocol, `any Error`) it can be cast to. `HTTPError` is answered as it says unless it is mapped itself. The
  /// exchange has failed all the same: teardowns see the error, background tasks are dropped. What `respond` throws is not
  /// mapped again.
  ///
  /// It is cancelled with the invocation that threw, but not that of a function on the thread pool: that one runs to its end
  /// and keeps its thread until then, so give what it awaits a limit of time.
  ///
  /// - Parameters:
  ///   - status: where it is given, the responses of every handler of this plugin list it in the OpenAPI document.
  ///   - respond: the answer; not a stream and not a file.
  public mutating func onError<Failure>(
    _ type: Failure.Type, status: Int? = nil,
    respond: @escaping @Sendable (Failure, borrowing Request) async throws -> Response
  ) {
    if let status { errorResponses.append((status, #"{"description":"\#(String(describing: type))"}"#)) }
    map(type, respond)
  }

  /// The same with a value as JSON; every handler of this plugin lists it in the OpenAPI document.
  ///
  ///     plugin.onError(OutOfStock.self, status: 409, returns: Shortage.self) { error, _ in Shortage(left: error.left) }
  public mutating func onError<Failure, Value: SchemaType>(
    _ type: Failure.Type, status: Int, returns: Value.Type,
    respond: @escaping @Sendable (Failure, borrowing Request) async throws -> Value
  ) {
    let signature = signature { $0.response(status, returns) }
    errorResponses += signature.declaredResponses
    map(type) { error, request in .json(try await respond(error, request), status: status) }
  }

  /// What the macro builds on: `describe` tells the responses.
  public mutating func errorMapping<Failure>(
    _ type: Failure.Type, _ describe: (inout Signature) -> Void,
    _ respond: @escaping @Sendable (Failure, borrowing Request) async throws -> Response
  ) {
    errorResponses += signature(describe).declaredResponses
    map(type, respond)
  }

  private mutating func map<Failure>(
    _ type: Failure.Type, _ respond: @escaping @Sendable (Failure, borrowing Request) async throws -> Response
  ) {
    errorMappers.append(
      ErrorMapper(type: ObjectIdentifier(type), isKind: { $0 is Failure }) { error, request in
        guard let failure = error as? Failure else { throw error }
        return try await respond(failure, request)
      })
  }

  /// Adds a handler that answers for errors of the gateway itself (404, 422, 502, ...), where `errors.responses` in
  /// `gateway.yaml` names it as `plugin.name`. It runs on the event loop, may await, and gets no dependencies.
  ///
  /// What it throws, and silence for longer than `errors.handler_timeout`, leave the error as it was.
  ///
  /// - Parameter respond: the answer; not a stream and not a file.
  public mutating func errorHandler(
    _ name: String, respond: @escaping @Sendable (GatewayError, borrowing Request) async throws -> Response
  ) {
    errorHandlers.append(
      ErrorHandlerDeclaration(
        name: name,
        work: .async { invocation, completion in
          do {
            guard let error = invocation.lentError else { throw MissingInput("error", "the gateway lent none") }
            let response = try await respond(GatewayError(error.pointee), try Request(invocation))
            if case .stream = response.body { throw StreamFromErrorHandler() }
            completion.respond(response)
          } catch { completion.failOrAnswer(error) }
        }))
  }
}
