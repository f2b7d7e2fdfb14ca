import GatewayHTTP
import NIOCore

/// Where a connection is: what it does with bytes that arrive, and how far the response has come.
///
/// Three kinds of event do not fit a state, each with a fixed reaction. The client's fault (malformed, too large, too
/// slow): an error response if none was begun, then close. The sender's fault (a call after the response ended, more
/// bytes than announced): ignored, or the response is cut off visibly. Late news (a part after the client went):
/// dropped.
struct ConnectionState {
  enum Reading: UInt8 {
    /// The TLS handshake is not over.
    case handshake
    /// Between requests, or inside a head.
    case head
    /// The content of the request in hand.
    case body
    /// The request was read; its response is not finished.
    case complete
    /// The response is finished; the rest of the content is read and dropped.
    case unread
    /// Nothing is a request any more; what comes is dropped until the connection is closed.
    case closing
  }

  enum Writing: UInt8 {
    /// No exchange.
    case idle
    /// An exchange without a response.
    case waiting
    /// A response in parts was begun.
    case parts
    /// The whole response was written, and the client has not taken enough of it yet.
    case flushing
  }

  /// What the exchange wants of the request's body.
  enum Demand: UInt8 { case none, whole, parts, paused, failed }

  /// How the body of a response in parts is framed.
  enum Framing: UInt8 { case none, length, chunked, untilClose }

  var reading = Reading.head
  var writing = Writing.idle
  var demand = Demand.none
  var framing = Framing.none

  // The request in hand.
  var isHead = false
  var isHTTP10 = false
  var keepAlive = true
  /// The client holds its body back until it is told to go on (RFC 9110 §10.1.1).
  var awaitsContinue = false
  /// The connection closes after the response in hand.
  var closes = false
  var bodyLimit = Int.max
  var bodyBytes = 0
  /// Content bytes left of a response that was announced with its length.
  var lengthLeft = 0

  // The connection.
  var isFirst = true
  var channelIsWritable = true
  var reads = true
  /// Inside a read cycle of the channel: what is written leaves at its end.
  var inRead = false
  var advancing = false
  var flushScheduled = false
  var needsFlush = false
  var halfClosed = false

  /// When the present waiting began: for the next request, the rest of a head, the end of a linger.
  var since = NIODeadline.uptimeNanoseconds(0)
  var inHead = false
  /// Since when the client takes nothing.
  var stalled: NIODeadline?
  /// What a client may still dawdle with its body: it runs off with time and grows with each byte.
  var bodyCredit = TimeAmount.zero
  var lastLook = NIODeadline.uptimeNanoseconds(0)
  var dropped = 0
}
