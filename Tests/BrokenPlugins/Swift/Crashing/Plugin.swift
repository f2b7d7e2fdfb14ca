import GatewayPlugin

/// Sound but for what it does: it traps, in every way that Swift has.
@c(gateway_plugin_v1)
public func gatewayPlugin(_ host: UnsafePointer<gw_host>) -> UnsafePointer<gw_plugin>? {
  var plugin = Plugin("crashing", version: "1.0.0")
  plugin.inlineHandler("hello") { _ in .text("hello") }
  plugin.inlineHandler("unwrap") { request in
    .text("\(nothing(request.path)!)")
  }
  plugin.handler("awaited") { request in
    let path = request.path
    // Traps behind a wait, in a job of the loop's executor.
    try await Task.sleep(nanoseconds: 1_000_000)
    return .text("\(nothing(path)!)")
  }
  plugin.blockingHandler("precondition") { request in
    precondition(request.path.isEmpty, "a path")
    return .text("never")
  }
  plugin.handler("detached") { request in
    let path = request.path
    let value = await Task.detached { nothing(path)! }.value
    return .text("\(value)")
  }
  return plugin.export(to: host)
}

@inline(never)
func nothing(_ path: String) -> Int? { path.utf8.count > 100_000 ? 1 : nil }
