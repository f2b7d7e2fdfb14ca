import GatewayHTTP
import GatewayJSON
import GatewayPluginHost
import GatewayProxy
import NIOCore

/// The one place where errors become responses, in FastAPI's shape: `{"detail": …}`.
///
/// The client learns the status and what it did wrong; what went wrong inside goes to the log only.
enum ErrorResponder {
  static func response(to error: HTTPError) -> LocalResponse {
    var response = response(status: error.status, detail: error.detail)
    for (name, value) in error.fields { response.fields.append(name: name, value: value) }
    return response
  }

  static func response(to failure: PluginFailure) -> LocalResponse {
    switch failure.kind {
    case .status(let status):
      var response =
        failure.detailJSON.isEmpty
        ? response(status: status, detail: nil) : self.response(status: status, detailJSON: failure.detailJSON)
      response.fields.append(contentsOf: failure.fields)
      return response
    case .unmapped, .contract: return response(status: 500, detail: nil)
    case .overloaded:
      var response = response(status: 503, detail: "The gateway is busy, try again")
      response.fields.append("retry-after", "1")
      return response
    }
  }

  static func response(to failure: UpstreamFailure) -> LocalResponse {
    var response = response(status: failure.status, detail: nil)
    if failure.status == 503 { response.fields.append("retry-after", "1") }
    return response
  }

  /// 422 with entries that are JSON already: `{"detail":[…]}`.
  static func response(violations entries: [UInt8]) -> LocalResponse {
    response(status: 422, detailJSON: entries)
  }

  static func response(status: UInt16, detail: String?) -> LocalResponse {
    let text = detail ?? HTTPStatus.reason(status).description
    var writer = JSONWriter()
    writer.string(text)
    return response(status: status, detailJSON: writer.bytes)
  }

  private static func response(status: UInt16, detailJSON: [UInt8]) -> LocalResponse {
    var fields = FieldLines(capacity: 64)
    fields.append("content-type", "application/json")
    var body = ByteBuffer()
    body.reserveCapacity(detailJSON.count + 11)
    body.writeStaticString("{\"detail\":")
    body.writeBytes(detailJSON)
    body.writeStaticString("}")
    return LocalResponse(status: status, fields: fields, body: body)
  }
}
