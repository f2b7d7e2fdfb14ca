/// What stands before a position, as far as assertions care.
enum PatternContext: UInt8 {
  case start
  case other
  case word
}

/// What comes next, as far as assertions care.
enum PatternLookahead {
  case end
  case other
  case word
}

/// Follows everything that needs no character: from a set of instructions to those that wait for one.
///
/// Works in memory lent by the caller, three words an instruction.
struct PatternClosure {
  private let instructions: UnsafeBufferPointer<PatternProgram.Instruction>
  // An instruction is visited once a step: its mark is the step's number.
  private let marks: UnsafeMutablePointer<Int32>
  private let stack: UnsafeMutablePointer<Int32>
  private var step: Int32 = 0
  /// Waiting instructions of the last step, `waitingCount` of them.
  let waiting: UnsafeMutablePointer<Int32>
  private(set) var waitingCount = 0
  /// Instructions looked at since the beginning.
  private(set) var visited = 0

  static func memory(for instructionCount: Int) -> Int { instructionCount * 4 }

  /// `memory` holds `memory(for:)` words.
  init(_ instructions: UnsafeBufferPointer<PatternProgram.Instruction>, memory: UnsafeMutablePointer<Int32>) {
    let n = instructions.count
    self.instructions = instructions
    marks = memory
    waiting = memory + n
    // Each visited instruction pushes at most two others.
    stack = memory + 2 * n
    marks.update(repeating: 0, count: n)
  }

  mutating func begin() {
    if step == .max {
      marks.update(repeating: 0, count: instructions.count)
      step = 0
    }
    step += 1
    waitingCount = 0
  }

  /// Adds what can be reached from `instruction`; true where that is a match.
  mutating func add(_ instruction: Int, after context: PatternContext, before next: PatternLookahead) -> Bool {
    var height = 0
    func push(_ target: Int, _ marks: UnsafeMutablePointer<Int32>, _ stack: UnsafeMutablePointer<Int32>, _ step: Int32)
    {
      guard marks[target] != step else { return }
      marks[target] = step
      stack[height] = Int32(truncatingIfNeeded: target)
      height += 1
    }
    let atBoundary = (context == .word) != (next == .word)
    push(instruction, marks, stack, step)
    while height > 0 {
      height -= 1
      visited += 1
      let current = Int(stack[height])
      switch instructions[current] {
      case .set:
        waiting[waitingCount] = Int32(truncatingIfNeeded: current)
        waitingCount += 1
      case .split(let a, let b):
        push(a, marks, stack, step)
        push(b, marks, stack, step)
      case .jump(let target): push(target, marks, stack, step)
      case .start: if context == .start { push(current + 1, marks, stack, step) }
      case .end: if next == .end { push(current + 1, marks, stack, step) }
      case .wordBoundary: if atBoundary { push(current + 1, marks, stack, step) }
      case .notWordBoundary: if !atBoundary { push(current + 1, marks, stack, step) }
      case .match: return true
      }
    }
    return false
  }
}
