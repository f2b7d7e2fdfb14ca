import GatewayHTTP
import Testing

@testable import GatewayRouting

/// Random tables against the naive matcher. Words, hosts and paths are drawn from few values, so that routes overlap.
@Suite struct PropertyTests {
  private static let words = [
    "a", "b", "ab", "1", "12", "a-b", "1-2", "x.y", "a-1.2", "%2F", "a%2F2", "1.5", "-", "abcdefgh", "abcdefghi",
  ]
  private static let shapes = [
    "{#:int}", "{#:float}", "{#:uuid}", "{#}-{#}", "{#}.{#}", "a{#}", "{#}b", "{#:int}-{#}", "{#}-{#:int}", "{#}%2F{#}",
    "{#}2{#}", "a-{#:int}.{#:int}", "{#}-{#:int}.{#}", "{#:float}-{#}",
  ]
  private static let hosts = ["", "", "", "a.example", "b.a.example", "*.example", "*.a.example"]
  private static let methods: [HTTPMethodSet] = [
    .of(.get), .of(.get), .of(.post), .of(.get, .post), [], .of(.head), .of(.options), .of(.put, .delete),
  ]

  private func pattern(_ random: inout SeededGenerator) throws -> RoutePattern {
    var name = 0
    var text = ""
    for _ in 0..<Int.random(in: 1...4, using: &random) {
      switch Int.random(in: 0..<10, using: &random) {
      case 0..<4: text += "/" + (Self.words.randomElement(using: &random) ?? "")
      case 4..<7: text += "/{#}"
      default: text += "/" + (Self.shapes.randomElement(using: &random) ?? "")
      }
    }
    switch Int.random(in: 0..<8, using: &random) {
    case 0: text += "/"
    case 1: text += "/{#:path}"
    default: break
    }
    while let place = text.firstIndex(of: "#") {
      text.replaceSubrange(place...place, with: "p\(name)")
      name += 1
    }
    return try RoutePattern(text)
  }

  /// A path that one of the patterns may have been written for, or any other.
  private func path(_ random: inout SeededGenerator, _ patterns: [RoutePattern]) -> String {
    var path = ""
    if Int.random(in: 0..<4, using: &random) > 0, let pattern = patterns.randomElement(using: &random) {
      for segment in pattern.segments {
        path += "/"
        switch segment {
        case .literal(let text): path += String(decoding: text, as: UTF8.self)
        case .parameter, .rest: path += Self.words.randomElement(using: &random) ?? ""
        case .shape(let parts):
          for part in parts {
            switch part {
            case .literal(let text): path += String(decoding: text, as: UTF8.self)
            case .parameter(.int): path += "12"
            case .parameter(.float): path += "1.5"
            case .parameter(.uuid): path += "00112233-4455-6677-8899-aabbccddeeff"
            case .parameter: path += Self.words.randomElement(using: &random) ?? ""
            }
          }
        }
      }
      return path
    }
    for _ in 0..<Int.random(in: 1...5, using: &random) {
      path += "/"
      for _ in 0..<Int.random(in: 0...10, using: &random) / 4 { path += Self.words.randomElement(using: &random) ?? "" }
    }
    return path
  }

  @Test(arguments: 0..<20)
  func tableAgreesWithTheNaiveMatcher(seed: Int) throws {
    var random = SeededGenerator(state: UInt64(seed))
    var hits = 0
    for _ in 0..<25 {
      var builder = RouteTable.Builder()
      var naive: [NaiveMatcher.Route] = []
      for index in 0..<Int.random(in: 1...25, using: &random) {
        let route = NaiveMatcher.Route(
          host: Self.hosts.randomElement(using: &random) ?? "",
          methods: Self.methods.randomElement(using: &random) ?? [],
          pattern: try pattern(&random), priority: Int.random(in: 0...2, using: &random), index: index)
        naive.append(route)
        builder.add(
          host: route.host.isEmpty ? nil : try HostPattern(route.host), methods: route.methods, pattern: route.pattern,
          priority: route.priority, index: index)
      }
      let (table, conflicts) = builder.build()
      let tied = Set(conflicts.filter { $0.kind == .tie }.flatMap(\.routes))
      let shadowed = Set(conflicts.filter { $0.kind == .shadowed }.compactMap(\.routes.first))
      let reference = NaiveMatcher(naive)
      for _ in 0..<40 {
        let path = path(&random, naive.map(\.pattern))
        let host = ["", "a.example", "b.a.example", "c.a.example", "x"].randomElement(using: &random) ?? ""
        let method = [HTTPMethod.get, .get, .head, .post, .options, .put, .patch].randomElement(using: &random) ?? .get
        let found = table.find(method, path, host: host)
        let expected = reference.match(host: host, method: method, path: path)
        if case .route(let a) = found.result, case .route(let b) = expected.result, a != b {
          // Only a tie leaves the choice open, and it was reported.
          #expect(tied.contains(a) && tied.contains(b), "\(method) \(host)\(path): \(found), expected \(expected)")
        } else {
          #expect(found == expected, "\(method) \(host)\(path)")
        }
        if case .route(let index) = found.result {
          hits += 1
          #expect(!shadowed.contains(index))
          let selected = table.explain(method: method, host: host, path: path).candidates.first {
            $0.outcome == .selected
          }
          #expect(selected?.route == index)
        }
      }
    }
    #expect(hits > 150)
  }

  @Test func shapesSplitSegmentsAsABacktrackingMatcherDoes() throws {
    var random = SeededGenerator(state: 42)
    let shapes = try Self.shapes.map { shape in
      var text = "/" + shape
      var name = 0
      while let place = text.firstIndex(of: "#") {
        text.replaceSubrange(place...place, with: "p\(name)")
        name += 1
      }
      return try RoutePattern(text)
    }
    let alphabet = ["a", "b", "1", "2", "-", ".", "%2F", "-1", ".2"]
    let tables = shapes.map { shape in
      var builder = RouteTable.Builder()
      builder.add(methods: [], pattern: shape, index: 0)
      return builder.build().0
    }
    for _ in 0..<1_000 {
      let path =
        "/"
        + (0..<Int.random(in: 0...9, using: &random)).map { _ in alphabet.randomElement(using: &random) ?? "" }.joined()
      for (pattern, table) in zip(shapes, tables) {
        let found = table.find(.get, path)
        let expected = NaiveMatcher.captures(pattern, path)
        #expect(
          found == Matched(result: expected == nil ? .notFound : .route(0), captures: expected ?? []),
          "\(pattern.text) on \(path)")
      }
    }
  }
}
