import Foundation
import TestSupport
import Testing

/// `gateway graph`, as somebody at a terminal and a program see it.
@Suite(.timeLimit(.minutes(5))) struct GraphTests {
  /// The example with further guards, and a database that must not come to be.
  private func yaml(_ folder: String) throws -> String {
    try Yaml.example()
      .replacingOccurrences(of: "bookshop.sqlite", with: "\(folder)/books.sqlite")
      .replacingOccurrences(
        of: "use: [edge]\n", with: "use: [edge]\ndepends: store\n")
      .replacingOccurrences(of: "use: [public] }", with: "use: [public], depends: [session] }")
  }

  /// The file's own path stands before each place.
  private func short(_ text: String) -> String {
    text.replacing(/[^ ("]*\/gateway\.yaml/, with: "gateway.yaml")
  }

  @Test func theTreeOfARouteShowsWhoMakesWhatAndWhere() throws {
    let folder = try RunningGateway.folder()
    let shown = try RunningGateway.command("graph", "GET", "/books", "--config", yaml: try yaml(folder))
    #expect(shown.code == 0)
    #expect(shown.errors == "")
    #expect(
      short(shown.output) == """
        App scope, in the order of start:
          store (app): bookshop.store, async, teardown (gateway.yaml:22:3)

        GET /books, group shop (gateway.yaml:73:12)
        ├─ depends store of gateway (app): bookshop.store, async, teardown (gateway.yaml:22:3)
        ├─ depends session of group shop (handler): bookshop.session, async, teardown (gateway.yaml:24:3)
        │  └─ store (app): bookshop.store, async, teardown (gateway.yaml:22:3)
        └─ handler bookshop.listBooks, async
           └─ store (app): bookshop.store, async, teardown (gateway.yaml:22:3)

        """)
    // Nothing was started.
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
    let byHandler = try RunningGateway.command("graph", "bookshop.listBooks", "--config", yaml: try yaml(folder))
    #expect(short(byHandler.output) == short(shown.output))
    let all = try RunningGateway.command("graph", "--config", yaml: try yaml(folder))
    for title in ["GET /about", "POST /books, group shop / desk", "/stock/{rest:path}", "GET /openapi.json", "GET /docs"] {
      #expect(all.output.contains("\n\(title) ("), "\(title)")
    }
  }

  @Test func theJSONHasTheDocumentedShape() throws {
    let shown = try RunningGateway.command(
      "graph", "--format", "json", "POST /books", "--config", yaml: try yaml(RunningGateway.folder()))
    let graph = try #require(try JSONSerialization.jsonObject(with: Data(shown.output.utf8)) as? [String: Any])
    #expect(Set(graph.keys) == ["version", "start", "dependencies", "routes"])
    #expect(graph["start"] as? [String] == ["store"])
    let dependencies = try #require(graph["dependencies"] as? [[String: Any]])
    #expect(dependencies.compactMap { $0["name"] as? String } == ["store", "session", "clerk"])
    let session = try #require(dependencies.dropFirst().first)
    #expect(
      Set(session.keys) == [
        "name", "scope", "plugin", "provider", "type", "execution", "security", "teardown", "needs", "place",
      ])
    #expect(session["scope"] as? String == "handler")
    #expect(session["execution"] as? String == "async")
    #expect(session["teardown"] as? Bool == true)
    #expect(session["security"] as? Bool == false)
    #expect(dependencies.last?["security"] as? Bool == true)
    let need = try #require((session["needs"] as? [[String: Any]])?.first)
    #expect(need["input"] as? String == "store")
    #expect(need["dependency"] as? String == "store")
    let routes = try #require(graph["routes"] as? [[String: Any]])
    #expect(routes.count == 1)
    #expect(
      Set(routes[0].keys) == [
        "methods", "host", "path", "name", "action", "handler", "execution", "groups", "guards", "needs", "steps",
        "place",
      ])
    #expect((routes[0]["guards"] as? [[String: Any]])?.map { $0["from"] as? String } == ["gateway", "group shop", "group desk"])
    #expect((routes[0]["steps"] as? [[String: Any]])?.map { $0["dependency"] as? String } == ["clerk", "session"])
    #expect((routes[0]["place"] as? [String: Any])?["line"] as? Int == 83)
  }

  @Test func theDOTIsValid() throws {
    let shown = try RunningGateway.command(
      "graph", "--format", "dot", "--config", yaml: try yaml(RunningGateway.folder()))
    #expect(shown.code == 0)
    try #require(DOTText.mistake(in: shown.output) == nil, "\(shown.output)")
    #expect(shown.output.contains(#"[label="", style=dashed];"#))
    // The check itself tells right from wrong.
    for wrong in ["digraph g { a -> }", "digraph g { a [label=\"x] }", "digraph g { subgraph { a; }", "graph"] {
      #expect(DOTText.mistake(in: wrong) != nil, "\(wrong)")
    }
    if let program = DOTText.program {
      let file = try RunningGateway.folder() + "/graph.dot"
      try shown.output.write(toFile: file, atomically: true, encoding: .utf8)
      let drawn = try Child.run(program, ["-Tcanon", file])
      #expect(drawn.code == 0, "\(drawn.errors)")
    }
  }

  @Test func anUnknownRouteIsToldWithTheNearest() throws {
    let yaml = try yaml(RunningGateway.folder())
    for (asked, nearest) in [
      ("GET /boks", "`GET /books`"), ("/hallo", "`/hello`"), ("echo.helo", "`echo.hello`"),
    ] {
      let shown = try RunningGateway.command("graph", asked, "--config", yaml: yaml)
      #expect(shown.code == 1)
      #expect(shown.output == "")
      #expect(shown.errors == "gateway: there is no route `\(asked)`; did you mean \(nearest)?\n")
    }
  }

  @Test func mistakesOfTheConfigurationAreToldInstead() throws {
    let shown = try RunningGateway.command(
      "graph", "--config", yaml: "version: 1\nroutes: [ { match: GET /, depends: x, respond: 204 } ]\n")
    #expect(shown.code == 1)
    #expect(shown.output == "")
    #expect(shown.errors.contains("there is no dependency `x`"))
  }
}

/// The grammar of the DOT language, as far as the gateway writes it: statements of ids, edges and attribute lists,
/// subgraphs, quoted strings.
private enum DOTText {
  static var program: String? {
    (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map { "\($0)/dot" }
      .first { FileManager.default.isExecutableFile(atPath: $0) }
  }

  /// What is wrong with a text, nil where nothing is.
  static func mistake(in text: String) -> String? {
    var tokens: [String] = []
    var rest = Substring(text)
    while let first = rest.first {
      if first.isWhitespace {
        rest.removeFirst()
      } else if let match = rest.prefixMatch(of: /"(?:[^"\\]|\\.)*"|->|[A-Za-z_][A-Za-z0-9_]*|[{}\[\];=,]/) {
        tokens.append(String(match.output))
        rest = rest[match.range.upperBound...]
      } else {
        return "no token: \(rest.prefix(20))"
      }
    }
    var position = 0
    func isID() -> Bool {
      guard position < tokens.count, let first = tokens[position].first else { return false }
      return first == "\"" || first.isLetter || first == "_"
    }
    func take(_ token: String) -> Bool {
      guard position < tokens.count, tokens[position] == token else { return false }
      position += 1
      return true
    }
    func takeID() -> Bool {
      guard isID() else { return false }
      position += 1
      return true
    }
    func attributes() -> Bool {
      guard take("[") else { return true }
      while takeID() {
        guard take("="), takeID() else { return false }
        _ = take(",")
      }
      return take("]")
    }
    func statements() -> Bool {
      guard take("{") else { return false }
      while position < tokens.count, tokens[position] != "}" {
        if take("subgraph") {
          guard takeID(), statements() else { return false }
        } else {
          guard takeID() else { return false }
          if take("=") {
            guard takeID() else { return false }
          } else {
            while take("->") { guard takeID() else { return false } }
            guard attributes() else { return false }
          }
        }
        _ = take(";")
      }
      return take("}")
    }
    guard take("digraph"), takeID(), statements(), position == tokens.count else {
      return "token \(position) of \(tokens.count): \(tokens.dropFirst(position).prefix(5))"
    }
    return nil
  }
}
