import Testing

@testable import GatewayPluginHost

/// When a loop counts as held, from looks at its sequence number.
struct HoldDetectorTests {
  private var detector = HoldDetector(threshold: 100)

  @Test mutating func aCallThatComesBackInTimeIsNotTold() {
    #expect(detector.look(sequence: 1, isInside: true, now: 0) == .nothing)
    #expect(detector.look(sequence: 1, isInside: true, now: 99) == .nothing)
    #expect(detector.look(sequence: 2, isInside: false, now: 130) == .nothing)
  }

  @Test mutating func aCallThatStaysIsToldOnceAndThenItsEnd() {
    #expect(detector.look(sequence: 1, isInside: true, now: 10) == .nothing)
    #expect(detector.look(sequence: 1, isInside: true, now: 110) == .held(nanoseconds: 100))
    #expect(detector.look(sequence: 1, isInside: true, now: 500) == .nothing)
    #expect(detector.look(sequence: 2, isInside: false, now: 700) == .freed(nanoseconds: 690))
    #expect(detector.look(sequence: 2, isInside: false, now: 900) == .nothing)
  }

  @Test mutating func anIdleLoopIsNotHeldHoweverLong() {
    #expect(detector.look(sequence: 4, isInside: false, now: 0) == .nothing)
    #expect(detector.look(sequence: 4, isInside: false, now: 1_000_000) == .nothing)
  }

  @Test mutating func callAfterCallIsNotOneLongCall() {
    for look in 0..<100 {
      #expect(detector.look(sequence: UInt64(look * 2 + 1), isInside: true, now: UInt64(look * 60)) == .nothing)
    }
  }

  @Test mutating func aSecondHoldRightBehindTheFirstIsToldOfToo() {
    #expect(detector.look(sequence: 1, isInside: true, now: 0) == .nothing)
    #expect(detector.look(sequence: 1, isInside: true, now: 100) == .held(nanoseconds: 100))
    #expect(detector.look(sequence: 3, isInside: true, now: 150) == .freed(nanoseconds: 150))
    #expect(detector.look(sequence: 3, isInside: true, now: 250) == .held(nanoseconds: 100))
  }
}
