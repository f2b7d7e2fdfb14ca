import ArgumentParser
import Gateway

@main
struct GatewayCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gateway",
    abstract: "An API gateway with your code inside: routes, validation, dependencies, plugins in Swift.",
    version: "0.1.0",
    subcommands: [
      Run.self, Check.self, Routes.self, Graph.self, Settings.self, OpenAPI.self, Import.self, Schema.self,
      Options.self, PluginCommand.self, Develop.self, Status.self, Crashes.self, PluginWorkerCommand.self,
    ])
}

struct FileArgument: ParsableArguments {
  @Argument(help: "The configuration file.", completion: .file(extensions: ["yaml", "yml"]))
  var file = "gateway.yaml"

  @OptionGroup var options: ChangeOptions

  var changes: EnvironmentChanges { options.changes }
}

struct ChangeOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A file with what is different in this environment: settings, plugins, overrides. Repeatable; the last counts.",
      valueName: "file"), completion: .file(extensions: ["yaml", "yml"]))
  var overlay: [String] = []

  @Option(
    name: .customLong("override"),
    help: ArgumentHelp(
      "What stands in for a dependency: store=test.fakeStore, or user={\"id\":1}. Repeatable.", valueName: "name=what"))
  var overrides: [String] = []

  var changes: EnvironmentChanges { EnvironmentChanges(overlays: overlay, overrides: overrides) }
}

struct Run: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Serves a configuration until SIGTERM or SIGINT.",
    discussion: """
      Exit codes: 0 stopped cleanly; 1 mistakes in the configuration; 2 something it needs is missing (a port, a \
      dependency); 3 stopped, but requests had to be cut off. A second signal stops at once.
      """)

  @OptionGroup var target: FileArgument

  @Flag(help: "Serves in a child process, which is started again after a crash.")
  var supervise = false

  func run() throws {
    if supervise {
      throw ExitCode(Supervisor.run(arguments: CommandLine.arguments.filter { $0 != "--supervise" }))
    }
    throw ExitCode(GatewayProcess.run(path: target.file, changes: target.changes, isColored: Terminal.isColored).rawValue)
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
    let loaded = GatewayLoader.load(path: target.file, changes: target.changes, purpose: .check)
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
    let loaded = GatewayLoader.load(path: target.file, changes: target.changes, purpose: .check)
    Terminal.complain(loaded.text(isColored: Terminal.isColored))
    guard loaded.snapshot != nil else { throw ExitCode(1) }
    print(json ? RouteRow.json(loaded.routeRows) : RouteRow.table(loaded.routeRows))
  }
}

struct Settings: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Prints each setting, its value and what gave it. Secrets are not shown.",
    discussion: "Opens no plugin. Exit codes: 0 no mistake in the file and its settings; 1 mistakes.")

  @OptionGroup var target: FileArgument

  @Flag(help: "Prints a JSON array.")
  var json = false

  func run() throws {
    let report = SettingReport.read(path: target.file, target.changes)
    Terminal.complain(report.complaints(isColored: Terminal.isColored))
    print(json ? report.json : report.table)
    if report.hasErrors { throw ExitCode(1) }
  }
}

struct OpenAPI: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "openapi",
    abstract: "Prints the OpenAPI 3.1 document of a configuration, as the gateway would serve it.")

  @OptionGroup var target: FileArgument

  @Flag(help: "Without line breaks.")
  var compact = false

  func run() throws {
    let loaded = GatewayLoader.load(path: target.file, changes: target.changes, purpose: .check)
    Terminal.complain(loaded.text(isColored: Terminal.isColored))
    guard let document = loaded.openAPIDocument(isCompact: compact) else { throw ExitCode(1) }
    print(document, terminator: compact ? "\n" : "")
  }
}

struct Import: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Makes a configuration to start from out of what describes an API elsewhere.",
    subcommands: [ImportOpenAPI.self])
}

struct ImportOpenAPI: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "openapi",
    abstract: "Writes the routes and schemas of an OpenAPI 3.0 or 3.1 document as a gateway.yaml to standard output.",
    discussion: "What could not be carried over is told on standard error, and as comments in the output.")

  @Argument(help: "The document, JSON or YAML.", completion: .file(extensions: ["json", "yaml", "yml"]))
  var document: String

  @Option(help: "Routes get handlers of this plugin, named by operationId; otherwise they are proxied to `servers`.")
  var plugin: String?

  func run() throws {
    let result = OpenAPIImport.run(path: document, plugin: plugin)
    for note in result.notes { Terminal.complain(note + "\n") }
    guard let yaml = result.yaml else { throw ExitCode(1) }
    print(yaml, terminator: "")
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
