import Testing

@testable import Gateway

/// The supervisor's decisions, as values.
@Suite struct SupervisorStateTests {
  @Test func waitsDoubleUpToTheLongestAndBeginAnewAfterAHealthyTime() {
    var delay = RestartDelay()
    let most = (0..<12).map { _ in delay.next(served: .zero, random: 1000) }
    #expect(most.prefix(4) == [.milliseconds(100), .milliseconds(200), .milliseconds(400), .milliseconds(800)])
    #expect(most.last == RestartDelay.longest)
    #expect(delay.next(served: .seconds(59), random: 1000) == RestartDelay.longest)
    #expect(delay.next(served: RestartDelay.healthy, random: 1000) == .milliseconds(100))
  }

  @Test func jitterIsBetweenHalfAndAllOfTheWait() {
    for random: UInt64 in [0, 1, 500, 999, 1000, .max] {
      var delay = RestartDelay()
      let wait = delay.next(served: .zero, random: random)
      #expect(wait >= .milliseconds(50) && wait <= .milliseconds(100))
    }
  }

  @Test func aConfigurationThatNeverStartedIsNotTriedAgain() {
    for code: Int32 in [1, 2] {
      var state = SupervisorState()
      state.started()
      #expect(state.ended(.exited(code), at: .zero, random: 0) == .exit(code))
    }
  }

  @Test func aConfigurationThatServedOnceIsTriedForEver() {
    var state = SupervisorState()
    state.started()
    state.received(.ready, at: .zero)
    guard case .restart = state.ended(.signalled(11), at: .zero, random: 0) else { return #expect(Bool(false)) }
    for _ in 0..<100 {
      state.started()
      guard case .restart = state.ended(.exited(1), at: .zero, random: 0) else { return #expect(Bool(false)) }
    }
  }

  @Test func aCrashBeforeItServesIsTriedAgainToo() {
    var state = SupervisorState()
    state.started()
    guard case .restart = state.ended(.signalled(4), at: .zero, random: 0) else { return #expect(Bool(false)) }
  }

  @Test func anEndThatWasAskedForKeepsItsCode() {
    var state = SupervisorState()
    state.started()
    let answers = [state.stop(), state.stop()]
    #expect(answers == [false, true], "the second time is told from the first")
    #expect(state.ended(.exited(3), at: .zero, random: 0) == .exit(3))
    #expect(state.ended(.signalled(9), at: .zero, random: 0) == .exit(137))
  }

  @Test func aChildThatWasToldToStopByOthersEndsTheSupervisor() {
    var state = SupervisorState()
    state.started()
    state.received(.stopping, at: .zero)
    #expect(state.ended(.exited(0), at: .zero, random: 0) == .exit(0))
  }

  @Test func aPluginThatCallsExitIsACrash() {
    var state = SupervisorState()
    state.started()
    state.received(.ready, at: .zero)
    guard case .restart = state.ended(.exited(0), at: .zero, random: 0) else { return #expect(Bool(false)) }
  }
}

@Suite struct CrashLedgerTests {
  @Test func theLastCrashOfARowQuarantines() {
    var ledger = CrashLedger()
    #expect(ledger.crashed("a.x", at: .seconds(1)) == .counted(1))
    #expect(ledger.crashed("a.y", at: .seconds(2)) == .counted(1))
    #expect(ledger.crashed("a.x", at: .seconds(3)) == .counted(2))
    #expect(ledger.quarantined(at: .seconds(3)).isEmpty)
    #expect(ledger.crashed("a.x", at: .seconds(4)) == .quarantined(.seconds(600), crashes: 3))
    #expect(
      ledger.quarantined(at: .seconds(5)) == [QuarantinedFunction(name: "a.x", remaining: .seconds(599), crashes: 3)])
    #expect(ledger.quarantined(at: .seconds(604)).isEmpty)
  }

  @Test func crashesThatLieBackDoNotCount() {
    var ledger = CrashLedger()
    for hour in 0..<10 { #expect(ledger.crashed("a.x", at: .seconds(3600 * hour)) == .counted(1)) }
  }

  @Test func whoCrashesAgainAfterItsTimeIsOutForTwiceAsLong() {
    var ledger = CrashLedger()
    ledger.rules = CrashLedger.Rules(crashes: 1, within: .seconds(600), time: .seconds(100))
    #expect(ledger.crashed("a.x", at: .zero) == .quarantined(.seconds(100), crashes: 1))
    #expect(ledger.crashed("a.x", at: .seconds(101)) == .quarantined(.seconds(200), crashes: 2))
    #expect(ledger.crashed("a.x", at: .seconds(302)) == .quarantined(.seconds(400), crashes: 3))
    // It was well for longer than what counts.
    #expect(ledger.crashed("a.x", at: .seconds(5000)) == .quarantined(.seconds(100), crashes: 4))
  }

  @Test func releaseForgets() {
    var ledger = CrashLedger()
    for second in 0..<3 { _ = ledger.crashed("a.x", at: .seconds(second)) }
    ledger.release()
    #expect(ledger.quarantined(at: .seconds(3)).isEmpty)
    #expect(ledger.crashed("a.x", at: .seconds(4)) == .counted(1))
  }

  @Test func withoutRulesNobodyIsQuarantined() {
    var ledger = CrashLedger()
    ledger.rules = nil
    for second in 1..<100 { #expect(ledger.crashed("a.x", at: .seconds(second)) == .counted(second)) }
  }

  @Test func whatIsRememberedIsBounded() {
    var ledger = CrashLedger()
    ledger.rules?.crashes = 1
    for number in 0..<(CrashLedger.capacity + 50) { _ = ledger.crashed("a.f\(number)", at: .milliseconds(number)) }
    #expect(ledger.quarantined(at: .seconds(1)).count == CrashLedger.capacity)
    #expect(!ledger.quarantined(at: .seconds(1)).contains { $0.name == "a.f0" })
  }
}

@Suite struct SupervisionMessageTests {
  @Test func messagesComeBackAsTheyWere() {
    let functions = [
      QuarantinedFunction(name: "shop.buy", remaining: .milliseconds(1500), crashes: 3),
      QuarantinedFunction(name: "shop.sell", remaining: .zero, crashes: 12),
    ]
    let rules = CrashLedger.Rules(crashes: 2, within: .seconds(10), time: .milliseconds(2500))
    let all: [SupervisionMessage] = [
      .quarantined([]), .quarantined(functions), .rules(nil), .rules(rules), .reports("/a b/c"), .ready, .stopping, .release,
    ]
    for message in all { #expect(SupervisionMessage(message.bytes) == message) }
  }

  @Test(arguments: [
    "", "Ready", "ready\t", "rules\t3", "rules\t0\t1\t1", "rules\t1\t1\t-1", "rules\t1\t+1\t1", "rules\t1\t1\t1\t1",
    "rules\t99999999999999999999\t1\t1", "reports\trelative", "reports", "quarantined\ta.b", "quarantined\ta.b\t1",
    "quarantined\t\t1\t1", "quarantined\ta.b\t1\t0", "quarantined\ta.b\tx\t1", "quarantined\ta.b\t9999999999999\t1", "\u{0}",
  ])
  func anythingElseIsRefused(text: String) {
    #expect(SupervisionMessage(Array(text.utf8)) == nil)
  }

  @Test func bytesThatAreNoTextAreRefused() {
    #expect(SupervisionMessage([0xFF, 0xFE]) == nil)
  }
}
