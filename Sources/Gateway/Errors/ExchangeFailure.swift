import GatewayHTTP
import GatewayJSON
import GatewayPluginHost
import GatewayProxy
import NIOCore

/// Why an exchange fails, whoever found it out.
enum ExchangeFailure {
  case gateway(HTTPError)
  /// The request does not fit what is declared: entries of a 422, a JSON array.
  case violations([UInt8])
  case plugin(PluginFailure)
  case upstream(UpstreamFailure)
}

/// What is known of an error before it has a shape: for the client, and for teardowns and error handlers.
struct ErrorFacts {
  var status: UInt16
  /// JSON; nil where the status says it all.
  var detail: [UInt8]?
  /// Entries of a 422, a JSON array.
  var violations: [UInt8]?
  /// Fields that the answer needs, such as `allow`, `retry-after` and `www-authenticate`.
  var fields = FieldLines(capacity: 0)
  /// What went wrong inside: for plugins, never for clients.
  var type: String
  var description = ""
  var cause: PluginErrorCause?

  init(_ error: HTTPError) {
    status = error.status
    detail = error.detail.map { JSONWriter.quoted($0) }
    for (name, value) in error.fields { fields.append(name: name, value: value) }
    type = "GatewayError"
    description = error.cause ?? ""
  }

  init(_ failure: PluginFailure) {
    type = failure.type
    description = failure.description
    cause = failure.cause
    switch failure.kind {
    case .status(let status):
      self.status = status
      detail = failure.detailJSON.isEmpty ? nil : failure.detailJSON
      fields = failure.fields
    case .unmapped, .contract: status = 500
    case .overloaded:
      status = 503
      detail = JSONWriter.quoted("The gateway is busy, try again")
      fields.append("retry-after", "1")
    }
  }

  init(_ failure: UpstreamFailure) {
    status = failure.status
    type = "UpstreamFailure"
    description = failure.description
    if status == 503 { fields.append("retry-after", "1") }
  }

  init(violations: [UInt8]) {
    status = 422
    self.violations = violations
    type = "InvalidRequest"
  }

  init(_ failure: ExchangeFailure) {
    switch failure {
    case .gateway(let error): self.init(error)
    case .violations(let entries): self.init(violations: entries)
    case .plugin(let failure): self.init(failure)
    case .upstream(let failure): self.init(failure)
    }
  }
}

extension JSONWriter {
  static func quoted(_ text: String) -> [UInt8] {
    var writer = JSONWriter()
    writer.string(text)
    return writer.bytes
  }
}
