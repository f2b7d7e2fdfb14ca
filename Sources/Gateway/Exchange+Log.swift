import CGatewayPlugin
import GatewayHTTP
import GatewayPluginHost
import GatewayProxy
import GatewayTelemetry
import NIOCore

/// What is told of an exchange: one line in the access log, and in the process log what went wrong inside.
extension Exchange {
  /// Remembers why the exchange ends as it does; the first reason stands.
  func note(_ reason: TerminationReason, _ cause: String?) {
    if termination == .ok { termination = reason }
    if let cause, self.cause == nil { self.cause = cause }
  }

  func writeLog() {
    let logs = route?.logs ?? runtime.snapshot.globalLogs
    guard !logs.isEmpty else { return }
    var record = AccessLogRecord(status: isAnswered ? status : 499, reason: termination)
    record.requestBytes = requestBytes
    record.responseBytes = responseBytes
    record.duration = (runtime.time.now() - context.started).nanoseconds
    record.route = route?.label ?? ""
    switch route?.action {
    case .handler(let function, _): record.handler = function.label
    case .proxy(let plan):
      record.upstream = runtime.pools[plan.upstream].upstream.name
      record.upstreamTarget = upstreamTarget
      record.upstreamStatus = upstreamStatus
    default: break
    }
    record.cause = cause
    for index in logs { runtime.logs[index].log(record, context) }
  }

  func logFailure(_ failure: PluginFailure) {
    switch failure.kind {
    case .status(let status):
      // What handlers answer is their own business.
      if isEarly { noteRefusal(status) }
      return
    case .overloaded: note(.overload, failure.description)
    case .unmapped, .contract: note(.pluginError, "\(failure.type): \(failure.description)")
    }
    identify()
    runtime.events.pluginFailed(context, route: route, failure)
  }

  /// A client that may not come, as an early step or a policy says.
  func noteRefusal(_ status: UInt16) {
    if status == 401 { note(.authFailed, nil) }
    if status == 403 { note(.refused, nil) }
  }

  func logAbandoned() {
    identify()
    runtime.events.abandoned(context, route: route)
  }

  /// Gives the request an id, so that the client's report and the log line find each other.
  func identify() {
    guard context.requestID.isEmpty else { return }
    context.requestID = runtime.makeRequestID()
    hasMadeRequestID = true
  }

  private var requestBytes: Int {
    if case .length(let length) = context.head.framing { return length }
    return body.readableBytes
  }
}

extension TerminationReason {
  init(_ error: HTTPError) {
    switch error.status {
    case 401: self = .authFailed
    case 403: self = .refused
    case 404: self = .noRoute
    case 405: self = .methodNotAllowed
    case 408: self = .clientTimeout
    case 413: self = .bodyTooLarge
    case 422: self = .schemaInvalid
    case 429: self = .rateLimited
    case 503: self = .overload
    case 504: self = .timeout
    case 500...: self = .gatewayError
    default: self = .badRequest
    }
  }

  /// Both sides use the same stable names.
  init(_ failure: UpstreamFailure) {
    self = Self.allCases.first { $0.name.description == failure.reason } ?? .gatewayError
  }
}
