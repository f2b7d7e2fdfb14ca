import GatewayHTTP

/// Why a request got the route it got.
public struct RouteExplanation: Sendable, Equatable {
  public let match: RouteMatch
  /// Routes whose path matches, in matching order; where there are none, the ones that come closest.
  public let candidates: [RouteCandidate]
}

public struct RouteCandidate: Sendable, Equatable {
  public enum Outcome: Sendable, Equatable {
    case selected
    /// The path does not match; segments are counted from 0, and the path's may be missing or one too many.
    case pathMismatch(segment: Int)
    case hostMismatch
    case methodMismatch(accepts: HTTPMethodSet)
    /// Everything matches, and the selected route goes first.
    case outranked(by: Int, because: Advantage)
  }

  public enum Advantage: Sendable, Equatable {
    /// Its path is more specific; the first segment in which it is.
    case path(segment: Int)
    case host
    case priority
    /// It names HEAD.
    case namesHead
    /// Nothing: the routes tie, which `build` has reported.
    case none
  }

  public let route: Int
  public let outcome: Outcome
}

extension RouteTable {
  /// Lists the routes that a request could have meant, and why each did not get it. For people; looks at every route.
  ///
  /// - Parameters: as for `match`; `nearest` is how many routes to show where no path matches.
  public func explain(method: HTTPMethod, host: String, path: String, nearest: Int = 5) -> RouteExplanation {
    let pathBytes = Array(path.utf8)
    var captures: [ByteRange] = []
    let match = pathBytes.withUnsafeBytes { path in
      Array(host.utf8).withUnsafeBytes { host in
        self.match(host: host, method: method, path: path, captures: &captures)
      }
    }
    let hostPatterns = Set(rows.compactMap(\.host)).filter { pattern in
      let table = HostTable([pattern])
      return Array(host.utf8).withUnsafeBytes { table.find($0) } != HostTable.none
    }
    let mismatches = rows.map { $0.pattern.firstMismatch(pathBytes) }
    var selected: Row?
    var candidates: [RouteCandidate] = []
    for (row, mismatch) in zip(rows, mismatches) where mismatch == nil {
      let outcome: RouteCandidate.Outcome
      if let host = row.host, !hostPatterns.contains(host) {
        outcome = .hostMismatch
      } else if !row.accepts(method) {
        outcome = .methodMismatch(accepts: row.effectiveMethods)
      } else if let selected {
        outcome = .outranked(by: selected.index, because: Self.advantage(of: selected, over: row))
      } else {
        selected = row
        outcome = .selected
      }
      candidates.append(RouteCandidate(route: row.index, outcome: outcome))
    }
    if candidates.isEmpty {
      let closest = rows.indices.sorted { (mismatches[$0] ?? 0, $1) > (mismatches[$1] ?? 0, $0) }.prefix(nearest)
      candidates = closest.map {
        RouteCandidate(route: rows[$0].index, outcome: .pathMismatch(segment: mismatches[$0] ?? 0))
      }
    }
    return RouteExplanation(match: match, candidates: candidates)
  }

  private static func advantage(of winner: Row, over loser: Row) -> RouteCandidate.Advantage {
    for (i, (a, b)) in zip(winner.pattern.segments, loser.pattern.segments).enumerated() {
      var keys: ([UInt8], [UInt8]) = ([], [])
      a.appendRank(to: &keys.0, distinguishingShapes: false)
      b.appendRank(to: &keys.1, distinguishingShapes: false)
      if keys.0 != keys.1 { return .path(segment: i) }
    }
    if winner.host != loser.host { return .host }
    if winner.priority != loser.priority { return .priority }
    return winner.namesHead && !loser.namesHead ? .namesHead : .none
  }
}

extension RoutePattern {
  /// The first segment in which the path differs; nil where all of it matches.
  func firstMismatch(_ path: [UInt8]) -> Int? {
    guard path.first == UInt8(ascii: "/") else { return 0 }
    let given = path.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    for (i, segment) in segments.enumerated() {
      if segment == .rest { return i < given.count ? nil : i }
      guard i < given.count, segment.matches(Array(given[i])) else { return i }
    }
    return given.count > segments.count ? segments.count : nil
  }
}

extension RouteSegment {
  func matches(_ text: [UInt8]) -> Bool {
    switch self {
    case .literal(let literal): return literal == text
    case .parameter: return !text.isEmpty
    case .rest: return true
    case .shape(let shape):
      var pool: [UInt8] = []
      var parts: [CompiledPart] = []
      for part in shape {
        switch part {
        case .literal(let literal):
          parts.append(
            CompiledPart(kind: .literal, ordinal: 0, start: UInt32(pool.count), count: UInt32(literal.count)))
          pool += literal
        case .parameter(let kind): parts.append(CompiledPart(kind: kind.compiled, ordinal: 0, start: 0, count: 0))
        }
      }
      return text.withUnsafeBytes { path in
        pool.withUnsafeBytes { pool in
          parts.withUnsafeBufferPointer { parts in
            SegmentMatcher(parts: parts, pool: pool, path: path, start: 0, end: path.count).matches()
          }
        }
      }
    }
  }
}
