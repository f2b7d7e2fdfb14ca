import GatewayPlugin

/// The smallest plugin: three handlers, one for each way to run.
@c(gateway_plugin_v1)
public func gatewayPlugin(_ host: UnsafePointer<gw_host>) -> UnsafePointer<gw_plugin>? {
  var plugin = Plugin("echo", version: "1.0.0")

  // Inline: on the event loop, at once. For answers that take microseconds.
  plugin.inlineHandler("hello") { _ in .json(fixed: #"{"hello":"world"}"#) }

  // Async: on the event loop, may await. The default choice.
  plugin.handler("shout") { request in
    .text("\(request.text("name") ?? "nobody")!".uppercased())
  }

  // Blocking: on a pool of threads. For libraries that make their caller wait.
  plugin.blockingHandler("echo") { request in
    Response(headers: ["x-method": request.method], bytes: request.body)
  }

  return plugin.export(to: host)
}
