import ArgumentParser
import Gateway

struct Graph: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Prints which dependencies run for which route, who makes them, and in what order.",
    discussion: """
      Opens the plugins and proves the wiring, as `check` does; starts no dependency and listens nowhere. Exit codes: 0 \
      printed; 1 mistakes in the configuration, or no such route.
      """)

  enum Format: String, ExpressibleByArgument, CaseIterable { case text, json, dot }

  @Argument(help: "Only this route: `METHOD /path`, `/path`, the name of a route, or its handler as `plugin.name`.")
  var route: [String] = []

  @Option(
    name: [.long, .short], help: "The configuration file.", completion: .file(extensions: ["yaml", "yml"]))
  var config = "gateway.yaml"

  @OptionGroup var options: ChangeOptions

  @Option(help: "`text` is for people, `json` for programs, `dot` for Graphviz.")
  var format = Format.text

  func run() throws {
    let loaded = GatewayLoader.load(path: config, changes: options.changes, purpose: .check)
    Terminal.complain(loaded.text(isColored: Terminal.isColored))
    guard var graph = loaded.graph else { throw ExitCode(1) }
    if !route.isEmpty {
      do {
        graph = try graph.filtered(route.joined(separator: " "))
      } catch {
        Terminal.complain("gateway: \(error)\n")
        throw ExitCode(1)
      }
    }
    switch format {
    case .text: print(loaded.redacted(graph.text))
    case .json: print(loaded.redacted(graph.json))
    case .dot: print(loaded.redacted(graph.dot))
    }
  }
}
