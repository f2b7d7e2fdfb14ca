import GatewayHTTP

/// Whether some path segment matches two shapes, answered exactly (escapes aside) by walking both as automata at once.
///
/// Used while a table is built, for shapes of equal rank only.
enum SegmentOverlap {
  static func exists(_ a: RouteSegment, _ b: RouteSegment) -> Bool {
    switch (a, b) {
    case (.literal(let x), .literal(let y)): return x == y
    case (.rest, _), (_, .rest): return true
    case (.literal(let text), .parameter), (.parameter, .literal(let text)): return !text.isEmpty
    case (.parameter, _), (_, .parameter): return true
    default: return exists(parts(a), parts(b))
    }
  }

  private static func parts(_ segment: RouteSegment) -> [ShapePart] {
    switch segment {
    case .shape(let parts): parts
    case .literal(let bytes): [.literal(bytes)]
    case .parameter, .rest: [.parameter(.str)]
    }
  }

  private static func exists(_ a: [ShapePart], _ b: [ShapePart]) -> Bool {
    if a == b { return true }
    // Most pairs already differ in their first or last text.
    if case .literal(let x) = a.first, case .literal(let y) = b.first, zip(x, y).contains(where: { $0 != $1 }) {
      return false
    }
    if case .literal(let x) = a.last, case .literal(let y) = b.last,
      zip(x.reversed(), y.reversed()).contains(where: { $0 != $1 })
    {
      return false
    }
    let (left, right) = (Automaton(a), Automaton(b))
    var seen: Set<Int> = [0]
    var open = [(0, 0)]
    while let (i, j) = open.popLast() {
      if i == left.accepting, j == right.accepting { return true }
      var steps = left.skips[i].map { ($0, j) } + right.skips[j].map { (i, $0) }
      for x in left.edges[i] {
        for y in right.edges[j] where x.accepts.intersects(y.accepts) { steps.append((x.target, y.target)) }
      }
      for step in steps where seen.insert(step.0 * right.edges.count + step.1).inserted { open.append(step) }
    }
    return false
  }

  private enum ByteClass {
    case byte(UInt8)
    case digit, hex, any

    func intersects(_ other: ByteClass) -> Bool {
      switch (self, other) {
      case (.any, _), (_, .any): true
      case (.byte(let a), .byte(let b)): a == b
      case (.byte(let a), .digit), (.digit, .byte(let a)): a &- 0x30 < 10
      case (.byte(let a), .hex), (.hex, .byte(let a)): PercentCoding.hexDigit(a) != nil
      case (.digit, _), (.hex, _): true
      }
    }
  }

  private struct Automaton {
    var edges: [[(accepts: ByteClass, target: Int)]] = [[]]
    var skips: [[Int]] = [[]]
    var accepting: Int { edges.count - 1 }

    init(_ parts: [ShapePart]) {
      for part in parts {
        switch part {
        case .literal(let bytes): for byte in bytes { step(.byte(byte)) }
        case .parameter(.int): many(.digit)
        case .parameter(.float):
          many(.digit)
          let whole = accepting
          step(.byte(UInt8(ascii: ".")))
          many(.digit)
          skips[whole].append(accepting)
        case .parameter(.uuid):
          for digit in 0..<32 {
            if digit & 3 == 0, 8...20 ~= digit {
              let before = accepting
              step(.byte(UInt8(ascii: "-")))
              skips[before].append(accepting)
            }
            step(.hex)
          }
        case .parameter(.str), .parameter(.path): many(.any)
        }
      }
    }

    private mutating func step(_ accepts: ByteClass) {
      let from = accepting
      edges[from].append((accepts, from + 1))
      edges.append([])
      skips.append([])
    }

    private mutating func many(_ accepts: ByteClass) {
      step(accepts)
      let last = accepting
      edges[last].append((accepts, last))
    }
  }
}
