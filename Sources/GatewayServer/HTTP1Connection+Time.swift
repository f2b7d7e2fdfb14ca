import GatewayHTTP
import NIOCore

/// Deadlines. Looked at by the loop's tick, so no request ever starts or cancels a timer.
extension HTTP1Connection {
  /// Between two requests, or before the first, with nothing of one received.
  var isIdle: Bool { state.reading == .head && state.writing == .idle && !state.inHead && input == nil }

  var isInExchange: Bool { state.writing != .idle }

  var idleSince: NIODeadline { state.since }

  func tick(_ now: NIODeadline) {
    let timeouts = loop.configuration.timeouts
    if let stalled = state.stalled, now >= stalled + timeouts.write {
      expire()
      reset()
      return
    }
    switch state.reading {
    case .handshake:
      if now >= state.since + timeouts.handshake {
        expire()
        closeNow()
      }
    case .head where state.writing == .idle: tickBetween(now, timeouts)
    case .closing:
      // Until our direction is closed, the write deadline holds.
      if now >= state.since + (state.halfClosed ? timeouts.linger : timeouts.write) { reset() }
    case .unread:
      if spend(now) {
        expire()
        closeAfterOutput(linger: false)
      }
    case .head, .body, .complete:
      tickExchange(now)
    }
  }

  private func tickBetween(_ now: NIODeadline, _ timeouts: ServerConfiguration.Timeouts) {
    if state.inHead {
      if now >= state.since + timeouts.head {
        expire()
        refuse(HTTPError(408, detail: "the request's head did not arrive in time", closes: true))
      }
      return
    }
    guard isIdle else { return }  // Waits for the client to take earlier responses.
    if loop.isDraining {
      closeIdle()
      return
    }
    // RFC 9110 §15.5.9: nothing was asked, so nothing is answered.
    let deadline = state.since + (state.isFirst ? timeouts.head : timeouts.keepAlive)
    if now >= deadline {
      expire()
      closeIdle()
    } else {
      loop.table.look(at: self, deadline)
    }
  }

  private func tickExchange(_ now: NIODeadline) {
    if state.reading == .body, wantsBody, spend(now) {
      expire()
      failBody(HTTPError(408, detail: "the request body arrives too slowly", closes: true))
    }
    state.lastLook = now
    stream?.consumer?.tick(now)
  }

  /// Lets the time since the last look run off the client's credit; true when it is used up.
  private func spend(_ now: NIODeadline) -> Bool {
    guard loop.configuration.timeouts.bodyRate > 0 else { return false }
    state.bodyCredit = state.bodyCredit - (now - state.lastLook)
    state.lastLook = now
    return state.bodyCredit < .zero
  }

  private func expire() { loop.counters.timedOut += 1 }
}
