import CGatewayPlugin

/// Work that an invocation leaves behind for after the answer.
extension PluginCall {
  static func background(_ handle: gw_call, _ task: UnsafePointer<gw_task_borrowed>) -> gw_completion { GW_REFUSED }
}
