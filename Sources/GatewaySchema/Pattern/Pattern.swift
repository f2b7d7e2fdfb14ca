import GatewayJSON

/// A compiled regular expression that answers whether a text contains a match, in time linear in the text.
///
/// JSON Schema's `pattern` (2020-12 Core §6.4, Validation §6.3.3): ECMA-262 syntax, not anchored. `$` is the end of the
/// text only. There is no backtracking, so no pattern can be made slow by a request.
public final class Pattern: Sendable {
  /// As written.
  public let text: String

  private let program: PatternProgram
  private let classes: ScalarClasses
  private let automaton: PatternAutomaton?
  private let distinguishesWords: Bool

  public init(_ text: String) throws(PatternError) {
    let program = try PatternProgram(try PatternParser.parse(text))
    distinguishesWords = program.usesWordBoundaries
    classes = try ScalarClasses(program.sets, distinguishesWords: distinguishesWords)
    automaton = PatternAutomaton(program, classes, distinguishesWords: distinguishesWords)
    let limit = PatternProgram.maximumSimulatedInstructions
    guard automaton != nil || program.instructions.count <= limit else {
      throw PatternError(
        message: "pattern is too large: no table fits it, and it unfolds to more than \(limit) steps; "
          + "an anchor or smaller repetition counts help", position: 0)
    }
    self.program = program
    self.text = text
  }

  /// True where one table look-up a character suffices.
  public var isDeterministic: Bool { automaton != nil }
  /// What searching so many bytes costs beyond one look-up each, in steps of an evaluation's budget (about 100 ns).
  func steps(for bytes: Int) -> Int { isDeterministic ? 0 : bytes * (program.instructions.count / 16 + 1) }

  /// Every evaluation can afford this many; texts beyond need `maxLength`, or are refused as too complex.
  static let stepsWithoutWarning = 100_000

  /// The longest text that `stepsWithoutWarning` suffice for.
  var affordableLength: Int { isDeterministic ? .max : Pattern.stepsWithoutWarning / max(steps(for: 1), 1) }

  /// Searches UTF-8 text.
  public func matches(_ text: UnsafeRawBufferPointer) -> Bool {
    guard let base = text.baseAddress else {
      // Any valid address does for no bytes.
      return withUnsafeBytes(of: 0 as UInt8) { bytes in
        bytes.baseAddress.map { search(JSONScalarCursor($0, count: 0, hasEscapes: false)) } ?? false
      }
    }
    return search(JSONScalarCursor(base, count: text.count, hasEscapes: false))
  }

  public func matches(_ text: String) -> Bool {
    var text = text
    return text.withUTF8 { matches(UnsafeRawBufferPointer($0)) }
  }

  /// Searches a string of a document without decoding it first.
  public func search(_ scalars: JSONScalarCursor) -> Bool {
    guard let automaton else { return simulate(scalars) }
    var scalars = scalars
    return automaton.table.withUnsafeBufferPointer { table in
      var row = 0
      while let scalar = scalars.next() {
        let next = table[row + classes.index(of: scalar)]
        if next >= PatternAutomaton.reject { return next == PatternAutomaton.accept }
        row = Int(next) * automaton.stride
      }
      return table[row + classes.count] == PatternAutomaton.accept
    }
  }

  /// All states at once, one step a character. Memory: a few words an instruction, from the stack for small programs.
  private func simulate(_ scalars: JSONScalarCursor) -> Bool {
    program.instructions.withUnsafeBufferPointer { instructions in
      let words = PatternClosure.memory(for: instructions.count)
      return withUnsafeTemporaryAllocation(of: Int32.self, capacity: words + instructions.count) { memory in
        guard let base = memory.baseAddress else { return false }
        memory.initialize(repeating: 0)
        var closure = PatternClosure(instructions, memory: base)
        let following = base + words
        var followingCount = 0
        var context = PatternContext.start
        var scalars = scalars
        while true {
          let scalar = scalars.next()
          let column = scalar.map { classes.index(of: $0) }
          let isWord = column.map { distinguishesWords && classes.isWord($0) } ?? false
          let next: PatternLookahead = column == nil ? .end : (isWord ? .word : .other)
          closure.begin()
          if closure.add(0, after: context, before: next) { return true }
          for position in 0..<followingCount {
            if closure.add(Int(following[position]), after: context, before: next) { return true }
          }
          guard let column else { return false }
          followingCount = 0
          for position in 0..<closure.waitingCount {
            let waiting = Int(closure.waiting[position])
            if case .set(let set) = instructions[waiting], classes.isMember(column, of: set) {
              following[followingCount] = Int32(truncatingIfNeeded: waiting + 1)
              followingCount += 1
            }
          }
          context = isWord ? .word : .other
        }
      }
    }
  }
}
