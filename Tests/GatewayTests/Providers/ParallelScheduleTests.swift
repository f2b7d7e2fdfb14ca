import Testing

@testable import Gateway

/// What runs side by side, and whose error counts.
struct ParallelScheduleTests {
  private func schedule(_ count: Int, first: Int = 0) -> ParallelSchedule {
    var schedule = ParallelSchedule()
    schedule.begin(first, count: count)
    return schedule
  }

  private func start(_ schedule: inout ParallelSchedule, _ needs: [Int: [Int]] = [:]) -> [Int] {
    var started: [Int] = []
    while let step = schedule.next(needs: { needs[$0] ?? [] }) { started.append(step) }
    return started
  }

  @Test func independentStepsStartTogetherAndOthersWhenTheirInputsAreThere() {
    var schedule = schedule(4, first: 10)
    let needs = [12: [10], 13: [12, 11]]
    do {
      let found = start(&schedule, needs)
      #expect(found == [10, 11])
    }
    schedule.made(11)
    do {
      let found = start(&schedule, needs)
      #expect(found == [])
    }
    schedule.made(10)
    do {
      let found = start(&schedule, needs)
      #expect(found == [12])
    }
    #expect(schedule.verdict == .open)
    schedule.made(12)
    do {
      let found = start(&schedule, needs)
      #expect(found == [13])
    }
    schedule.made(13)
    #expect(schedule.verdict == .made)
  }

  @Test func theFirstInTheOrderOfThePlanCountsWhicheverFailsFirst() {
    var schedule = schedule(4)
    do {
      let found = start(&schedule)
      #expect(found == [0, 1, 2, 3])
    }
    do {
      let found = schedule.ended(2)
      #expect(found == [3])
    }
    // One before it may still fail.
    #expect(schedule.verdict == .open)
    do {
      let found = schedule.ended(1)
      #expect(found == [])
    }
    #expect(schedule.verdict == .open)
    schedule.made(0)
    #expect(schedule.verdict == .ended(1))
  }

  @Test func whatStandsBeforeAFailureStillStarts() {
    var schedule = schedule(3)
    let needs = [1: [0]]
    do {
      let found = start(&schedule, needs)
      #expect(found == [0, 2])
    }
    do {
      let found = schedule.ended(2)
      #expect(found == [])
    }
    schedule.made(0)
    do {
      let found = start(&schedule, needs)
      #expect(found == [1])
    }
    do {
      let found = schedule.ended(1)
      #expect(found == [])
    }
    #expect(schedule.verdict == .ended(1))
  }

  @Test func whatStandsBehindAFailureNeverStartsAndChangesNothing() {
    var schedule = schedule(3)
    let needs = [2: [1]]
    do {
      let found = start(&schedule, needs)
      #expect(found == [0, 1])
    }
    do {
      let found = schedule.ended(0)
      #expect(found == [1])
    }
    schedule.made(1)
    do {
      let found = start(&schedule, needs)
      #expect(found == [])
    }
    do {
      let found = schedule.ended(1)
      #expect(found == [])
    }
    #expect(schedule.verdict == .ended(0))
  }

  @Test func stoppingGivesWhatRuns() {
    var schedule = schedule(3, first: 5)
    do {
      let found = start(&schedule, [7: [6]])
      #expect(found == [5, 6])
    }
    schedule.made(5)
    do {
      let found = schedule.stopAll()
      #expect(found == [6])
    }
    do {
      let found = schedule.stopAll()
      #expect(found == [])
    }
    do {
      let found = start(&schedule)
      #expect(found == [])
    }
  }

  /// Any order of events has the outcome that running one step after the other has.
  @Test func theOutcomeIsThatOfRunningOneAfterTheOther() {
    var random = SystemRandomNumberGenerator()
    for _ in 0..<500 {
      let count = Int.random(in: 1...6, using: &random)
      let fails = (0..<count).map { _ in Int.random(in: 0...3, using: &random) == 0 }
      let needs = Dictionary(
        uniqueKeysWithValues: (0..<count).map { step in (step, (0..<step).filter { _ in Bool.random(using: &random) }) })
      var schedule = schedule(count)
      var running = Set(start(&schedule, needs))
      while schedule.verdict == .open, let step = running.randomElement(using: &random) {
        running.remove(step)
        if fails[step] { for stopped in schedule.ended(step) { running.remove(stopped) } } else { schedule.made(step) }
        running.formUnion(start(&schedule, needs))
      }
      #expect(schedule.verdict == fails.firstIndex(of: true).map { .ended($0) } ?? .made)
    }
  }
}
