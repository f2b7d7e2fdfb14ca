import GatewayPlugin

/// A small plugin: a handler for each way to run, a security provider, and policies.
@Plugin("echo", version: "1.0.0")
public struct Echo {
  /// Inline: on the event loop, at once. For answers that take microseconds.
  @Handler(inline: true) func hello() -> Response { .json(fixed: #"{"hello":"world"}"#) }

  /// Async: on the event loop, may await. The default choice.
  @Handler func shout(@Path name: String) async -> Response { .text("\(name)!".uppercased()) }

  /// Blocking: on a pool of threads. For libraries that make their caller wait.
  @Handler func echo(request: borrowing Request) -> Response {
    Response(headers: ["x-method": request.method], bytes: request.body)
  }

  /// A security provider: asked before a body is read, so that a client without a token uploads nothing.
  @Provider(security: .httpBearer(), inline: true) static func caller(
    credentials: HTTPCredentials, scopes: SecurityScopes
  ) throws -> Caller {
    guard credentials.credentials != "stranger" else { throw HTTPError(403, detail: "Not enough permissions") }
    return Caller(token: credentials.credentials, scopes: scopes.text)
  }

  /// Tells who calls, for what, with how much of a body.
  @Handler(inline: true) func whoami(request: borrowing Request, caller: Caller) -> Response {
    .text("\(caller.token) \(caller.scopes) \(request.body.count)")
  }

  /// Signs what passes: a field for whoever stands behind it, and one for the client.
  @Policy func sign(
    request: consuming PolicyRequest, config: Signature, next: consuming PolicyNext
  ) async throws -> PolicyResponse {
    var request = request
    request.setHeader(config.header, config.text)
    var response = try await next(request)
    response.setHeader(config.header, config.text)
    return response
  }

  /// Upper case in both directions, part by part: bodies of any size go through without being held.
  static func configure(_ plugin: inout Plugin) {
    plugin.inlinePolicy(
      "upper", config: Signature.self, state: { _ in },
      onRequestPart: { part, _ in part.bytes.map { Self.upper($0) } },
      onResponsePart: { part, _ in part.bytes.map { Self.upper($0) } })
  }

  private static func upper(_ byte: UInt8) -> UInt8 { byte &- 0x61 < 26 ? byte & 0xDF : byte }
}

/// How `sign` signs.
@Schema struct Signature {
  @Field(.minLength(1)) var header: String = "x-signed-by"
  var text: String = "echo"
}

/// Who calls.
public struct Caller: Sendable {
  let token: String
  let scopes: String
}
