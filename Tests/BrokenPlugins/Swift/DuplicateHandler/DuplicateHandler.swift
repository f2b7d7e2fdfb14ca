import GatewayPlugin

/// Sound but for one thing: two handlers have one name.
@c(gateway_plugin_v1)
public func gatewayPlugin(_ host: UnsafePointer<gw_host>) -> UnsafePointer<gw_plugin>? {
  var plugin = Plugin("duplicate-handler", version: "1.0.0")
  plugin.inlineHandler("hello") { _ in .text("first") }
  plugin.handler("hello") { _ in .text("second") }
  return plugin.export(to: host)
}
