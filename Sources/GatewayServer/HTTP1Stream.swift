import GatewayHTTP
import NIOCore

/// One exchange's hold on its connection.
///
/// An object of its own, so that somebody who keeps it too long (a handler that completes twice, or late) holds
/// something dead instead of the connection's next exchange: an answer can never reach another client's request.
/// The connection uses it again for its next exchange if by then nobody else holds it, so it costs no allocation.
final class HTTP1Stream: ResponseStream {
  let eventLoop: any EventLoop
  let peer: IPAddress?
  let isTLS: Bool
  var consumer: (any StreamConsumer)?
  /// Nil once the exchange is over.
  private var connection: HTTP1Connection?

  init(eventLoop: any EventLoop, peer: IPAddress?, isTLS: Bool) {
    self.eventLoop = eventLoop
    self.peer = peer
    self.isTLS = isTLS
  }

  func begin(on connection: HTTP1Connection) { self.connection = connection }

  func end() -> (any StreamConsumer)? {
    connection = nil
    defer { consumer = nil }
    return consumer
  }

  func collectBody(limit: Int) { connection?.askForBody(.whole, limit: limit) }
  func streamBody(limit: Int?) { connection?.askForBody(.parts, limit: limit ?? .max) }
  func pauseBody() { connection?.pauseBody() }
  func resumeBody() { connection?.resumeBody() }

  func send(status: UInt16, fields: FieldLines, body: UnsafeRawBufferPointer) {
    connection?.send(status, fields, body)
  }
  func send(status: UInt16, fields: FieldLines, body: ByteBuffer) { connection?.send(status, fields, body) }
  func sendHead(status: UInt16, fields: FieldLines, length: Int?) { connection?.sendHead(status, fields, length) }
  func sendPart(_ part: ByteBuffer) { connection?.sendPart(part) }
  func sendEnd(trailers: FieldLines?) { connection?.sendEnd(trailers) }
  var isWritable: Bool { connection?.isWritable ?? false }
  func abort() { connection?.abort() }
  func closeAfterResponse() { connection?.closeAfterResponse() }
}
