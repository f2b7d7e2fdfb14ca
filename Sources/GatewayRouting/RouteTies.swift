import GatewayHTTP

/// A row with its sort keys, in matching order (see `RouteTable.orderedRoutes`).
struct SortedRow: Comparable {
  let row: RouteTable.Row
  let rank: [UInt8]
  let tree: [UInt8]
  let sequence: Int

  static func == (a: SortedRow, b: SortedRow) -> Bool { a.sequence == b.sequence }

  static func < (a: SortedRow, b: SortedRow) -> Bool {
    if a.rank != b.rank { return a.rank.lexicographicallyPrecedes(b.rank) }
    if a.row.host != b.row.host {
      guard let left = a.row.host?.rank else { return false }
      guard let right = b.row.host?.rank else { return true }
      if left.group != right.group { return left.group < right.group }
      if left.length != right.length { return left.length < right.length }
      return left.text.lexicographicallyPrecedes(right.text)
    }
    if a.row.priority != b.row.priority { return a.row.priority > b.row.priority }
    if a.row.namesHead != b.row.namesHead { return a.row.namesHead }
    if a.tree != b.tree { return a.tree.lexicographicallyPrecedes(b.tree) }
    return a.sequence < b.sequence
  }
}

/// Finds routes of equal rank, host and priority that can match the same request.
enum RouteTies {
  /// `rows` are in matching order, so candidates are neighbours.
  static func find(_ rows: [SortedRow]) -> [RouteConflict] {
    var conflicts: [RouteConflict] = []
    var start = 0
    while start < rows.count {
      var end = start + 1
      while end < rows.count, isEqual(rows[start], rows[end]) { end += 1 }
      // More different shapes than this exceed the limit of steps anyway, and comparing all pairs would take long.
      if end - start > 1, Set(rows[start..<end].map(\.tree)).count <= RouteTable.Builder.maximumSteps {
        find(rows[start..<end], &conflicts)
      }
      start = end
    }
    return conflicts
  }

  private static func isEqual(_ a: SortedRow, _ b: SortedRow) -> Bool {
    a.row.priority == b.row.priority && a.rank == b.rank && a.row.host == b.row.host
  }

  /// Each route with those before it that it ties with, of equal patterns only the first one, so that n equal routes
  /// give n - 1 findings.
  private static func find(_ run: ArraySlice<SortedRow>, _ conflicts: inout [RouteConflict]) {
    // Routes that are equal in pattern and methods tie with the same others; one stands for all of them.
    struct Standing: Hashable {
      let tree: [UInt8]
      let methods: HTTPMethodSet
    }
    var standing: Set<Standing> = []
    var firsts: [Int] = []
    for second in run.indices {
      var reported: Set<[UInt8]> = []
      for first in firsts where !reported.contains(run[first].tree) && ties(run[first], run[second]) {
        reported.insert(run[first].tree)
        let (a, b) = (run[first].row, run[second].row)
        let same = run[first].tree == run[second].tree
        conflicts.append(
          RouteConflict(
            kind: .tie, routes: [a.index, b.index],
            explanation: "\(a.title) and \(b.title) match the same requests and neither is more specific; "
              + (same ? "" : "make one pattern more specific, or ")
              + "give one of them another priority"))
      }
      if standing.insert(Standing(tree: run[second].tree, methods: run[second].row.methods)).inserted {
        firsts.append(second)
      }
    }
  }

  private static func ties(_ a: SortedRow, _ b: SortedRow) -> Bool {
    var both = a.row.effectiveMethods.intersection(b.row.effectiveMethods)
    // A route that names HEAD goes before one that takes it along with GET.
    if a.row.namesHead != b.row.namesHead { both.remove(HTTPMethodSet(.head)) }
    guard !both.isEmpty else { return false }
    return a.tree == b.tree
      || zip(a.row.pattern.segments, b.row.pattern.segments).allSatisfy { SegmentOverlap.exists($0, $1) }
  }
}

extension RouteTable.Row {
  /// How findings name a route: `GET shop.example/books/{id}`.
  var title: String {
    let method = methods.isEmpty ? "ANY" : methods.names.joined(separator: ",")
    return "\(method) \(host?.text ?? "")\(pattern.text)"
  }
}
