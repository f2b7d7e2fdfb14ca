import GatewayConfiguration
import GatewayHTTP
import GatewayJSON
import NIOCore

/// The one place where errors get the form in which clients see them.
///
/// Two shapes: FastAPI's `{"detail": …}`, and problem details (RFC 9457); a template of the configuration goes before
/// both. The client learns the status and what it did wrong; what went wrong inside goes to the log only.
struct ErrorResponder: Sendable {
  let shape: ErrorShape
  /// Nil where the configuration says nothing but the shape.
  var plan: ErrorPlan?

  /// What of the request may stand in an answer.
  struct Request {
    var id = ""
    var method = ""
    var path = ByteBuffer()
  }

  func response(to facts: ErrorFacts, _ request: Request) -> LocalResponse {
    var response: LocalResponse
    if let template = plan?.template(for: facts.status) {
      response = template.render(facts, request)
    } else {
      response = standard(facts, request.id)
    }
    // What the configuration sets itself is left alone.
    let set = plan?.template(for: facts.status) == nil ? FieldLines(capacity: 0) : response.fields
    facts.fields.forEach { name, value in
      if !set.contains(String(decoding: name, as: UTF8.self)) { _ = response.fields.append(name: name, value: value) }
    }
    return response
  }

  /// Bytes that never became a request, or a loop that cannot answer.
  func response(to error: HTTPError, requestID: String = "") -> LocalResponse {
    response(to: ErrorFacts(error), Request(id: requestID))
  }

  private func standard(_ facts: ErrorFacts, _ requestID: String) -> LocalResponse {
    switch shape {
    case .detail:
      var body = ByteBuffer()
      let detail = facts.violations ?? facts.detail ?? JSONWriter.quoted(HTTPStatus.reason(facts.status).description)
      body.reserveCapacity(detail.count + 11)
      body.writeStaticString("{\"detail\":")
      body.writeBytes(detail)
      body.writeStaticString("}")
      var fields = FieldLines(capacity: 64)
      fields.append("content-type", "application/json")
      return LocalResponse(status: facts.status, fields: fields, body: body)
    case .problem:
      return problem(facts, requestID)
    }
  }

  /// `type` is left out: it is "about:blank" then, and `title` the status's phrase (RFC 9457 section 4.2.1).
  private func problem(_ facts: ErrorFacts, _ requestID: String) -> LocalResponse {
    var fields = FieldLines(capacity: 64)
    fields.append("content-type", "application/problem+json")
    var body = ByteBuffer()
    body.writeStaticString("{\"title\":")
    body.writeBytes(JSONWriter.quoted(HTTPStatus.reason(facts.status).description))
    body.writeString(",\"status\":\(facts.status)")
    if let violations = facts.violations {
      body.writeStaticString(",\"detail\":\"The request does not fit what is declared\",\"errors\":")
      body.writeBytes(violations)
    } else if let detail = facts.detail {
      // Section 3.1.4: `detail` is a string; anything else is an extension member of its own.
      let isText = detail.first == UInt8(ascii: "\"")
      body.writeString(isText ? ",\"detail\":" : ",\"details\":")
      body.writeBytes(detail)
    }
    if !requestID.isEmpty {
      body.writeStaticString(",\"request_id\":")
      body.writeBytes(JSONWriter.quoted(requestID))
    }
    body.writeStaticString("}")
    return LocalResponse(status: facts.status, fields: fields, body: body)
  }
}

extension LoopRuntime {
  /// The answer to bytes that never became a request: with what the policies of all routes add to answers, but for what
  /// depends on a request, and with an id to ask about it.
  func refusal(_ error: HTTPError, peer: IPAddress?, isTLS: Bool) -> LocalResponse {
    var context = RequestContext(
      head: Exchange.noHead, path: ByteBuffer(), query: ByteRange(start: 0, count: 0), peer: peer, isTLS: isTLS,
      started: .now())
    context.requestID = makeRequestID()
    var response = snapshot.errors.response(to: error, requestID: context.requestID)
    _ = response.fields.set("x-request-id", context.requestID)
    if snapshot.global.hasResponseSteps { snapshot.global.onResponse(&response.status, &response.fields, context) }
    return response
  }
}
