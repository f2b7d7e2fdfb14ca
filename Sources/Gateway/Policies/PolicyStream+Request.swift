import CGatewayPlugin
import GatewayHTTP
import GatewayPluginHost
import GatewayServer
import GatewayTelemetry
import NIOCore

/// The request on its way through the policies, and its body on the way to whoever asks for it.
extension PolicyStream {
  /// Goes on from the policy, or the segment before it, that has the request.
  func passOn() {
    // Refused already, and an error handler is asked what to answer: nothing goes on.
    while phase == .request, let exchange, exchange.phase != .failing {
      let segment = plugins.segments[position]
      if segment.hasRequestSteps, !isInsidePolicy {
        var step = 0
        do throws(HTTPError) {
          let verdict = try segment.onRequest(&exchange.context, from: &step)
          isLentStale = true
          if case .respond(let response) = verdict { return exchange.answer(response) }
        } catch { return exchange.refuse(error) }
      }
      guard position < plugins.uses.count else {
        phase = .admitted
        return exchange.admit(admission)
      }
      guard look() else { return }
    }
  }

  /// A policy has seen its body, and now gets the request.
  private var isInsidePolicy: Bool { isBodyWhole }

  /// Shows the request to the policy at `position`; false where that has to wait.
  private func look() -> Bool {
    let use = plugins.uses[position]
    guard let function = use.policy.request else {
      pass()
      return true
    }
    if use.policy.requestBody == .buffered, !isBodyWhole, !gatherRequestBody() { return false }
    isBodyWhole = false
    let request = lendRequest(body: use.policy.requestBody == .buffered)
    return requestLane.start(
      function, of: use, at: position, delegate: self, request: request, state: nil, details: PluginCall.Details())
  }

  /// The policy lets the request go on.
  func proceedRequest(_ changes: PolicyChanges?) {
    if let changes { apply(changes) }
    pass()
  }

  private func pass() {
    guard let exchange else { return }
    let policy = plugins.uses[position].policy
    passed[position] = true
    if policy.requestBody == .parts, exchange.context.head.framing != .none {
      requestLane.stages.append(position)
      // What the policy makes of it is of a length that nobody knows yet.
      if case .length = exchange.context.head.framing {
        change(removing: { field, _ in field.known == .contentLength }, adding: nil)
        exchange.context.head.framing = .chunked
      }
    }
    // A policy that looks at bodies has to see all of them: a range would show it (and leave unseen) what the client
    // chooses. RFC 9110 §14.2 lets `range` be ignored.
    if policy.responseBody != .none, exchange.context.head.first(.range) != nil {
      change(removing: { field, name in field.known == .range || FieldSyntax.isSameName(name, "if-range") }, adding: nil)
    }
    position += 1
  }

  private func apply(_ changes: PolicyChanges) {
    guard let exchange else { return }
    var added = changes.added.isEmpty ? nil : changes.added
    if let body = changes.body {
      requestBody = body
      exchange.context.head.framing = .length(body.readableBytes)
      var lines = changes.added
      lines.append("content-length", body.readableBytes)
      added = lines
    }
    guard added != nil || !changes.removed.isEmpty else { return }
    let replacesBody = changes.body != nil
    change(
      removing: { field, name in
        if replacesBody, field.known == .contentLength || field.known == .transferEncoding { return true }
        return changes.removed.contains { FieldName.isSame(name, $0) }
      }, adding: added)
  }

  private func change(removing isRemoved: (FieldEntry, UnsafeRawBufferPointer) -> Bool, adding added: FieldLines?) {
    guard let exchange else { return }
    exchange.context.head = exchange.context.head.changed(removing: isRemoved, adding: added)
    isLentStale = true
  }

  // MARK: the body, whole, for a policy

  private var bodyLimit: Int { exchange?.route?.body.limit ?? plugins.bodyLimit }

  /// True where the body is there already.
  private func gatherRequestBody() -> Bool {
    guard let exchange, let inner else { return false }
    if exchange.context.head.framing == .none || requestBody != nil && requestLane.stages.isEmpty {
      requestBody = requestBody ?? ByteBuffer()
      return true
    }
    // Slow clients are then told that it is they who are slow.
    exchange.phase = .readingBody
    if requestBody == nil, requestLane.stages.isEmpty {
      inner.collectBody(limit: bodyLimit)
    } else {
      gather(limit: bodyLimit)
    }
    // It may have come before `collectBody` returned; then `gathered` has gone on from there.
    return false
  }

  private func gather(limit: Int) {
    requestLane.sink = .gather(limit: limit)
    if let body = requestBody {
      requestLane.refill(body)
    } else {
      inner?.streamBody(limit: bodyLimit)
    }
    pumpRequest()
  }

  private func gathered(_ body: ByteBuffer) {
    guard let exchange else { return }
    requestBody = body
    requestLane.stages.removeAll(keepingCapacity: true)
    if phase == .request {
      // Too late where it was refused meanwhile.
      guard exchange.phase == .readingBody else { return }
      exchange.phase = .idle
      isBodyWhole = true
      isLentStale = true
      passOn()
    } else if isBodyAsked {
      exchange.requestBody(body)
    }
  }

  // MARK: the body in parts

  func pumpRequest() {
    requestLane.pump { turn in
      switch turn {
      case .look(let place, let isLast): look(requestLane, plugins.uses[place].policy.requestPart, place, isLast)
      case .deliver(let part, let isLast): deliver(part, isLast)
      case .rest: break
      }
    }
    // Nothing more is read from the client until what there is has been taken.
    guard !isBodyDirect, !requestLane.isSourceOver, phase != .over else { return }
    let isFull = requestLane.isFull || requestLane.isPaused
    guard isFull != isClientPaused else { return }
    isClientPaused = isFull
    if isFull { inner?.pauseBody() } else { inner?.resumeBody() }
  }

  private func deliver(_ part: ByteBuffer, _ isLast: Bool) {
    guard let exchange else { return }
    switch requestLane.sink {
    case .gather(let limit):
      guard requestLane.gathered.readableBytes + part.readableBytes <= limit else {
        requestLane.drop()
        return exchange.requestFailed(HTTPError(413, detail: "The body may have at most \(limit) bytes", closes: true))
      }
      requestLane.gathered.writeImmutableBuffer(part)
      guard isLast else { return }
      let body = requestLane.gathered
      requestLane.gathered = ByteBuffer()
      requestLane.sink = .none
      gathered(body)
    case .pass:
      if part.readableBytes > 0 { exchange.requestPart(part) }
      if isLast { exchange.requestEnd(trailers: nil) }
    case .none: break
    }
  }

  func requestBody(_ body: ByteBuffer) {
    within {
      if phase == .request { gathered(body) } else { exchange?.requestBody(body) }
    }
  }

  func requestPart(_ part: ByteBuffer) {
    within {
      if isBodyDirect { return exchange?.requestPart(part) ?? () }
      requestLane.append(part)
      pumpRequest()
    }
  }

  func requestEnd(trailers: FieldLines?) {
    within {
      if isBodyDirect { return exchange?.requestEnd(trailers: trailers) ?? () }
      requestLane.end()
      pumpRequest()
    }
  }

  func requestFailed(_ error: HTTPError) {
    within {
      requestLane.giveUp()
      requestLane.drop()
      if phase == .answer { return requestFailedBehindAnswer(error) }
      exchange?.requestFailed(error)
    }
  }
}

extension PolicyStream {
  /// The body was not needed for an answer that is whole: it stands. One that is still being made has lost what it is made
  /// of, and the client, which has nothing of it yet, can be told why.
  private func requestFailedBehindAnswer(_ error: HTTPError) {
    guard let exchange else { return }
    if error.closes { inner?.closeAfterResponse() }
    guard whole == nil, !responseLane.isSourceOver, !isCut else { return }
    exchange.note(TerminationReason(error), error.cause)
    exchange.outcome = GW_FAILED
    let isBusy = responseLane.isPending
    responseLane.giveUp()
    replace(exchange.response(to: error), from: isBusy ? 0 : at + 1)
  }
}

// MARK: the exchange's side

extension PolicyStream {
  func collectBody(limit: Int) {
    within {
      isBodyAsked = true
      if let body = requestBody, requestLane.stages.isEmpty {
        guard body.readableBytes <= limit else {
          exchange?.requestFailed(HTTPError(413, detail: "The body may have at most \(limit) bytes"))
          return
        }
        exchange?.requestBody(body)
      } else if requestLane.stages.isEmpty {
        inner?.collectBody(limit: limit)
      } else {
        gather(limit: limit)
      }
    }
  }

  func streamBody(limit: Int?) {
    within {
      if requestBody == nil, requestLane.stages.isEmpty {
        isBodyDirect = true
        inner?.streamBody(limit: limit)
        return
      }
      requestLane.sink = .pass
      if let body = requestBody {
        requestLane.refill(body)
      } else {
        inner?.streamBody(limit: limit)
      }
      pumpRequest()
    }
  }

  func pauseBody() {
    within {
      if isBodyDirect { inner?.pauseBody() } else { requestLane.isPaused = true }
    }
  }

  func resumeBody() {
    within {
      if isBodyDirect {
        inner?.resumeBody()
      } else {
        requestLane.isPaused = false
        pumpRequest()
      }
    }
  }
}
