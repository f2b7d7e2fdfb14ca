import CGatewayPlugin
import GatewayHTTP
import GatewayJSON
import GatewaySchema
import NIOCore

/// Holds what handlers answer against what the route promises.
extension Exchange {
  /// Answers with `body`, or with what the route's schema lets through of it; 500 where it does not fit and has to.
  func answerShaped(status: UInt16, body: UnsafeRawBufferPointer) {
    guard let route, !route.responses.isEmpty, let entry = route.responses.entry(for: status),
      fields.first("content-type").map(Self.isJSON) ?? false
    else { return answer(status: status, body: body) }
    var problem: String?
    do {
      try runtime.document.parse(body)
      var writer = JSONWriter(reservingCapacity: body.count)
      let violations = entry.schema.shape(runtime.document, entry.options, into: &writer)
      if violations.isEmpty {
        runtime.document.reset()
        return writer.bytes.withUnsafeBytes { answer(status: status, body: $0) }
      }
      var report = JSONWriter()
      report.beginArray()
      FastAPIViolationFormat().write(violations, of: runtime.document, location: ["response"], into: &report)
      report.endArray()
      problem = String(decoding: report.bytes, as: UTF8.self)
    } catch {
      problem = "the response is not JSON: \(error)"
    }
    runtime.document.reset()
    identify()
    runtime.events.responseInvalid(context, route: route, status: status, problem ?? "")
    guard route.responses.isEnforced else { return answer(status: status, body: body) }
    // What went wrong is the log's: the client could do nothing about it.
    refuse(HTTPError(500))
  }

  private static func isJSON(_ type: String) -> Bool {
    var type = type
    return type.withUTF8 { MediaType(UnsafeRawBufferPointer($0))?.isJSON ?? false }
  }
}
