import GatewayHTTP

extension RouteTable {
  /// Finds the route for a request.
  ///
  /// HEAD is taken by GET routes; a route that names HEAD goes first where both have the same path, host and priority.
  /// OPTIONS and CORS preflights are the caller's: `methodNotAllowed` carries the answer to the first, and for the
  /// second call this with the method that the preflight asks about.
  ///
  /// - Parameters:
  ///   - host: the request's authority; port, letter case and one trailing dot are ignored. May be empty.
  ///   - path: normalised, still percent-encoded, starting with a slash (`RequestContext.path`). Anything else, such as
  ///     the `*` of OPTIONS, is `notFound`.
  ///   - captures: emptied; for a route it gets the range in `path` of each parameter, in the order of
  ///     `RoutePattern.parameters`. Percent-encoded, never empty but for the rest of a path. Keep the array between
  ///     calls: with enough capacity nothing is allocated.
  public func match(
    host: UnsafeRawBufferPointer, method: HTTPMethod, path: UnsafeRawBufferPointer, captures: inout [ByteRange]
  ) -> RouteMatch {
    if !captures.isEmpty { captures.removeAll(keepingCapacity: true) }
    guard let first = path.first, first == UInt8(ascii: "/"), path.count < Int(UInt32.max) else { return .notFound }
    let host = hosts.isEmpty ? HostTable.none : hosts.find(host)
    return withStorage { storage in
      var search = Search(storage: storage, path: path, method: HTTPMethodSet(method), host: host, allowed: [])
      let found = walk(0, 1, &search)
      if found >= 0 {
        let route = routes[Int(storage.entries[Int(found)].route)]
        if route.parameterCount > 0 { capture(route, path, storage, &captures) }
        return .route(route.index)
      }
      guard !search.allowed.isEmpty else { return .notFound }
      return .methodNotAllowed(search.allowed.union(HTTPMethodSet(.options)))
    }
  }

  /// The table's arrays as plain buffers for the time of one match. All indexes into them come from the builder, none
  /// from a request. With the arrays themselves a match takes 20 to 50 % more instructions (703 → 1058 for three
  /// literal segments, 2005 → 2399 for seven segments with two parameters; callgrind, 1,000 routes).
  private struct Storage {
    let pool: UnsafeRawBufferPointer
    let nodes: UnsafeBufferPointer<Node>
    let slots: UnsafeBufferPointer<StaticEdges.Slot>
    let shapes: UnsafeBufferPointer<ShapeEdge>
    let parts: UnsafeBufferPointer<CompiledPart>
    let terminals: UnsafeBufferPointer<Terminal>
    let groups: UnsafeBufferPointer<Group>
    let entries: UnsafeBufferPointer<Entry>
  }

  @inline(__always)
  private func withStorage(_ body: (Storage) -> RouteMatch) -> RouteMatch {
    pool.withUnsafeBytes { pool in
      nodes.withUnsafeBufferPointer { nodes in
        literals.slots.withUnsafeBufferPointer { slots in
          shapes.withUnsafeBufferPointer { shapes in
            parts.withUnsafeBufferPointer { parts in
              terminals.withUnsafeBufferPointer { terminals in
                groups.withUnsafeBufferPointer { groups in
                  entries.withUnsafeBufferPointer { entries in
                    body(
                      Storage(
                        pool: pool, nodes: nodes, slots: slots, shapes: shapes, parts: parts, terminals: terminals,
                        groups: groups, entries: entries))
                  }
                }
              }
            }
          }
        }
      }
    }
  }

  private struct Search {
    let storage: Storage
    let path: UnsafeRawBufferPointer
    let method: HTTPMethodSet
    let host: Int32
    /// What routes with this host and path take that did not take `method`.
    var allowed: HTTPMethodSet
  }

  /// The best entry below `node` for the path from `start` on, or -1. Recursion is as deep as a pattern is long
  /// (`RoutePattern.maximumSegments`), whatever the path.
  private func walk(_ node: Int32, _ start: Int, _ search: inout Search) -> Int32 {
    var at = node
    var start = start
    while true {
      let node = search.storage.nodes[Int(at)]
      let segment = ByteHash.segment(search.path, from: start)
      let end = segment.end
      var next: Int32 = -1
      if node.hasLiterals {
        next = StaticEdges.child(
          of: at, segment, search.path, start, slots: search.storage.slots, pool: search.storage.pool)
      }
      if node.shapeCount > 0 || node.parameter >= 0 || node.rest >= 0 {
        if next >= 0 {
          let found = descend(next, end, &search)
          if found >= 0 { return found }
          next = -1
        }
        if node.shapeCount > 0 {
          let found = walkShapes(node, start, end, &search)
          if found >= 0 { return found }
        }
        if end > start { next = node.parameter }
        if node.rest >= 0 {
          if next >= 0 {
            let found = descend(next, end, &search)
            if found >= 0 { return found }
          }
          return select(node.rest, &search)
        }
      }
      // One way left: go on without recursion.
      guard next >= 0 else { return -1 }
      guard end < search.path.count else { return select(search.storage.nodes[Int(next)].terminal, &search) }
      at = next
      start = end &+ 1
    }
  }

  private func descend(_ node: Int32, _ end: Int, _ search: inout Search) -> Int32 {
    end == search.path.count ? select(search.storage.nodes[Int(node)].terminal, &search) : walk(node, end &+ 1, &search)
  }

  private func walkShapes(_ node: Node, _ start: Int, _ end: Int, _ search: inout Search) -> Int32 {
    var best: Int32 = -1
    for i in Int(node.shapes)..<Int(node.shapes + node.shapeCount) {
      let edge = search.storage.shapes[i]
      if matcher(edge.parts, edge.partCount, search.path, search.storage, start, end).matches() {
        let found = descend(edge.child, end, &search)
        let entries = search.storage.entries
        if found >= 0, best < 0 || entries[Int(found)].order < entries[Int(best)].order { best = found }
      }
      // Shapes of equal rank are compared by what they lead to; the next rank only counts where there is nothing yet.
      if best >= 0, !edge.tiesWithNext { return best }
    }
    return best
  }

  /// The entry at a pattern's end that takes the request's host and method, or -1.
  private func select(_ terminal: Int32, _ search: inout Search) -> Int32 {
    guard terminal >= 0 else { return -1 }
    let ending = search.storage.terminals[Int(terminal)]
    if ending.hasHosts {
      var host = search.host
      while host != HostTable.none {
        let group = hosted.group(terminal, host)
        if group >= 0 {
          let found = select(in: search.storage.groups[Int(group)], &search)
          if found >= 0 { return found }
        }
        host = hosts.wider[Int(host)]
      }
    }
    return ending.anyHost >= 0 ? select(in: search.storage.groups[Int(ending.anyHost)], &search) : -1
  }

  @inline(__always)
  private func select(in group: Group, _ search: inout Search) -> Int32 {
    guard group.methods.contains(search.method) else {
      search.allowed.formUnion(group.methods)
      return -1
    }
    for i in Int(group.first)..<Int(group.first + group.count)
    where search.storage.entries[i].methods.contains(search.method) {
      return Int32(truncatingIfNeeded: i)
    }
    return -1
  }

  /// Reads the parameters out of a path that is known to match.
  private func capture(
    _ route: Route, _ path: UnsafeRawBufferPointer, _ storage: Storage, _ captures: inout [ByteRange]
  ) {
    var start = 1
    for i in Int(route.steps)..<Int(route.steps) + Int(route.stepCount) {
      let step = steps[i]
      let end = ByteHash.segmentEnd(path, from: start)
      switch step.kind {
      case .skip: break
      case .segment: captures.append(ByteRange(start..<end))
      case .rest: captures.append(ByteRange(start..<path.count))
      case .shape:
        let base = captures.count
        for _ in 0..<step.parameterCount { captures.append(ByteRange(0..<0)) }
        _ = matcher(step.parts, step.partCount, path, storage, start, end).capture(into: &captures, base: base)
      }
      start = end &+ 1
    }
  }

  @inline(__always)
  private func matcher(
    _ first: UInt32, _ count: UInt16, _ path: UnsafeRawBufferPointer, _ storage: Storage, _ start: Int, _ end: Int
  ) -> SegmentMatcher {
    SegmentMatcher(
      parts: UnsafeBufferPointer(rebasing: storage.parts[Int(first)..<Int(first) + Int(count)]), pool: storage.pool,
      path: path, start: start, end: end)
  }
}
