import ArgumentParser
import Gateway

@main
struct GatewayCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gateway",
    abstract: "An API gateway with your code inside: routes, validation, dependencies, plugins in Swift.",
    version: "0.1.0",
    subcommands: [Run.self, Check.self, Routes.self, Schema.self, Options.self])
}

struct FileArgument: ParsableArguments {
  @Argument(help: "The configuration file.", completion: .file(extensions: ["yaml", "yml"]))
  var file = "gateway.yaml"
}

struct Run: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Serves a configuration until SIGTERM or SIGINT.",
    discussion: """
      Exit codes: 0 stopped cleanly; 1 mistakes in the configuration; 2 something it needs is missing (a port, a \
      dependency); 3 stopped, but requests had to be cut off. A second signal stops at once.
      """)

  @OptionGroup var target: FileArgument

  func run() throws {
    throw ExitCode(GatewayProcess.run(path: target.file, isColored: Terminal.isColored).rawValue)
  }
}

struct Check: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Reads a configuration, opens its plugins, and tells every mistake. Serves nothing.",
    discussion: "Exit codes: 0 no mistake (warnings are allowed); 1 mistakes.")

  @OptionGroup var target: FileArgument

  @Flag(help: "Prints a JSON array of diagnostics to standard output.")
  var json = false

  func run() throws {
    let loaded = GatewayLoader.load(path: target.file, purpose: .check)
    if json {
      print(loaded.json)
    } else {
      Terminal.complain(loaded.text(isColored: Terminal.isColored))
      if let snapshot = loaded.snapshot { print("\(target.file) is fine: \(snapshot.summary)") }
    }
    if loaded.snapshot == nil { throw ExitCode(1) }
  }
}

struct Routes: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Prints the routes in the order in which they are matched.")

  @OptionGroup var target: FileArgument

  @Flag(help: "Prints a JSON array.")
  var json = false

  func run() throws {
    let loaded = GatewayLoader.load(path: target.file, purpose: .check)
    Terminal.complain(loaded.text(isColored: Terminal.isColored))
    guard loaded.snapshot != nil else { throw ExitCode(1) }
    print(json ? RouteRow.json(loaded.routeRows) : RouteRow.table(loaded.routeRows))
  }
}

struct Schema: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Prints the JSON Schema of the configuration file, for editors.")

  func run() { print(ConfigurationReference.schema) }
}

struct Options: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Prints the reference of all options, as Markdown.")

  func run() { print(ConfigurationReference.markdown) }
}
