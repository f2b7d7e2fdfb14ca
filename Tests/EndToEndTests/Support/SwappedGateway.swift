import Foundation
import Glibc
import TestSupport

/// A gateway with the plugin `gen`, whose file the test replaces.
struct SwappedGateway {
  let folder: String
  let gateway: RunningGateway

  var library: String { "\(folder)/libgen.so" }

  static let routes = """
    routes:
      - { match: GET /version, handler: gen.version }
      - { match: POST /waits, handler: gen.waits }
      - { match: GET /store, handler: gen.store }
      - { match: GET /count, respond: { status: 200 }, use: [ { gen.counting: {} } ] }
      - { match: GET /ready, health: ready }
      - { match: GET /metrics, metrics: prometheus }

    """

  /// - Parameters:
  ///   - entry: members of the plugin's entry beside its path.
  ///   - server: members of `server` beside its listener.
  init(entry: String = "", server: String = "", more: String = "", first: String = "generation_1") throws {
    folder = try RunningGateway.folder()
    try Self.install(first, at: "\(folder)/libgen.so")
    let file = "\(folder)/gateway.yaml"
    try Self.yaml(folder, entry: entry, server: server, more: more).write(toFile: file, atomically: true, encoding: .utf8)
    gateway = try RunningGateway(file: file)
  }

  static func yaml(_ folder: String, entry: String = "", server: String = "", more: String = "", routes: String = routes) -> String {
    """
    version: 1
    server: { listen: ["127.0.0.1:0"], workers: 2\(server.isEmpty ? "" : ", ")\(server) }
    plugins:
      gen: { path: "\(folder)/libgen.so"\(entry.isEmpty ? "" : ", ")\(entry) }
    \(more.contains("plugins:") ? more.replacingOccurrences(of: "plugins:\n", with: "") : "")
    dependencies:
      store: { provider: gen.store }
    \(more.contains("plugins:") ? "" : more)
    \(routes)
    """
  }

  func write(_ yaml: String) throws { try yaml.write(toFile: gateway.file, atomically: true, encoding: .utf8) }

  /// Puts a build in the place of the plugin's file, as an installer does.
  func install(_ build: String) throws { try Self.install(build, at: library) }

  static func install(_ build: String, at path: String) throws {
    let new = path + ".new"
    try? FileManager.default.removeItem(atPath: new)
    try FileManager.default.copyItem(atPath: BrokenPlugins.build(build), toPath: new)
    guard rename(new, path) == 0 else { throw Child.Failure(description: "rename: errno \(errno)") }
  }

  struct Told {
    var code: Int32
    var output: String
    var errors: String
    var json: [String: Any] { (try? JSONSerialization.jsonObject(with: Data(output.utf8))) as? [String: Any] ?? [:] }
  }

  /// `gateway plugin …` for this gateway.
  func plugin(_ arguments: String...) throws -> Told { try command(["plugin"] + arguments + ["-c", gateway.file]) }

  func command(_ arguments: [String]) throws -> Told {
    let (code, output, errors) = try Child.run(RunningGateway.program, arguments)
    return Told(code: code, output: output, errors: errors)
  }

  func version() throws -> String { try gateway.ask("/version").text }

  /// What `plugin list` says of `gen`.
  func listed() throws -> [String: Any] {
    (try plugin("list", "--json").json["plugins"] as? [[String: Any]])?.first { $0["name"] as? String == "gen" } ?? [:]
  }
}
