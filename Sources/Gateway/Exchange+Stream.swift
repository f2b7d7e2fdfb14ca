import CGatewayPlugin
import GatewayHTTP
import GatewayServer
import NIOCore

/// What the connection tells the exchange.
extension Exchange: StreamConsumer {
  func requestBody(_ body: ByteBuffer) {
    guard phase == .readingBody, let route else { return }
    self.body = body
    bodyComplete(route)
  }

  func requestPart(_ part: ByteBuffer) {
    if phase == .readingBody, let intake { intakePart(part, intake) } else { proxyRequestPart(part) }
  }

  func requestEnd(trailers: FieldLines?) {
    if phase == .readingBody, let intake { intakeEnd(intake) } else { upstream?.sendEnd() }
  }

  func requestFailed(_ error: HTTPError) {
    cancelUpstream()
    guard isAnswered else { return refuse(error) }
    outcome = GW_FAILED
    stream?.abort()
  }

  func writable() {
    upstream?.resumeReading()
    guard isStreaming || sender != nil else { return }
    // The client has taken what there was: what follows gets its time anew.
    if let route { deadline = runtime.time.now() + route.timeout }
    if isStreaming { call.writable() }
    if sender != nil { sendFile() }
  }

  func clientGone() {
    guard !isStreamOver else { return }
    isClientGone = true
    outcome = GW_CANCELLED
    note(.clientAbort, nil)
    cancelUpstream()
    if phase == .wiring { stopWaiting() }
    if isCallPending, phase == .wiring || phase == .acting, abandonCalls() { dropTasks() }
    if phase == .failing { errorCall?.giveUp() }
    if phase == .ending || phase == .failing { phase = .acting }
  }

  func streamEnded() {
    guard !isStreamOver else { return }
    // Broken off by a policy: its writer waits for a client that is not there any more.
    if isStreaming, isCallPending, phase == .acting, tearingDown == nil, abandonCalls() {
      if outcome == GW_SUCCEEDED { outcome = GW_CANCELLED }
      dropTasks()
    }
    isStreamOver = true
    stream = nil
    sender = nil
    // Nobody is left to take what the upstream still sends.
    if upstream != nil { cancelUpstream() }
    // Now, and not after the teardowns: a handler that was given up may never end.
    writeLog()
    closeIfOver()
  }

  func tick(_ now: NIODeadline) {
    let now = runtime.time.adjusted(now)
    if let errorCall { errorCall.tick(now) }
    guard now >= deadline, !isClientGone, !isStreamOver, phase != .failing else { return }
    // A slow client is the connection's business, which has a limit of its own for it.
    if isStreaming || sender != nil, let stream, !stream.isWritable { return }
    deadline = .distantFuture
    if phase == .readingBody {
      // Values of early steps are torn down before the answer, and that may take too long as well.
      if hasHandlerScopeValues, let route { deadline = now + route.timeout }
      return refuse(HTTPError(408, detail: "The request body took too long", closes: true))
    }
    note(isCallPending ? .pluginTimeout : .timeout, nil)
    if phase == .wiring { stopWaiting() }
    outcome = GW_CANCELLED
    cancelUpstream()
    guard !isAnswered else {
      // The head is out: the only honest end is a visible one.
      if isStreaming, isCallPending, phase != .ending { giveUpCall() }
      if failure == nil { failure = .gateway(HTTPError(504)) }
      stream?.abort()
      return
    }
    let isolated = isCallPending ? call.awaitedIsolatedPlugin : nil
    // A teardown is never cancelled: half a commit helps nobody. It goes on behind the answer.
    if isCallPending, phase != .ending { giveUpCall() }
    // Teardowns wait until the call that still uses their values has ended.
    replaceFailure(.gateway(HTTPError(504, detail: isolated.map { "Plugin '\($0)' did not answer in time" })))
    answerFailure()
  }
}
