/// Divides all code points into classes that no set of a pattern tells apart, so that an automaton's table has one
/// column a class instead of 1.1 million.
struct ScalarClasses: Sendable {
  let count: Int
  /// The class of each ASCII character.
  private let ascii: [UInt16]
  // Where intervals begin, and the class of each.
  private let starts: [UInt32]
  private let classes: [UInt16]
  // One flag for each pair of set and class.
  private let members: [Bool]
  private let wordClasses: [Bool]

  private static let maximumCells = 1 << 20

  init(_ sets: [ScalarSet], distinguishesWords: Bool) throws(PatternError) {
    var bounds: Set<UInt32> = [0]
    for set in distinguishesWords ? sets + [.word] : sets {
      for range in set.ranges {
        bounds.insert(range.lowerBound)
        if range.upperBound < ScalarSet.maximum { bounds.insert(range.upperBound + 1) }
      }
    }
    let starts = bounds.sorted()
    guard starts.count * (sets.count + 1) <= ScalarClasses.maximumCells else {
      throw PatternError(message: "pattern is too large: too many different character classes", position: 0)
    }
    var classOf: [[Bool]: UInt16] = [:]
    var signatures: [[Bool]] = []
    var classes: [UInt16] = []
    for start in starts {
      var signature = sets.map { $0.contains(start) }
      signature.append(distinguishesWords && ScalarSet.word.contains(start))
      let index = classOf[signature] ?? UInt16(truncatingIfNeeded: signatures.count)
      if Int(index) == signatures.count {
        classOf[signature] = index
        signatures.append(signature)
      }
      classes.append(index)
    }
    self.starts = starts
    self.classes = classes
    count = signatures.count
    var members = [Bool](repeating: false, count: sets.count * signatures.count)
    for (column, signature) in signatures.enumerated() {
      for row in sets.indices { members[row * signatures.count + column] = signature[row] }
    }
    self.members = members
    wordClasses = signatures.map { $0[sets.count] }
    ascii = (0..<128).map { classes[ScalarClasses.interval(of: $0, in: starts)] }
  }

  private static func interval(of scalar: UInt32, in starts: [UInt32]) -> Int {
    var low = 0
    var high = starts.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if starts[middle] <= scalar { low = middle } else { high = middle }
    }
    return low
  }

  func index(of scalar: UInt32) -> Int {
    if scalar < 128 { return Int(ascii[Int(scalar)]) }
    return Int(classes[ScalarClasses.interval(of: scalar, in: starts)])
  }

  func isMember(_ index: Int, of set: Int) -> Bool { members[set * count + index] }
  func isWord(_ index: Int) -> Bool { wordClasses[index] }
}
