import Foundation
import TestSupport
import Testing

/// Mistakes in a configuration, as somebody at a terminal meets them.
@Suite(.timeLimit(.minutes(5))) struct ConfigurationTests {
  private let mistakes = """
    version: 1
    server: { listen: ["127.0.0.1:0"], limitz: 3 }
    plugin_path: ["\(BuiltPlugins.directory)"]
    plugins: { bookshop: { library: Bookshop }, echo: { library: Echo } }
    dependencies:
      store: { provider: bookshop.stor, scope: app, config: { path: ":memory:" } }
      session: { provider: bookshop.session, needs: { stor: store } }
    routes:
      - { match: GET /hello, handler: echo.helo }
      - { match: GET /a, handler: ecko.hello }
      - { match: GET /books, handler: bookshop.listBooks, needs: { store: stor } }
    """

  @Test func checkTellsEveryMistakeWithItsPlaceAndTheNearestWord() throws {
    let checked = try RunningGateway.command("check", yaml: mistakes)
    #expect(checked.code == 1)
    #expect(checked.output.isEmpty)
    let expected = [
      ("unknown key `limitz`", "2:36", "`limits`"),
      ("plugin `bookshop` has no provider `stor`", "6:31", "`store`"),
      ("there is no input 'stor'", "7:51", "'store'"),
      ("plugin `echo` has no handler `helo`", "9:40", "`hello`"),
      ("there is no plugin `ecko`", "10:31", "`echo`"),
      ("there is no dependency `stor`", "11:71", "`store`"),
    ]
    for (message, place, word) in expected {
      let block = checked.errors.components(separatedBy: "\n\n").first { $0.contains(message) }
      #expect(block?.contains("gateway.yaml:\(place)") == true, "\(message): \(block ?? checked.errors)")
      #expect(block?.contains("did you mean \(word)?") == true, "\(message)")
    }
    #expect(checked.errors.hasSuffix("6 errors\n"), "\(checked.errors)")
  }

  @Test func theJSONFormIsForPrograms() throws {
    let checked = try RunningGateway.command("check", "--json", yaml: mistakes)
    #expect(checked.code == 1)
    let list = try #require(try JSONSerialization.jsonObject(with: Data(checked.output.utf8)) as? [[String: Any]])
    #expect(list.count == 6)
    for entry in list {
      #expect(entry["severity"] as? String == "error")
      #expect((entry["file"] as? String)?.hasSuffix("gateway.yaml") == true)
      #expect(entry["line"] is Int)
      #expect(entry["column"] is Int)
      #expect((entry["message"] as? String)?.isEmpty == false)
    }
    let fine = try RunningGateway.command("check", "--json", yaml: Yaml.example())
    #expect(fine.code == 0)
    #expect(fine.output == "[]\n")
  }

  @Test func checkServesNothingAndLeavesNothingBehind() throws {
    let folder = try RunningGateway.folder()
    let yaml = try Yaml.example().replacingOccurrences(of: "path: stdout", with: "path: \(folder)/access.log")
    let checked = try RunningGateway.command(
      "check", yaml: yaml, environment: ["BOOKSHOP_DATABASE": "\(folder)/books.sqlite"])
    #expect(checked.code == 0)
    #expect(checked.output.contains("is fine: 15 routes, 2 plugins, 1 upstream"))
    #expect(checked.errors.isEmpty)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
  }

  @Test func routesArePrintedInMatchingOrder() throws {
    let table = try RunningGateway.command("routes", yaml: Yaml.example())
    #expect(table.code == 0)
    let rows = table.output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
    #expect(rows.count == 16)
    #expect(rows.contains(["GET", "*", "/books/{book_id}", "handler", "bookshop.getBook"]))
    #expect(rows.last == ["*", "*", "/stock/{rest:path}", "proxy", "stock", "/{rest}"])

    let json = try RunningGateway.command("routes", "--json", yaml: Yaml.example())
    let list = try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [[String: Any]]
    #expect(list?.count == 15)
    #expect(try RunningGateway.command("routes", yaml: mistakes).code == 1)
  }

  @Test func runRefusesWhatCheckRefuses() throws {
    let failed = try RunningGateway.failure(mistakes)
    #expect(failed.code == 1)
    #expect(failed.errors.hasSuffix("6 errors\n"))
  }

  @Test func aFileThatIsMissingOrNoYAMLIsAMistakeWithItsName() throws {
    let missing = try Child.run(RunningGateway.program, ["check", "/nowhere/gateway.yaml"])
    #expect(missing.code == 1)
    #expect(missing.errors.contains("/nowhere/gateway.yaml"))
    let broken = try RunningGateway.command("check", yaml: "version: 1\nroutes: [ { match: GET / ]\n")
    #expect(broken.code == 1)
    #expect(broken.errors.contains("gateway.yaml:2:"))
  }

  /// `dependencies` and `routes` on top of the real Bookshop.
  private func wiring(_ dependencies: String, _ routes: String) throws -> String {
    let yaml = """
      version: 1
      plugin_path: ["\(BuiltPlugins.directory)"]
      plugins: { bookshop: { library: Bookshop } }
      dependencies:
        \(dependencies)
      routes:
        \(routes)
      """
    let checked = try RunningGateway.command("check", yaml: yaml)
    #expect(checked.code == 1, "\(checked.output)")
    return checked.errors
  }

  @Test func aHandlerWithoutWhatItNeedsIsFound() throws {
    let errors = try wiring("{}", "- { match: /a, handler: bookshop.createBook }")
    #expect(errors.contains("handler `bookshop.createBook`: input 'session' of type Bookshop.Session is not wired"))
    #expect(errors.contains("gateway.yaml:7:27"))
  }

  @Test func dependenciesInACircleAreFound() throws {
    let errors = try wiring(
      """
      { a: { provider: bookshop.session, needs: { store: b } },
            b: { provider: bookshop.session, needs: { store: a } } }
      """,
      "- { match: /a, handler: bookshop.createBook, needs: { session: a } }")
    #expect(errors.contains("dependencies need each other in a circle: a → b → a"))
  }

  @Test func aDependencyThatOutlivesItsOwnIsFound() throws {
    let errors = try wiring(
      """
      { store: { provider: bookshop.store, scope: request, config: { path: x } },
            session: { provider: bookshop.session, scope: app, needs: { store: store } } }
      """, "- { match: /a, handler: bookshop.createBook, needs: { session: session } }")
    #expect(errors.contains("app scope is wired to 'store' of request scope, which is gone before it"))
  }

  @Test func aDependencyOfAnotherTypeIsFound() throws {
    let errors = try wiring(
      """
      { store: { provider: bookshop.store, config: { path: x } },
            session: { provider: bookshop.session, needs: { store: store } } }
      """, "- { match: /a, handler: bookshop.listBooks, needs: { store: session } }")
    #expect(
      errors.contains("input 'store' needs Bookshop.BookStore, but dependency 'session' provides Bookshop.Session"))
  }

  @Test func theConfigOfAProviderIsHeldAgainstItsSchema() throws {
    let errors = try wiring(
      "{ store: { provider: bookshop.store, config: { path: \"\", mode: fast } } }",
      "- { match: /a, handler: bookshop.listBooks, needs: { store: store } }")
    #expect(errors.contains("config of dependency `store`"))
    #expect(errors.contains("at: dependencies.store.config.path"))
    #expect(errors.contains("at: dependencies.store.config.mode"))
    #expect(errors.contains("2 errors"))
  }

  @Test(.enabled(if: Certificate.canMake, "needs openssl")) func tlsFilesAreReadBeforeTheStart() throws {
    let mine = try Certificate()
    let other = try Certificate()
    let folder = try RunningGateway.folder()
    try "nonsense\n".write(toFile: "\(folder)/bad.pem", atomically: true, encoding: .utf8)
    let failed = try RunningGateway.failure(
      """
      version: 1
      server:
        listen:
          - { address: "127.0.0.1:0", tls: { certificate: \(mine.certificate), key: \(other.key) } }
          - { address: "127.0.0.1:0", tls: { certificate: \(folder)/bad.pem, key: \(mine.key) } }
          - { address: "127.0.0.1:0", tls: { certificate: \(mine.certificate), key: \(folder)/gone.pem } }
      routes: [ { match: /, respond: 200 } ]
      """)
    #expect(failed.code == 1)
    #expect(failed.errors.contains("key: does not belong to the certificate"))
    #expect(failed.errors.contains("certificate: is not PEM"))
    #expect(failed.errors.contains("gone.pem` does not exist"))
    for line in 4...6 { #expect(failed.errors.contains("gateway.yaml:\(line):")) }
  }
}
