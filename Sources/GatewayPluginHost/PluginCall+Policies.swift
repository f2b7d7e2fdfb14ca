import CGatewayPlugin

/// Completions that only policies use.
extension PluginCall {
  static func proceed(
    _ handle: gw_call, _ changes: UnsafePointer<gw_changes_borrowed>?, _ state: UnsafeMutableRawPointer?
  ) -> gw_completion { GW_WRONG_KIND }

  static func passPart(_ handle: gw_call, _ part: gw_bytes_borrowed) -> gw_completion { GW_WRONG_KIND }
}
