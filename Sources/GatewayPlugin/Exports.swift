@_exported import struct CGatewayPlugin.gw_host
@_exported import struct CGatewayPlugin.gw_plugin
