import GatewayHTTP
import NIOCore

@testable import GatewayServer

/// Answers as a closure says; the default is 200 with the request's path as body.
final class ScriptedResponder: Responder {
  var answer: (RequestHead, any ResponseStream) -> Void
  private(set) var heads: [RequestHead] = []

  init(_ answer: @escaping (RequestHead, any ResponseStream) -> Void = ScriptedResponder.path) {
    self.answer = answer
  }

  static func path(_ head: RequestHead, _ stream: any ResponseStream) {
    stream.send(status: 200, fields: FieldLines(), body: ByteBuffer(string: head.text(head.pathAndQuery)))
  }

  func respond(to head: RequestHead, on stream: any ResponseStream) {
    heads.append(head)
    answer(head, stream)
  }

  func response(to error: HTTPError, peer: IPAddress?, isTLS: Bool) -> LocalResponse {
    LocalResponse(status: error.status, body: ByteBuffer(string: error.detail ?? ""))
  }
}

/// Notes what it is told, in order, and can act on it.
final class Recorder: StreamConsumer {
  var events: [String] = []
  var onBody: (ByteBuffer) -> Void = { _ in }
  var onPart: (ByteBuffer) -> Void = { _ in }
  var onEnd: () -> Void = {}
  var onFailure: (HTTPError) -> Void = { _ in }
  var onWritable: () -> Void = {}
  var ticks = 0

  func requestBody(_ body: ByteBuffer) {
    events.append("body(\(String(buffer: body)))")
    onBody(body)
  }
  func requestPart(_ part: ByteBuffer) {
    events.append("part(\(String(buffer: part)))")
    onPart(part)
  }
  func requestEnd(trailers: FieldLines?) {
    let fields = trailers?.pairs.map { "\($0.name)=\($0.value)" }.joined(separator: ",")
    events.append("end" + (fields.map { "(\($0))" } ?? ""))
    onEnd()
  }
  func requestFailed(_ error: HTTPError) {
    events.append("failed(\(error.status))")
    onFailure(error)
  }
  func writable() {
    events.append("writable")
    onWritable()
  }
  func clientGone() { events.append("gone") }
  func streamEnded() { events.append("ended") }
  func tick(_ now: NIODeadline) { ticks += 1 }
}
