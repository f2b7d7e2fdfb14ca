import GatewayHTTP
import NIOCore

/// Who receives the response of an upstream: the exchange with the client.
///
/// All calls come on the pool's event loop, and none comes from inside a call to the pool or to `UpstreamExchange`.
/// The order is: either `upstreamResponse`, or `upstreamHead`, any number of `upstreamPart` and one `upstreamEnd`; or,
/// at any point before the end, `upstreamFailed`. After `upstreamResponse`, `upstreamEnd`, `upstreamFailed`, or a
/// `cancel` of one's own, nothing more is called and the handle is dead.
public protocol UpstreamConsumer: AnyObject {
  /// A whole response without trailers that arrived in one read: what allows one write to the client.
  func upstreamResponse(_ head: borrowing ResponseHead, body: ByteBuffer)
  /// The final response's head. Interim (1xx) responses are not passed on.
  func upstreamHead(_ head: borrowing ResponseHead)
  /// Body bytes, without chunk framing. At most one read's worth may still follow a `pauseReading`, and, where the
  /// upstream has closed already, what the system's receive buffer holds.
  func upstreamPart(_ part: ByteBuffer)
  /// The response is complete as its framing says. Only then may the client's message be ended cleanly.
  func upstreamEnd(trailers: FieldLines?)
  /// There is no (complete) response. Where a head was passed on, the client's stream has to be aborted visibly.
  func upstreamFailed(_ failure: UpstreamFailure)
  /// Parts of the request body may be sent (again).
  func upstreamWritable()
}
