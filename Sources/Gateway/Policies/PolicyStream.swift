import CGatewayPlugin
import GatewayHTTP
import GatewayPluginHost
import GatewayServer
import NIOCore

/// Stands between an exchange and its stream where policies of plugins apply: runs the request through all policies before
/// the exchange goes on, and the answer through them before it reaches the client.
///
/// The exchange knows nothing of it but that it is its stream; routes without such policies have none. Policies are an
/// onion: the request passes them in the order of the configuration, the answer in reverse. A policy is shown the answers to
/// the requests that it let pass, whoever made them, and no others. The built-in ones see every answer, so that no error goes
/// without its CORS and security fields; where a policy replaces an answer they see the new one from the start.
///
/// Reused once the stream has ended and no invocation is under way: what is lent to one stays until it completes.
final class PolicyStream {
  enum Phase {
    case idle
    /// The request is with the policies.
    case request
    /// All have let it pass, and there is no answer yet.
    case admitted
    /// The answer is with the policies.
    case answer
    /// The head has gone to the client.
    case out
    /// The stream has ended.
    case over
  }

  /// What is next for the answer at the policy in hand.
  enum Step {
    /// The built-in policies behind the next one.
    case segment
    case body
    case hook
    case behind
    case deliver
  }

  let runtime: LoopRuntime
  var phase = Phase.idle
  var exchange: Exchange?
  var inner: (any ResponseStream)?
  /// The exchange, as the protocol has it.
  var consumer: (any StreamConsumer)?
  var plugins: PluginPolicies
  var admission = Admission.notFound

  /// What each policy let the request go on with.
  var states: [UnsafeMutableRawPointer?] = []
  /// Which policies let the request pass, and have not been shown the answer.
  var passed: [Bool] = []

  // The request.
  let requestLane: PolicyLane
  /// The policy, or the segment before it, that has the request.
  var position = 0
  /// The body as it is at `position`, where a policy wanted it whole; nil while the client has it.
  var requestBody: ByteBuffer?
  /// The exchange, and not a policy, waits for the body.
  var isBodyAsked = false
  var isBodyWhole = false
  /// The client's body goes straight to the exchange.
  var isBodyDirect = false
  var isClientPaused = false
  var lent = LentRequest()
  var isLentStale = true
  var lendsBody = false
  /// What `lent` points into.
  private var held: (head: ByteBuffer, path: ByteBuffer, body: ByteBuffer) = (ByteBuffer(), ByteBuffer(), ByteBuffer())

  // The answer.
  let responseLane: PolicyLane
  /// The policy, or the segment behind it, that has the answer.
  var at = 0
  var step = Step.segment
  var isWalking = false
  var status: UInt16 = 0
  var fields = FieldLines(capacity: 512)
  /// The body, where it is known whole.
  var whole: ByteBuffer?
  /// As announced by the exchange, for a body in parts.
  var length: Int?
  var trailers: FieldLines?
  var isInParts = false
  var isBodyChanged = false
  var hadNoContent = false
  /// The exchange's answer was replaced: nothing more of it is taken.
  var isCut = false
  /// The exchange was told to wait.
  var isSenderWaiting = false
  var sentBytes = 0
  /// When hooks must have seen the answer.
  var hookDeadline = NIODeadline.distantFuture
  let lentResponse: UnsafeMutablePointer<gw_response_borrowed>
  var pairs: UnsafeMutableBufferPointer<gw_field_borrowed>
  /// What `lentResponse` points into.
  var heldResponse: (fields: FieldLines, body: ByteBuffer)?

  /// Calls from outside under way: not reused before the last one returns.
  private var depth = 0

  init(runtime: LoopRuntime, plugins: PluginPolicies, takeCall: () -> PluginCall) {
    self.runtime = runtime
    self.plugins = plugins
    requestLane = PolicyLane(takeCall(), runtime.time)
    responseLane = PolicyLane(takeCall(), runtime.time)
    lentResponse = .allocate(capacity: 1)
    lentResponse.initialize(to: gw_response_borrowed())
    lentResponse.pointee.struct_size = UInt32(MemoryLayout<gw_response_borrowed>.size)
    pairs = .allocate(capacity: 16)
  }

  deinit {
    lentResponse.deallocate()
    pairs.deallocate()
  }

  // MARK: the beginning and the end

  func begin(_ plugins: PluginPolicies, _ admission: Admission, for exchange: Exchange, on inner: any ResponseStream) {
    within {
      self.plugins = plugins
      self.admission = admission
      self.exchange = exchange
      self.inner = inner
      consumer = exchange
      inner.consumer = self
      requestLane.call.route = exchange.route?.watchName
      responseLane.call.route = exchange.route?.watchName
      for _ in plugins.uses {
        states.append(nil)
        passed.append(false)
      }
      phase = .request
      passOn()
    }
  }

  /// Runs one call from outside. The last one out reuses this, if all is over.
  @inline(__always)
  func within<Result>(_ body: () -> Result) -> Result {
    depth += 1
    defer {
      depth -= 1
      if depth == 0, phase == .over { finish() }
    }
    return body()
  }

  /// Gives back the states that no invocation uses any more; all of them, and this, where none is under way.
  private func finish() {
    for index in states.indices {
      guard let state = states[index], !requestLane.uses(index), !responseLane.uses(index) else { continue }
      states[index] = nil
      plugins.uses[index].policy.release(state: state)
    }
    if phase == .over, !requestLane.isBusy, !responseLane.isBusy { recycle() }
  }

  private func recycle() {
    states.removeAll(keepingCapacity: true)
    passed.removeAll(keepingCapacity: true)
    requestLane.reset()
    responseLane.reset()
    position = 0
    if requestBody != nil { requestBody = nil }
    isBodyAsked = false
    isBodyWhole = false
    isBodyDirect = false
    isClientPaused = false
    lent.end()
    isLentStale = true
    lendsBody = false
    held = (ByteBuffer(), ByteBuffer(), ByteBuffer())
    at = 0
    step = .segment
    status = 0
    fields.removeAll()
    if whole != nil { whole = nil }
    length = nil
    if trailers != nil { trailers = nil }
    isInParts = false
    isBodyChanged = false
    hadNoContent = false
    isCut = false
    isSenderWaiting = false
    sentBytes = 0
    hookDeadline = .distantFuture
    if heldResponse != nil { heldResponse = nil }
    phase = .idle
    runtime.giveBack(self)
  }

  func giveBackCalls() {
    requestLane.call.giveBack()
    responseLane.call.giveBack()
  }

  /// The time that a policy has: the route's.
  var timeout: TimeAmount { exchange?.route?.timeout ?? plugins.timeout }

  /// How long policies may look at an answer that came when the time was over already.
  private static let grace = TimeAmount.seconds(5)

  func beginHooks() {
    guard let exchange, hookDeadline == .distantFuture else { return }
    hookDeadline =
      exchange.deadline == .distantFuture ? runtime.time.now() + min(timeout, Self.grace) : exchange.deadline
  }

  // MARK: what is lent

  /// Lends the request as it is now. With `body`, for a policy that wants it whole.
  func lendRequest(body: Bool) -> UnsafePointer<gw_request> {
    guard let exchange, isLentStale || body != lendsBody else { return lent.pointer }
    held = (exchange.context.head.bytes, exchange.context.path, body ? requestBody ?? ByteBuffer() : ByteBuffer())
    lent.begin(exchange.context, body: held.body, clientText: &runtime.clientText)
    isLentStale = false
    lendsBody = body
    return lent.pointer
  }
}

// MARK: the client's side

extension PolicyStream: StreamConsumer {
  func writable() {
    within {
      guard phase == .out else { return }
      responseLane.isPaused = false
      pumpResponse()
      if phase == .out, !responseLane.isFull {
        isSenderWaiting = false
        exchange?.writable()
      }
    }
  }

  func clientGone() {
    within {
      requestLane.giveUp()
      responseLane.giveUp()
      requestLane.drop()
      responseLane.drop()
      if phase != .over { phase = .out }
      exchange?.clientGone()
    }
  }

  func streamEnded() {
    within {
      requestLane.giveUp()
      responseLane.giveUp()
      // No part is shown to a policy any more, also where this comes inside the showing.
      requestLane.drop()
      responseLane.drop()
      phase = .over
      inner = nil
      consumer = nil
      let exchange = self.exchange
      self.exchange = nil
      if sentBytes > 0 { exchange?.responseBytes = sentBytes }
      exchange?.streamEnded()
    }
  }

  func tick(_ now: NIODeadline) {
    let now = runtime.time.adjusted(now)
    within {
      guard let exchange else { return }
      switch phase {
      case .request where requestLane.isPending && now >= exchange.deadline:
        exchange.policyGivenUp(plugins.uses[requestLane.place].label)
        // The answer may wait for an error handler: what the policy says meanwhile comes too late all the same.
        requestLane.giveUp()
        requestLane.drop()
        // It may wait for the body too, but it is the policy that is slow.
        exchange.phase = .idle
      case .admitted where requestLane.isPending && now >= min(exchange.deadline, requestLane.since + timeout):
        // Of a part: the exchange would blame the client.
        exchange.policyGivenUp(plugins.uses[requestLane.place].label)
        requestLane.giveUp()
        requestLane.drop()
        return exchange.requestFailed(HTTPError(504, closes: true))
      case .answer where responseLane.isPending && now >= hookDeadline: return timedOut()
      case .out where responseLane.isPending && now >= responseLane.since + timeout:
        exchange.policyGivenUp(plugins.uses[responseLane.place].label)
        exchange.outcome = GW_CANCELLED
        responseLane.giveUp()
        inner?.abort()
        return
      default: break
      }
      exchange.tick(now)
    }
  }

  /// A policy did not have done with the answer in time: the client gets none of it, and no policy has time left.
  private func timedOut() {
    guard let exchange else { return }
    exchange.policyGivenUp(plugins.uses[responseLane.place].label)
    exchange.outcome = GW_CANCELLED
    exchange.deadline = .distantFuture
    responseLane.giveUp()
    replace(exchange.response(to: HTTPError(504)), from: 0)
  }
}
