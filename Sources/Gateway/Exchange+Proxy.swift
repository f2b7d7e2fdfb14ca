import CGatewayPlugin
import GatewayHTTP
import GatewayProxy
import GatewayServer
import NIOCore

/// Proxying: the request goes to an upstream as it comes, the response to the client as it comes, and neither side is
/// read faster than the other takes it.
extension Exchange {
  func proxy(_ route: CompiledRoute, _ plan: ProxyPlan) throws(HTTPError) {
    guard let stream else { return }
    let body: UpstreamBody
    // A body that was read for its check goes on whole, as it was sent.
    switch context.head.framing {
    case _ where isBodyRead: body = self.body.readableBytes > 0 ? .whole(self.body) : .none
    case .none, .untilClose: body = .none
    case .length(let length): body = .stream(length: length)
    case .chunked: body = .stream(length: nil)
    }
    try plan.rules.fill(
      &upstreamRequest, from: context, path: plan.path, captures: captures, body: body,
      trustsPeer: runtime.snapshot.trustedProxies?.trusts(context.peer) ?? false)
    phase = .acting
    upstream = runtime.pools[plan.upstream].start(upstreamRequest, timeouts: plan.timeouts, consumer: self)
    if case .stream = body { stream.streamBody(limit: route.body.limit) }
  }

  func proxyRequestPart(_ part: ByteBuffer) {
    guard let upstream else { return }
    upstream.sendPart(part)
    if !upstream.isWritable, !isRequestPaused {
      isRequestPaused = true
      stream?.pauseBody()
    }
  }

  func cancelUpstream() {
    guard let upstream else { return }
    if route?.logs.isEmpty == false { upstreamTarget = upstream.target ?? upstreamTarget }
    self.upstream = nil
    upstream.cancel()
  }

  private func takeHead(_ head: borrowing ResponseHead) {
    guard let route, case .proxy(let plan) = route.action else { return }
    plan.rules.fill(&fields, from: head)
    status = head.status
    upstreamStatus = head.status
    if !route.logs.isEmpty { upstreamTarget = upstream?.target ?? upstreamTarget }
    if status >= 500, outcome == GW_SUCCEEDED { outcome = GW_FAILED }
    isAnswered = true
    phase = .sending
    if chain.hasResponseSteps { chain.onResponse(&status, &fields, context) }
  }

  /// Values of handler scope serve an upstream's answer to its end, as they serve parts of a plugin's: a teardown that
  /// fails breaks the response off.
  private func endOfUpstream() {
    phase = .ending
    tearDown()
  }
}

extension Exchange: UpstreamConsumer {
  func upstreamResponse(_ head: borrowing ResponseHead, body: ByteBuffer) {
    // HEAD and 304 announce a length without sending it.
    let isSilent = context.head.method == .head || head.status == 304
    if !isSilent, hasHandlerScopeValues, let route, case .proxy(let plan) = route.action {
      // All of it is here, so a teardown that fails may still become the answer.
      plan.rules.fill(&fields, from: head)
      upstreamStatus = head.status
      if !route.logs.isEmpty { upstreamTarget = upstream?.target ?? upstreamTarget }
      upstream = nil
      return body.withUnsafeReadableBytes { answer(status: head.status, body: $0) }
    }
    takeHead(head)
    upstream = nil
    guard let stream else { return closeIfOver() }
    if body.readableBytes == 0 {
      // Where the upstream said no length, neither does this.
      let length = ForwardingRules.length(of: head)
      stream.sendHead(status: status, fields: fields, length: isSilent ? length : length ?? 0)
      if hasHandlerScopeValues { endOfUpstream() } else { stream.sendEnd(trailers: nil) }
    } else {
      responseBytes = body.readableBytes
      stream.send(status: status, fields: fields, body: body)
    }
  }

  func upstreamHead(_ head: borrowing ResponseHead) {
    takeHead(head)
    stream?.sendHead(status: status, fields: fields, length: ForwardingRules.length(of: head))
  }

  func upstreamPart(_ part: ByteBuffer) {
    guard let stream else { return }
    responseBytes += part.readableBytes
    stream.sendPart(part)
    if !stream.isWritable { upstream?.pauseReading() }
  }

  func upstreamEnd(trailers: FieldLines?) {
    upstream = nil
    guard let stream else { return closeIfOver() }
    guard !hasHandlerScopeValues else {
      self.trailers = trailers
      return endOfUpstream()
    }
    stream.sendEnd(trailers: trailers)
  }

  func upstreamFailed(_ failure: UpstreamFailure) {
    upstream = nil
    upstreamTarget = failure.target ?? ""
    note(.init(failure), failure.description)
    if isAnswered {
      outcome = GW_FAILED
      self.failure = .upstream(failure)
      // A clean end would pass a truncated body off as a whole one.
      if let stream { stream.abort() } else { closeIfOver() }
    } else {
      fail(.upstream(failure))
    }
  }

  func upstreamWritable() {
    guard isRequestPaused else { return }
    isRequestPaused = false
    stream?.resumeBody()
  }
}
