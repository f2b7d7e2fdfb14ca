import GatewayConfiguration
import GatewayHTTP
import GatewayJSON
import GatewayPluginHost
import GatewayProxy
import NIOCore

/// The one place where errors become responses.
///
/// Two shapes: FastAPI's `{"detail": …}`, and problem details (RFC 9457). The client learns the status and what it did
/// wrong; what went wrong inside goes to the log only.
struct ErrorResponder: Sendable {
  let shape: ErrorShape

  func response(to error: HTTPError, requestID: String = "") -> LocalResponse {
    var response = response(status: error.status, detail: error.detail, requestID: requestID)
    for (name, value) in error.fields { response.fields.append(name: name, value: value) }
    return response
  }

  func response(to failure: PluginFailure, requestID: String) -> LocalResponse {
    switch failure.kind {
    case .status(let status):
      var response =
        failure.detailJSON.isEmpty
        ? response(status: status, detail: nil, requestID: requestID)
        : self.response(status: status, detailJSON: failure.detailJSON, requestID: requestID)
      response.fields.append(contentsOf: failure.fields)
      return response
    case .unmapped, .contract: return response(status: 500, detail: nil, requestID: requestID)
    case .overloaded:
      var response = response(status: 503, detail: "The gateway is busy, try again", requestID: requestID)
      response.fields.append("retry-after", "1")
      return response
    }
  }

  func response(to failure: UpstreamFailure, requestID: String) -> LocalResponse {
    var response = response(status: failure.status, detail: nil, requestID: requestID)
    if failure.status == 503 { response.fields.append("retry-after", "1") }
    return response
  }

  /// 422 with entries that are a JSON array already, in the shape's own form.
  func response(violations entries: [UInt8], requestID: String) -> LocalResponse {
    switch shape {
    case .detail: return response(status: 422, detailJSON: entries, requestID: requestID)
    case .problem:
      return problem(422, requestID) { body in
        body.writeStaticString(",\"detail\":\"The request does not fit what is declared\",\"errors\":")
        body.writeBytes(entries)
      }
    }
  }

  func response(status: UInt16, detail: String?, requestID: String = "") -> LocalResponse {
    switch shape {
    case .detail:
      return response(status: status, detailJSON: json(detail ?? HTTPStatus.reason(status).description))
    case .problem:
      return problem(status, requestID) { body in
        guard let detail else { return }
        body.writeStaticString(",\"detail\":")
        body.writeBytes(json(detail))
      }
    }
  }

  private func response(status: UInt16, detailJSON: [UInt8], requestID: String = "") -> LocalResponse {
    switch shape {
    case .detail:
      var fields = FieldLines(capacity: 64)
      fields.append("content-type", "application/json")
      var body = ByteBuffer()
      body.reserveCapacity(detailJSON.count + 11)
      body.writeStaticString("{\"detail\":")
      body.writeBytes(detailJSON)
      body.writeStaticString("}")
      return LocalResponse(status: status, fields: fields, body: body)
    case .problem:
      // RFC 9457 section 3.1.4: `detail` is a string; anything else is an extension member of its own.
      let isText = detailJSON.first == UInt8(ascii: "\"")
      return problem(status, requestID) { body in
        body.writeString(isText ? ",\"detail\":" : ",\"details\":")
        body.writeBytes(detailJSON)
      }
    }
  }

  /// `type` is left out: it is "about:blank" then, and `title` the status's phrase (section 4.2.1).
  private func problem(_ status: UInt16, _ requestID: String, _ members: (inout ByteBuffer) -> Void) -> LocalResponse {
    var fields = FieldLines(capacity: 64)
    fields.append("content-type", "application/problem+json")
    var body = ByteBuffer()
    body.writeStaticString("{\"title\":")
    body.writeBytes(json(HTTPStatus.reason(status).description))
    body.writeString(",\"status\":\(status)")
    members(&body)
    if !requestID.isEmpty {
      body.writeStaticString(",\"request_id\":")
      body.writeBytes(json(requestID))
    }
    body.writeStaticString("}")
    return LocalResponse(status: status, fields: fields, body: body)
  }

  private func json(_ text: String) -> [UInt8] {
    var writer = JSONWriter()
    writer.string(text)
    return writer.bytes
  }
}
