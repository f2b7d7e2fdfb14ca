import GatewayHTTP
import GatewayPluginHost
import Logging

/// What the process says about itself and about requests that went wrong inside. Fixed messages, facts as metadata.
struct EventLog: Sendable {
  let logger: Logger

  func pluginFailed(_ context: borrowing RequestContext, route: CompiledRoute?, _ failure: PluginFailure) {
    logger.error("plugin failed", metadata: facts(context, route, failure))
  }

  func taskFailed(
    _ context: borrowing RequestContext, route: CompiledRoute?, _ task: BackgroundTask?, _ failure: PluginFailure,
    dropped: Int
  ) {
    var metadata = facts(context, route, failure)
    metadata["task"] = "\(task?.label ?? "")"
    metadata["task.origin"] = "\(task?.origin ?? "")"
    metadata["plugin"] = "\(task?.origin.prefix { $0 != "." } ?? "")"
    if dropped > 0 { metadata["dropped"] = "\(dropped)" }
    logger.error("background task failed", metadata: metadata)
  }

  func errorHandlerFailed(_ context: borrowing RequestContext, route: CompiledRoute?, _ failure: PluginFailure) {
    logger.error(
      "error handler failed, the error is answered as it was", metadata: facts(context, route, failure))
  }

  func abandoned(_ context: borrowing RequestContext, route: CompiledRoute?) {
    var metadata = facts(context, route)
    metadata["outstanding"] = "\(PluginCall.abandonedInvocations.load(ordering: .relaxed))"
    logger.warning("handler given up, its memory is kept until it completes", metadata: metadata)
  }

  func gatewayFailed(_ context: borrowing RequestContext, route: CompiledRoute?, _ cause: String) {
    var metadata = facts(context, route)
    metadata["error"] = "\(cause)"
    logger.error("request failed in the gateway", metadata: metadata)
  }

  /// - Parameter violations: entries as clients would see them, JSON.
  func responseInvalid(_ context: borrowing RequestContext, route: CompiledRoute?, status: UInt16, _ violations: String) {
    var metadata = facts(context, route)
    metadata["status"] = "\(status)"
    metadata["violations"] = "\(violations.prefix(EventLog.longest))"
    logger.error("response does not fit its schema", metadata: metadata)
  }

  func requestInvalid(_ context: borrowing RequestContext, route: CompiledRoute?, _ violations: [UInt8]) {
    var metadata = facts(context, route)
    metadata["violations"] = "\(String(decoding: violations.prefix(EventLog.longest), as: UTF8.self))"
    logger.notice("request does not fit what is declared", metadata: metadata)
  }

  /// Bytes of entries in one line.
  private static let longest = 16 * 1024

  func facts(_ context: borrowing RequestContext, _ route: CompiledRoute?) -> Logger.Metadata {
    var metadata: Logger.Metadata = ["method": "\(context.head.methodText)", "path": "\(String(buffer: context.path))"]
    if !context.requestID.isEmpty { metadata["request_id"] = "\(context.requestID)" }
    if let route {
      metadata["route"] = "\(route.label)"
      if case .handler(let function, _) = route.action { metadata["handler"] = "\(function.label)" }
    }
    return metadata
  }

  func facts(
    _ context: borrowing RequestContext, _ route: CompiledRoute?, _ failure: PluginFailure
  ) -> Logger.Metadata {
    var metadata = facts(context, route)
    metadata["error.type"] = "\(failure.type)"
    metadata["error"] = "\(failure.text)"
    return metadata
  }
}

extension PluginFailure {
  /// What it says, for people: an error that is made for clients has its detail only.
  var text: String {
    guard description.isEmpty, case .status(let status) = kind else { return description }
    return detailJSON.isEmpty ? "\(status)" : "\(status) \(String(decoding: detailJSON, as: UTF8.self))"
  }
}
