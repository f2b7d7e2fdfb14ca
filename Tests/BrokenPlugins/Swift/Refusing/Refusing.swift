import GatewayPlugin

/// Sound but for one thing: it gives no descriptor.
@c(gateway_plugin_v1)
public func gatewayPlugin(_ host: UnsafePointer<gw_host>) -> UnsafePointer<gw_plugin>? { nil }
