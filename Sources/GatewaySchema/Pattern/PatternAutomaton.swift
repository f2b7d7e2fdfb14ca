/// A pattern as a deterministic table: one look-up a character.
///
/// Built at load, whole, within limits on states and work (about 10 ms); patterns beyond them (`(a|b)*a(a|b){20}`) are
/// matched by following all states of `PatternProgram` at once: linear too, but up to microseconds a character.
struct PatternAutomaton: Sendable {
  static let accept: UInt16 = .max
  static let reject: UInt16 = .max - 1
  private static let maximumStates = 2048
  private static let maximumCells = 1 << 16
  private static let maximumWork = 1_000_000

  /// Columns: one a class, and one for the end of the text.
  let stride: Int
  let table: [UInt16]

  /// Nil where the limits do not suffice.
  init?(_ program: PatternProgram, _ classes: ScalarClasses, distinguishesWords: Bool) {
    let stride = classes.count + 1
    let columns = 0..<stride
    var table: [UInt16] = []
    var states: [[Int32]: UInt16] = [:]
    var pending: [[Int32]] = []
    var work = 0

    // A state is the instructions to go on from, sorted, and the context as the last element.
    func state(_ key: [Int32]) -> UInt16? {
      if let known = states[key] { return known }
      guard pending.count < PatternAutomaton.maximumStates,
        (pending.count + 1) * stride <= PatternAutomaton.maximumCells
      else { return nil }
      let index = UInt16(truncatingIfNeeded: pending.count)
      states[key] = index
      pending.append(key)
      return index
    }

    let complete = program.instructions.withUnsafeBufferPointer { instructions in
      withUnsafeTemporaryAllocation(of: Int32.self, capacity: PatternClosure.memory(for: instructions.count)) {
        memory in
        guard let base = memory.baseAddress, state([Int32(PatternContext.start.rawValue)]) != nil else { return false }
        memory.initialize(repeating: 0)
        var closure = PatternClosure(instructions, memory: base)
        var row = 0
        while row < pending.count {
          let key = pending[row]
          let context = PatternContext(rawValue: UInt8(truncatingIfNeeded: key[key.count - 1])) ?? .other
          for column in columns {
            let isEnd = column == classes.count
            let isWord = !isEnd && distinguishesWords && classes.isWord(column)
            let next: PatternLookahead = isEnd ? .end : (isWord ? .word : .other)
            closure.begin()
            var matched = closure.add(0, after: context, before: next)
            for instruction in key.dropLast() where !matched {
              matched = closure.add(Int(instruction), after: context, before: next)
            }
            work += key.count + closure.waitingCount + 1
            guard work + closure.visited <= PatternAutomaton.maximumWork else { return false }
            if matched || isEnd {
              table.append(matched ? PatternAutomaton.accept : PatternAutomaton.reject)
              continue
            }
            var following: [Int32] = []
            for position in 0..<closure.waitingCount {
              let waiting = Int(closure.waiting[position])
              if case .set(let set) = instructions[waiting], classes.isMember(column, of: set) {
                following.append(Int32(truncatingIfNeeded: waiting + 1))
              }
            }
            following.sort()
            following.append(Int32(isWord ? PatternContext.word.rawValue : PatternContext.other.rawValue))
            guard let target = state(following) else { return false }
            table.append(target)
          }
          row += 1
        }
        return true
      }
    }
    guard complete else { return nil }
    // A state that only leads to itself and rejects in the end has decided already.
    var hopeless: Set<UInt16> = []
    for row in pending.indices
    where columns.allSatisfy({ column in
      let target = table[row * stride + column]
      return target == PatternAutomaton.reject || Int(target) == row
    }) {
      hopeless.insert(UInt16(truncatingIfNeeded: row))
    }
    self.table = table.map { hopeless.contains($0) ? PatternAutomaton.reject : $0 }
    self.stride = stride
  }
}
