import GatewayPlugin

/// The smallest plugin: three handlers, one for each way to run.
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
}
