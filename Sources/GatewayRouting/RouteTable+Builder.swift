import GatewayHTTP

extension RouteTable {
  /// Collects routes and compiles them.
  public struct Builder: Sendable {
    /// Most nodes and shapes that one request may make a table look at. Ordinary tables need less than a hundred;
    /// this many cost well under a millisecond.
    public static let maximumSteps = 4096

    private var rows: [Row] = []

    public init() {}

    /// - Parameters:
    ///   - host: nil for every host.
    ///   - methods: empty for every method.
    ///   - priority: decides between routes whose path and host are equally specific; higher goes first.
    ///   - index: what `match` returns for this route.
    public mutating func add(
      host: HostPattern? = nil, methods: HTTPMethodSet, pattern: RoutePattern, priority: Int = 0, index: Int
    ) {
      rows.append(Row(host: host, methods: methods, pattern: pattern, priority: priority, index: index))
    }

    /// The table, and everything that is wrong with the routes, in matching order. A table with a conflict of severity
    /// `error` must not serve.
    public func build() -> (RouteTable, [RouteConflict]) {
      var compiler = RouteTableCompiler(rows)
      return compiler.compile()
    }
  }
}

/// Turns rows into a table.
///
/// Rows are sorted by the matching order first. Sorted once more by pattern, rows with a common beginning are
/// neighbours, so the tree falls out of one pass over ranges of rows.
struct RouteTableCompiler {
  private var table = RouteTable()
  private var conflicts: [RouteConflict] = []
  private var hasTooManySteps = false
  /// Positions in `table.rows`, sorted by pattern.
  private var byPattern: [Int] = []
  private var tree: [RouteTable.Row] = []
  private var hostIDs: [HostPattern: Int32] = [:]
  private var literalPlaces: [[UInt8]: Int] = [:]
  private var edges: [StaticEdges.Edge] = []
  private var hosted: [(terminal: Int32, host: Int32, group: Int32)] = []

  init(_ rows: [RouteTable.Row]) {
    let keyed = rows.enumerated().map { sequence, row in
      SortedRow(
        row: row, rank: row.pattern.rankKey(distinguishingShapes: false),
        tree: row.pattern.rankKey(distinguishingShapes: true), sequence: sequence)
    }.sorted()
    table.rows = keyed.map(\.row)
    byPattern = Array(keyed.indices)
    byPattern.sort { a, b in
      if keyed[a].tree == keyed[b].tree { return a < b }
      return keyed[a].tree.lexicographicallyPrecedes(keyed[b].tree)
    }
    tree = byPattern.map { keyed[$0].row }
    conflicts = RouteTies.find(keyed)
  }

  mutating func compile() -> (RouteTable, [RouteConflict]) {
    var patterns: [HostPattern] = []
    for case let host? in table.rows.map(\.host) where hostIDs[host] == nil {
      patterns.append(host)
      hostIDs[host] = Int32(patterns.count)
    }
    table.hosts = HostTable(patterns)
    for row in table.rows { addRoute(row) }
    if !tree.isEmpty { table.worstCaseSteps = fill(0, tree.indices, depth: 0) }
    table.literals = StaticEdges(edges)
    table.hosted = HostedGroups(hosted)
    return (table, conflicts)
  }

  /// Fills in the node for the rows `range`, which agree in their first `depth` segments; returns how many steps a
  /// request may take from here on.
  private mutating func fill(_ node: Int, _ range: Range<Int>, depth: Int) -> Int {
    var steps = 1
    var literalSteps = 0
    var shapes: [RouteTable.ShapeEdge] = []
    var shapeRanks: [[UInt8]] = []
    var at = range.lowerBound
    while at < range.upperBound, tree[at].pattern.segments.count == depth { at += 1 }
    if at > range.lowerBound { table.nodes[node].terminal = terminal(range.lowerBound..<at) }
    while at < range.upperBound {
      let segment = tree[at].pattern.segments[depth]
      let start = at
      while at < range.upperBound, tree[at].pattern.segments[depth] == segment { at += 1 }
      if segment == .rest {
        table.nodes[node].rest = terminal(start..<at)
        steps += 1
        continue
      }
      let child = table.nodes.count
      table.nodes.append(RouteTable.Node())
      switch segment {
      case .literal(let text):
        table.nodes[node].hasLiterals = true
        edges.append(
          StaticEdges.Edge(
            parent: node, child: Int32(child), segment: text.withUnsafeBytes { ByteHash.segment($0, from: 0) },
            start: place(of: text), count: text.count))
      case .parameter: table.nodes[node].parameter = Int32(child)
      case .shape(let parts):
        var rank: [UInt8] = []
        segment.appendRank(to: &rank, distinguishingShapes: false)
        shapeRanks.append(rank)
        let first = compile(parts)
        shapes.append(
          RouteTable.ShapeEdge(
            child: Int32(child), parts: UInt32(first), partCount: UInt16(parts.count), tiesWithNext: false))
      case .rest: break
      }
      let below = fill(child, start..<at, depth: depth + 1)
      switch segment {
      // Only one literal can match, so only the costliest counts.
      case .literal: literalSteps = max(literalSteps, below)
      case .shape: steps = Self.sum(steps, Self.sum(1, below))
      default: steps = Self.sum(steps, below)
      }
    }
    for i in shapes.indices.dropLast() { shapes[i].tiesWithNext = shapeRanks[i] == shapeRanks[i + 1] }
    table.nodes[node].shapes = UInt32(table.shapes.count)
    table.nodes[node].shapeCount = UInt32(shapes.count)
    table.shapes += shapes
    steps = Self.sum(steps, literalSteps)
    reportIfTooMany(steps, range, depth)
    return steps
  }

  private static func sum(_ a: Int, _ b: Int) -> Int { min(a + b, 1 << 40) }

  private mutating func reportIfTooMany(_ steps: Int, _ range: Range<Int>, _ depth: Int) {
    let limit = RouteTable.Builder.maximumSteps
    guard steps > limit, !hasTooManySteps else { return }
    hasTooManySteps = true
    let some = tree[range].prefix(4)
    conflicts.append(
      RouteConflict(
        kind: .tooManySteps(worst: steps, limit: limit), routes: some.map(\.index),
        explanation: "\(range.count) routes such as \(some.map(\.pattern.text).joined(separator: ", ")) overlap so much"
          + " after segment \(depth) that one request could take \(steps) steps (at most \(limit)); use fewer parameters"
          + " beside literal segments"))
  }

  /// Compiles the rows of one pattern; they are in matching order, so those of one host are neighbours.
  private mutating func terminal(_ range: Range<Int>) -> Int32 {
    let terminal = Int32(table.terminals.count)
    table.terminals.append(RouteTable.Terminal())
    var at = range.lowerBound
    while at < range.upperBound {
      let host = tree[at].host
      let start = at
      while at < range.upperBound, tree[at].host == host { at += 1 }
      let group = self.group(start..<at)
      if let host, let id = hostIDs[host] {
        hosted.append((terminal, id, group))
        table.terminals[Int(terminal)].hasHosts = true
      } else {
        table.terminals[Int(terminal)].anyHost = group
      }
    }
    return terminal
  }

  private mutating func group(_ range: Range<Int>) -> Int32 {
    var group = RouteTable.Group(methods: [], first: UInt32(table.entries.count), count: 0)
    defer { table.groups.append(group) }
    if range.count == 1 {
      addEntry(range.lowerBound, tree[range.lowerBound].effectiveMethods, to: &group)
      return Int32(table.groups.count)
    }
    // HEAD goes to the first that names it among those of the highest priority that takes it, else to the first.
    var owner: [HTTPMethod: Int] = [:]
    for method in HTTPMethod.allCases { owner[method] = range.first { tree[$0].accepts(method) } }
    for at in range {
      let own = HTTPMethodSet(owner.filter { $0.value == at }.keys.map { HTTPMethodSet($0) })
      guard !own.isEmpty else {
        reportShadowed(at, by: Set(owner.filter { tree[at].accepts($0.key) }.values).sorted())
        continue
      }
      addEntry(at, own, to: &group)
    }
    return Int32(table.groups.count)
  }

  private mutating func addEntry(_ at: Int, _ methods: HTTPMethodSet, to group: inout RouteTable.Group) {
    let order = UInt32(byPattern[at])
    table.entries.append(RouteTable.Entry(methods: methods, route: order, order: order))
    group.methods.formUnion(methods)
    group.count += 1
  }

  private mutating func reportShadowed(_ at: Int, by others: [Int]) {
    let row = tree[at]
    // A tie is an error of its own, and the reason is the same.
    guard !others.contains(where: { tree[$0].priority == row.priority }) else { return }
    let names = others.map { tree[$0].title }.joined(separator: ", ")
    conflicts.append(
      RouteConflict(
        kind: .shadowed, routes: [row.index] + others.map { tree[$0].index },
        explanation: "\(row.title) never gets a request: \(names) always goes first because of its priority"))
  }

  private mutating func addRoute(_ row: RouteTable.Row) {
    var steps: [RouteTable.CaptureStep] = []
    for segment in row.pattern.segments {
      switch segment {
      case .literal: steps.append(RouteTable.CaptureStep(kind: .skip))
      case .parameter: steps.append(RouteTable.CaptureStep(kind: .segment))
      case .rest: steps.append(RouteTable.CaptureStep(kind: .rest))
      case .shape(let shape):
        let first = compile(shape)
        let count = table.parts[first...].count { $0.kind != .literal }
        steps.append(
          RouteTable.CaptureStep(
            kind: .shape, parameterCount: UInt8(count), partCount: UInt16(shape.count), parts: UInt32(first)))
      }
    }
    while steps.last?.kind == .skip { steps.removeLast() }
    table.routes.append(
      RouteTable.Route(
        index: row.index, steps: UInt32(table.steps.count), stepCount: UInt16(steps.count),
        parameterCount: UInt16(row.pattern.parameters.count)))
    table.steps += steps
  }

  private mutating func compile(_ shape: [ShapePart]) -> Int {
    let first = table.parts.count
    var ordinal: UInt8 = 0
    for part in shape {
      switch part {
      case .literal(let text):
        table.parts.append(
          CompiledPart(kind: .literal, ordinal: 0, start: UInt32(place(of: text)), count: UInt32(text.count)))
      case .parameter(let kind):
        table.parts.append(CompiledPart(kind: kind.compiled, ordinal: ordinal, start: 0, count: 0))
        ordinal += 1
      }
    }
    return first
  }

  private mutating func place(of text: [UInt8]) -> Int {
    if let known = literalPlaces[text] { return known }
    let start = table.pool.count
    table.pool += text
    literalPlaces[text] = start
    return start
  }
}

extension RouteParameterKind {
  var compiled: CompiledPart.Kind {
    switch self {
    case .str, .path: .free
    case .int: .int
    case .float: .float
    case .uuid: .uuid
    }
  }
}
