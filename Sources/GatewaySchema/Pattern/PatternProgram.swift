/// A pattern as a nondeterministic automaton: a list of instructions over sets of code points (Thompson, 1968).
struct PatternProgram: Sendable {
  enum Instruction: Sendable {
    case set(Int)
    case split(Int, Int)
    case jump(Int)
    case start
    case end
    case wordBoundary
    case notWordBoundary
    case match
  }

  /// What a pattern may unfold to: `((a{1000}){1000})` is refused.
  static let maximumInstructions = 4096
  /// The same where no table fits, because each character may then cost a step for each instruction.
  static let maximumSimulatedInstructions = 2048

  private(set) var instructions: [Instruction] = []
  private(set) var sets: [ScalarSet] = []
  private var setIndexes: [ScalarSet: Int] = [:]

  init(_ syntax: PatternSyntax) throws(PatternError) {
    try emit(syntax)
    try append(.match)
    setIndexes = [:]
  }

  var usesWordBoundaries: Bool {
    instructions.contains {
      switch $0 {
      case .wordBoundary, .notWordBoundary: true
      default: false
      }
    }
  }

  private mutating func append(_ instruction: Instruction) throws(PatternError) {
    guard instructions.count < PatternProgram.maximumInstructions else {
      throw PatternError(
        message:
          "pattern is too large: its repetitions unfold to more than \(PatternProgram.maximumInstructions) steps",
        position: 0)
    }
    instructions.append(instruction)
  }

  private mutating func emit(_ syntax: PatternSyntax) throws(PatternError) {
    switch syntax {
    case .empty: break
    case .set(let set):
      let index = setIndexes[set] ?? sets.count
      if index == sets.count {
        sets.append(set)
        setIndexes[set] = index
      }
      try append(.set(index))
    case .sequence(let items):
      for item in items { try emit(item) }
    case .alternatives(let branches):
      var exits: [Int] = []
      for (position, branch) in branches.enumerated() {
        guard position < branches.count - 1 else {
          try emit(branch)
          break
        }
        let split = instructions.count
        try append(.split(split + 1, split + 1))
        try emit(branch)
        exits.append(instructions.count)
        try append(.jump(0))
        instructions[split] = .split(split + 1, instructions.count)
      }
      for exit in exits { instructions[exit] = .jump(instructions.count) }
    case .repeated(let inner, let minimum, let maximum):
      // A part that adds no instruction matches the empty text however often it is repeated.
      let before = instructions.count
      for _ in 0..<minimum {
        try emit(inner)
        if instructions.count == before { return }
      }
      guard let maximum else {
        let split = instructions.count
        try append(.split(split + 1, split + 1))
        try emit(inner)
        try append(.jump(split))
        instructions[split] = .split(split + 1, instructions.count)
        return
      }
      var splits: [Int] = []
      for _ in minimum..<max(minimum, maximum) {
        splits.append(instructions.count)
        try append(.split(0, 0))
        try emit(inner)
      }
      for split in splits { instructions[split] = .split(split + 1, instructions.count) }
    case .start: try append(.start)
    case .end: try append(.end)
    case .wordBoundary: try append(.wordBoundary)
    case .notWordBoundary: try append(.notWordBoundary)
    }
  }
}
