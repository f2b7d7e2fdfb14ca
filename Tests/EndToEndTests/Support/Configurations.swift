import Foundation
import TestSupport

/// Pieces of configurations.
enum Yaml {
  static let edge = """
    version: 1
    server: { listen: ["127.0.0.1:0"], workers: 2 }
    plugin_path: ["\(BuiltPlugins.directory)"]

    """

  /// The file of the repository, on a free port and with the plugins of this build.
  static func example() throws -> String {
    try String(contentsOfFile: "\(RunningGateway.repository)/gateway.yaml", encoding: .utf8)
      .replacingOccurrences(of: "127.0.0.1:8080", with: "127.0.0.1:0")
      .replacingOccurrences(of: #"[".build/release"]"#, with: "[\"\(BuiltPlugins.directory)\"]")
  }

  /// Who may write in the example.
  static let key = "authorization: Bearer open-sesame"

  /// One plugin of `BrokenPlugins`, and a route `/name` for each of its handlers.
  static func broken(_ plugin: String, handlers: [String], timeout: String = "1m") throws -> String {
    let routes = handlers.map { "  - { match: \"/\($0)\", handler: broken.\($0) }\n" }.joined()
    return """
      version: 1
      server: { listen: ["127.0.0.1:0"], workers: 2, timeouts: { exchange: \(timeout), drain: 1s } }
      plugin_path: ["\(BuiltPlugins.directory)"]
      plugins:
        broken: { path: "\(try BrokenPlugins.build(plugin))" }
        echo: { library: Echo }
      routes:
        - { match: GET /alive, handler: echo.hello }
      \(routes)
      """
  }
}

/// Official test data, kept outside the repository: `GATEWAY_CORPORA`, or `shared/corpora` beside the checkout.
enum Corpora {
  static let whyNot = "needs the corpora (GATEWAY_CORPORA)"

  static func file(_ name: String) -> String? {
    let environment = ProcessInfo.processInfo.environment["GATEWAY_CORPORA"]
    let beside = RunningGateway.repository + "/../shared/corpora"
    return [environment, beside].compactMap { $0.map { "\($0)/\(name)" } }
      .first { FileManager.default.fileExists(atPath: $0) }
  }
}
