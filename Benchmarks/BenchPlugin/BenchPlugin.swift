import GatewayPlugin

/// The benchmark's plugin: one handler for each way to run, all with the same 90 bytes.
///
/// What is measured is the way into a handler and back, so the handlers do no work of their own. Each reads the
/// validated input, so that none of that way can be left out.
@c(gateway_plugin_v1)
public func gatewayPlugin(_ host: UnsafePointer<gw_host>) -> UnsafePointer<gw_plugin>? {
  var plugin = Plugin("bench", version: "1.0.0")
  plugin.inlineHandler("inline") { request in try book(request) }
  plugin.handler("async") { request in try book(request) }
  plugin.blockingHandler("blocking") { request in try book(request) }
  plugin.handler("create") { request in
    guard request.withBody({ !$0.isEmpty }) else { throw HTTPError(500, detail: "the route declares no body") }
    return answer
  }
  return plugin.export(to: host)
}

private func book(_ request: borrowing Request) throws -> Response {
  guard request.integer("book_id") != nil else { throw HTTPError(500, detail: "the route declares no book_id") }
  return answer
}

private var answer: Response {
  .json(
    fixed: #"{"id":42,"title":"The Left Hand of Darkness","author":"Ursula K. Le Guin","in_stock":true}"#)
}
