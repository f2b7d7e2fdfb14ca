import NIOCore

extension UpstreamPool {
  func connect(_ exchange: ExchangeState, to target: Int) {
    let attempt = ConnectAttempt(exchange: exchange, target: target, of: upstream)
    exchange.stage = .connecting(attempt)
    exchange.clock.moved = true
    attempts.append(attempt)
    attempt.run(for: self, timeout: exchange.timeouts.connect)
  }

  func connected(_ attempt: ConnectAttempt, _ connection: UpstreamConnection) {
    guard remove(attempt) else { return connection.close() }
    machine.connected(target: attempt.target)
    connection.index = connections.count
    connections.append(connection)
    if let exchange = attempt.exchange {
      connection.send(exchange)
      announceWritable(exchange)
    } else {
      release(connection)
    }
    serveWaiting()
  }

  func connectFailed(_ attempt: ConnectAttempt, _ kind: UpstreamFailure.Kind, _ cause: String) {
    guard remove(attempt) else { return }
    let hopeless = machine.connectFailed(target: attempt.target, now: clock())
    if let exchange = attempt.exchange {
      exchange.failedAttempts += 1
      // No byte of the request was sent, so any method may be tried at another target.
      if exchange.failedAttempts < min(upstream.limits.connectAttempts, upstream.targets.count) {
        exchange.stage = .waiting
        carryOut(exchange, machine.assign(exchange, now: clock()))
      } else {
        fail(exchange, kind, target: attempt.targetDescription, cause)
      }
    }
    for exchange in hopeless {
      fail(
        exchange, .noneAvailable, target: nil,
        "no target can be connected to; last \(attempt.targetDescription): \(cause)")
    }
    serveWaiting()
  }

  func tick(_ attempt: ConnectAttempt, _ now: NIODeadline) {
    guard let exchange = attempt.exchange else { return }
    switch exchange.clock.tick(now, wait: .connection, exchange.timeouts) {
    case nil: return
    case .totalTimeout:
      attempt.exchange = nil
      fail(exchange, .totalTimeout, target: attempt.targetDescription, "the exchange took too long: still connecting")
    default:
      attempt.giveUp()
      connectFailed(attempt, .connectTimeout, "no connection in time")
    }
  }

  func abandon(_ attempt: ConnectAttempt) {
    attempt.exchange = nil
    attempt.giveUp()
    if remove(attempt) { machine.connectAbandoned(target: attempt.target) }
  }

  /// False where the attempt was over before.
  private func remove(_ attempt: ConnectAttempt) -> Bool {
    guard let index = attempts.firstIndex(where: { $0 === attempt }) else { return false }
    attempts.remove(at: index)
    return true
  }
}
