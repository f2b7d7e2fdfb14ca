import GatewayHTTP

/// Routes compiled into flat arrays of small values: built once, never changed, shared by all event loops.
///
/// A tree over path segments. A request walks it depth first, the most specific child first, so the first route found
/// is the best one. Each step reads one segment; a step back reads it again, so nothing is stored per segment and the
/// number of segments in a path needs no limit of its own.
///
/// **Bound.** A walk visits each node at most once, so it cannot run away; what it costs at worst is known when the
/// table is built (`worstCaseSteps`), and a table over `Builder.maximumSteps` is refused.
public struct RouteTable: Sendable {
  /// A place in the tree. Children are indexes into `nodes`, terminals into `terminals`; -1 is none.
  struct Node: Sendable {
    var terminal: Int32 = -1
    var parameter: Int32 = -1
    var rest: Int32 = -1
    var hasLiterals = false
    var shapes: UInt32 = 0
    var shapeCount: UInt32 = 0
  }

  /// A child reached through a shape.
  struct ShapeEdge: Sendable {
    var child: Int32
    var parts: UInt32
    var partCount: UInt16
    /// The next edge has the same rank, so what both of them lead to has to be compared.
    var tiesWithNext: Bool
  }

  /// Where a pattern ends.
  struct Terminal: Sendable {
    /// Routes without a host pattern; -1 is none.
    var anyHost: Int32 = -1
    /// Whether `hosted` has entries for this terminal.
    var hasHosts = false
  }

  /// Routes of one terminal and one host pattern.
  struct Group: Sendable {
    var methods: HTTPMethodSet
    var first: UInt32
    var count: UInt32
  }

  /// A route within its group. The methods of a group's entries are disjoint: priorities were settled at build.
  struct Entry: Sendable {
    var methods: HTTPMethodSet
    var route: UInt32
    /// Position in the matching order.
    var order: UInt32
  }

  /// What reads the parameters of a route's path.
  struct CaptureStep: Sendable {
    enum Kind: UInt8, Sendable { case skip, segment, shape, rest }
    var kind: Kind
    var parameterCount: UInt8 = 0
    var partCount: UInt16 = 0
    var parts: UInt32 = 0
  }

  struct Route: Sendable {
    var index: Int
    var steps: UInt32
    var stepCount: UInt16
    var parameterCount: UInt16
  }

  /// Literal text of edges and shapes.
  var pool: [UInt8] = []
  var nodes: [Node] = [Node()]
  var literals = StaticEdges()
  var shapes: [ShapeEdge] = []
  var parts: [CompiledPart] = []
  var terminals: [Terminal] = []
  var hosted = HostedGroups()
  var groups: [Group] = []
  var entries: [Entry] = []
  var steps: [CaptureStep] = []
  var routes: [Route] = []
  var hosts = HostTable()
  /// The routes as they were added, in matching order; for listings and explanations only.
  var rows: [Row] = []

  /// Upper bound of the nodes and shapes that any one request makes the table look at.
  public internal(set) var worstCaseSteps = 0

  /// A table without routes: everything is `notFound`.
  public init() {}

  /// Indexes of all routes in matching order: of the routes that accept a request, the one listed first gets it.
  ///
  /// The order: path, compared segment by segment from the left (literal; constrained or mixed, see
  /// `RouteSegment.appendRank`; parameter; rest); then host (exact, longer wildcard, shorter wildcard, none); then priority, higher first;
  /// then routes that name HEAD before those that take it as GET; then the text of patterns and the order of adding.
  public func orderedRoutes() -> [Int] { rows.map(\.index) }
}

extension RouteTable {
  /// A route as it was added.
  struct Row: Sendable {
    var host: HostPattern?
    var methods: HTTPMethodSet
    var pattern: RoutePattern
    var priority: Int
    var index: Int

    /// Whether the route takes the method; empty sets take all, and GET takes HEAD (RFC 9110 §9.3.2).
    func accepts(_ method: HTTPMethod) -> Bool { effectiveMethods.contains(HTTPMethodSet(method)) }

    var effectiveMethods: HTTPMethodSet {
      if methods.isEmpty { return .all }
      return methods.contains(HTTPMethodSet(.get)) ? methods.union(HTTPMethodSet(.head)) : methods
    }

    var namesHead: Bool { methods.contains(HTTPMethodSet(.head)) }
  }
}

extension HTTPMethodSet {
  static let all = HTTPMethodSet(HTTPMethod.allCases.map { HTTPMethodSet($0) })
}
