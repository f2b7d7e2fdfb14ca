import CGatewayPlugin
import GatewayHTTP
import GatewayPluginHost
import NIOCore

/// Answers that a plugin gives in parts.
///
/// Handler-scope values serve the parts too, so they end after the last part and before the response does: a teardown
/// that fails (a commit, say) still shows, as a response that breaks off. The route's timeout counts from the last
/// part: a stream may live for days, silence may not.
extension Exchange {
  func callBeganResponse(_ call: PluginCall, status: UInt16) {
    guard isWaiting, let stream else { return }
    swap(&fields, &call.fields)
    if status >= 500 { outcome = GW_FAILED }
    self.status = status
    isAnswered = true
    isStreaming = true
    // Also where a provider answers: no further one is begun behind it.
    phase = .acting
    if chain.hasResponseSteps { chain.onResponse(&self.status, &fields, context) }
    stream.sendHead(status: self.status, fields: fields, length: nil)
    guard context.head.method != .head else {
      // The client wants no part of it, and a stream may have no end.
      _ = call.abandon()
      phase = .sending
      return stream.sendEnd(trailers: nil)
    }
    keepPace()
  }

  func callWrote(_ call: PluginCall, _ part: ByteBuffer) {
    guard isStreaming, !isClientGone, let stream else { return }
    responseBytes += part.readableBytes
    stream.sendPart(part)
    if let route { deadline = runtime.time.now() + route.timeout }
    keepPace()
  }

  private func keepPace() {
    if let stream, !stream.isWritable { call.pauseWriting() }
  }

  /// The plugin has written everything.
  func endOfParts() {
    guard !isClientGone, !isStreamOver else { return closeIfOver() }
    guard hasHandlerScopeValues else { return finishStream() }
    phase = .ending
    tearDown()
  }

  func finishStream() {
    phase = .sending
    guard let stream, !isClientGone else { return closeIfOver() }
    // What was promised is broken: the client must not take it for whole.
    if outcome == GW_FAILED, status < 500 { return stream.abort() }
    stream.sendEnd(trailers: trailers)
  }

  /// The plugin failed behind its own head.
  func breakOff() {
    outcome = GW_FAILED
    note(.pluginError, nil)
    phase = .sending
    guard let stream, !isClientGone else { return closeIfOver() }
    stream.abort()
  }
}
