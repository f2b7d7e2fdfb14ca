import GatewayHTTP
import NIOCore

/// One request and its response, seen from above the protocol that carries them (HTTP/1.1 now, HTTP/2 later).
///
/// Everything here runs on `eventLoop`. A stream is answered exactly once: either by `send`, or by `sendHead`, any
/// number of `sendPart` and one `sendEnd`, or by `abort`. Calls after that, or after `clientGone`, do nothing.
public protocol ResponseStream: AnyObject {
  var eventLoop: any EventLoop { get }
  /// Who is told what happens next; set while the responder handles the head. Not retained beyond the exchange.
  var consumer: (any StreamConsumer)? { get set }
  var peer: IPAddress? { get }
  var isTLS: Bool { get }

  /// Asks for the whole request body, at most `limit` bytes; then `requestBody`, or `requestFailed` (413 as soon as
  /// the declared or received size is over). Sends `100 Continue` where the client waits for it. The answer may come
  /// before this call returns: set `consumer` first.
  func collectBody(limit: Int)
  /// Asks for the request body in parts as they come, at most `limit` bytes in all (nil: no limit). Parts stop
  /// after `pauseBody` until `resumeBody`; while paused nothing is read from the socket.
  func streamBody(limit: Int?)
  func pauseBody()
  func resumeBody()

  /// Sends a whole response; `streamEnded` may come before this call returns. `fields` are without framing, `date`
  /// and `connection`: those are the stream's. For HEAD, 204, 205 and 304 the body's bytes are not sent (HEAD and 304
  /// keep the content-length). A status outside 200…999 becomes 500.
  func send(status: UInt16, fields: FieldLines, body: UnsafeRawBufferPointer)
  func send(status: UInt16, fields: FieldLines, body: ByteBuffer)

  /// Starts a response in parts. `length` frames it by content-length, nil by chunks (or close, for HTTP/1.0). Parts
  /// leave at the end of the loop's turn, the end at once. More or fewer bytes than `length` cut the response off.
  func sendHead(status: UInt16, fields: FieldLines, length: Int?)
  func sendPart(_ part: ByteBuffer)
  func sendEnd(trailers: FieldLines?)
  /// False while the client is slow: the sender should stop until `writable`.
  var isWritable: Bool { get }
  /// Ends the exchange without a complete response, visibly: the connection is closed before the message's end.
  func abort()
  /// After this response the connection closes.
  func closeAfterResponse()
}

/// Who follows a stream: the exchange.
public protocol StreamConsumer: AnyObject {
  /// The whole body, after `collectBody`. Empty where there was none.
  func requestBody(_ body: ByteBuffer)
  /// A part, after `streamBody`.
  func requestPart(_ part: ByteBuffer)
  /// The end of the parts.
  func requestEnd(trailers: FieldLines?)
  /// The body cannot be had: too large (413), malformed (400), too slow (408). The stream still waits for an answer
  /// if none was begun.
  func requestFailed(_ error: HTTPError)
  /// The client may be written to again.
  func writable()
  /// The connection ended before the response did. Nothing can be sent any more.
  func clientGone()
  /// The response was handed to the socket completely (or the stream was aborted). Last call.
  func streamEnded()
  /// Called a few times a second while the exchange lives, for deadlines.
  func tick(_ now: NIODeadline)
}

/// Who answers requests; one for each event loop, called on it.
public protocol Responder: AnyObject {
  /// A head has arrived. Answers through `stream`, at once or later.
  func respond(to head: RequestHead, on stream: any ResponseStream)
  /// The response for a message that could not become an exchange (malformed, too large, too slow).
  func response(to error: HTTPError, peer: IPAddress?, isTLS: Bool) -> LocalResponse
}
