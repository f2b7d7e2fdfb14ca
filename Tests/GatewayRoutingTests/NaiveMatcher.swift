import GatewayHTTP

@testable import GatewayRouting

/// The specification, written for obviousness: all routes sorted by specificity, each tried with a backtracking matcher
/// over path units (a character or a percent escape). Shares no code with the table but the parsed pattern.
struct NaiveMatcher {
  struct Route {
    var host: String
    var methods: HTTPMethodSet
    var pattern: RoutePattern
    var priority: Int
    var index: Int
  }

  private var routes: [Route]

  init(_ routes: [Route]) {
    self.routes = routes.sorted { Self.precedes($0, $1) }
  }

  private static func precedes(_ a: Route, _ b: Route) -> Bool {
    for (x, y) in zip(a.pattern.segments, b.pattern.segments) {
      let (l, r) = (rank(x), rank(y))
      if l != r { return l.lexicographicallyPrecedes(r) }
    }
    // Patterns of which one continues the other never match the same path; this only makes the order a total one.
    if a.pattern.segments.count != b.pattern.segments.count {
      return a.pattern.segments.count < b.pattern.segments.count
    }
    let hosts = (hostRank(a.host), hostRank(b.host))
    if hosts.0 != hosts.1 { return hosts.0 < hosts.1 }
    if a.priority != b.priority { return a.priority > b.priority }
    let heads = (a.methods.contains(.of(.head)), b.methods.contains(.of(.head)))
    if heads.0 != heads.1 { return heads.0 }
    return a.index < b.index
  }

  private static func rank(_ segment: RouteSegment) -> [Int] {
    switch segment {
    case .literal: return [0]
    case .parameter: return [2]
    case .rest: return [3]
    case .shape(let parts):
      var (literal, tight, count) = (0, 0, 0)
      for part in parts {
        switch part {
        case .literal(let text): literal += text.count
        case .parameter(let kind):
          count += 1
          tight += [.uuid: 3, .int: 2, .float: 1][kind] ?? 0
        }
      }
      return [1, -literal, -tight, count]
    }
  }

  private static func hostRank(_ host: String) -> Int {
    host.isEmpty ? 1000 : host.hasPrefix("*.") ? 500 - host.count : 0
  }

  func match(host: String, method: HTTPMethod, path: String) -> Matched {
    var allowed: HTTPMethodSet = []
    for route in routes {
      guard Self.matches(route.host, host), let captures = Self.captures(route.pattern, path) else { continue }
      var methods = route.methods.isEmpty ? HTTPMethodSet(HTTPMethod.allCases.map { HTTPMethodSet($0) }) : route.methods
      if methods.contains(.of(.get)) { methods.formUnion(.of(.head)) }
      if methods.contains(HTTPMethodSet(method)) { return Matched(result: .route(route.index), captures: captures) }
      allowed.formUnion(methods)
    }
    return Matched(
      result: allowed.isEmpty ? .notFound : .methodNotAllowed(allowed.union(.of(.options))), captures: [])
  }

  private static func matches(_ pattern: String, _ host: String) -> Bool {
    if pattern.isEmpty { return true }
    if pattern.hasPrefix("*.") { return host.hasSuffix(pattern.dropFirst()) && host.count >= pattern.count }
    return pattern == host
  }

  static func captures(_ pattern: RoutePattern, _ path: String) -> [String]? {
    let given = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    var captures: [String] = []
    for (i, segment) in pattern.segments.enumerated() {
      guard i < given.count else { return nil }
      switch segment {
      case .rest: return captures + [given[i...].joined(separator: "/")]
      case .literal(let text): guard text == Array(given[i].utf8) else { return nil }
      case .parameter:
        guard !given[i].isEmpty else { return nil }
        captures.append(given[i])
      case .shape(let parts):
        guard let found = split(units(given[i])[...], parts[...]) else { return nil }
        captures += found
      }
    }
    return given.count == pattern.segments.count ? captures : nil
  }

  private static func units(_ text: String) -> [String] {
    var units: [String] = []
    var rest = Substring(text)
    while let first = rest.first {
      units.append(String(rest.prefix(first == "%" ? 3 : 1)))
      rest = rest.dropFirst(first == "%" ? 3 : 1)
    }
    return units
  }

  /// Each parameter takes as much as it can, then less and less.
  private static func split(_ text: ArraySlice<String>, _ parts: ArraySlice<ShapePart>) -> [String]? {
    guard let part = parts.first else { return text.isEmpty ? [] : nil }
    switch part {
    case .literal(let bytes):
      let literal = units(String(decoding: bytes, as: UTF8.self))
      return text.starts(with: literal) ? split(text.dropFirst(literal.count), parts.dropFirst()) : nil
    case .parameter(let kind):
      var length = text.count
      while length > 0 {
        let value = text.prefix(length)
        if accepts(kind, Array(value)), let rest = split(text.dropFirst(length), parts.dropFirst()) {
          return [value.joined()] + rest
        }
        length -= 1
      }
      return nil
    }
  }

  private static func accepts(_ kind: RouteParameterKind, _ units: [String]) -> Bool {
    let text = units.joined()
    let digits = { (text: Substring) in !text.isEmpty && text.allSatisfy { ("0"..."9").contains($0) } }
    switch kind {
    case .str, .path: return true
    case .int: return digits(text[...])
    case .float:
      let halves = text.split(separator: ".", omittingEmptySubsequences: false)
      return (1...2).contains(halves.count) && halves.allSatisfy(digits)
    case .uuid:
      // Remove the hyphens that stand where they may stand; 32 digits remain.
      var rest = text
      for place in [20, 16, 12, 8] {
        let before = rest.filter { $0 != "-" }.prefix(place)
        var at = rest.startIndex
        for _ in before { at = rest[at...].firstIndex { $0 != "-" }.map(rest.index(after:)) ?? rest.endIndex }
        if at < rest.endIndex, rest[at] == "-" { rest.remove(at: at) }
      }
      return rest.count == 32 && rest.allSatisfy(\.isHexDigit)
    }
  }
}
