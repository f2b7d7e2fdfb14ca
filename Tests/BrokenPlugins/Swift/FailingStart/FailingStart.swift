import GatewayPlugin

/// Sound but for one thing: its start hook fails.
@c(gateway_plugin_v1)
public func gatewayPlugin(_ host: UnsafePointer<gw_host>) -> UnsafePointer<gw_plugin>? {
  var plugin = Plugin("failing-start", version: "1.0.0")
  plugin.inlineHandler("hello") { _ in .text("hello") }
  plugin.onStart { _ in throw LicenceExpired() }
  return plugin.export(to: host)
}

struct LicenceExpired: Error, CustomStringConvertible {
  var description: String { "the licence expired" }
}
