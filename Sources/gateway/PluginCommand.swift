import ArgumentParser
import Gateway

struct PluginCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plugin",
    abstract: "Makes, builds, looks at and tests plugins.",
    subcommands: [
      PluginNew.self, PluginBuildCommand.self, PluginInspect.self, PluginTest.self, PluginChild.self, PluginList.self,
      PluginReload.self, PluginRollback.self,
    ])
}

struct PluginInspect: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Tells what a plugin's file is and whether this gateway would open it. Runs no code of it.",
    discussion: "Exit codes: 0 it fits (warnings are allowed); 1 it would be refused.")

  @Argument(help: "The plugin's shared library.", completion: .file(extensions: ["so"]))
  var file: String

  @Flag(help: "Prints a JSON object.")
  var json = false

  func run() throws {
    let report = PluginFileReport.read(path: file)
    print(json ? report.json : report.text)
    if !report.isAcceptable { throw ExitCode(1) }
  }
}

struct PluginTest: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "test",
    abstract:
      "Opens a plugin in a process of its own, does to it what a gateway may do, and tells what breaks the contract.",
    discussion: """
      Without --config a configuration is made of what the plugin declares. Exit codes: 0 passed (warnings are allowed); 1 not.
      """)

  @Argument(help: "The plugin's shared library.", completion: .file(extensions: ["so"]))
  var file: String

  @Flag(help: "Prints a JSON object.")
  var json = false

  @Option(help: ArgumentHelp("Seconds that one step may take.", valueName: "seconds"))
  var timeLimit = 20

  @Option(help: "A configuration with routes and dependencies for it.", completion: .file(extensions: ["yaml", "yml"]))
  var config: String?

  @Option(help: "The plugin's name in that configuration.")
  var name: String?

  func validate() throws {
    guard (1...3600).contains(timeLimit) else { throw ValidationError("--time-limit is 1 to 3600 seconds") }
    guard (config == nil) == (name == nil) else {
      throw ValidationError("--config and --name come together: which of the file's plugins is it?")
    }
  }

  func run() throws {
    let test = PluginConformance.test(path: file, silence: timeLimit, configuration: config, name: name)
    print(json ? test.json : test.text)
    if !test.isPassed { throw ExitCode(1) }
  }
}

/// What `plugin test` and `plugin build` start: the process that opens the plugin.
struct PluginChild: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "child", shouldDisplay: false)

  @Argument var file: String
  @Flag var describe = false
  @Option var skip: [String] = []
  @Option var leave: [String] = []
  @Option var config: String?
  @Option var name: String?
  @Option var folder: String?

  func run() {
    let child = ConformanceChild(
      path: file, skipping: skip, leaving: leave, configuration: config, name: name, folder: folder)
    if describe { child.describe() } else { child.run() }
  }
}

struct PluginNew: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "new",
    abstract: "Makes the package of a new plugin in Swift: it builds, tests and serves as it is.",
    discussion: """
      Beside a checkout of the gateway, which is found where this program was built in one; against a release with --url and \
      --version.
      """)

  @Argument(help: "A Swift module's name, such as Weather.")
  var name: String

  @Option(help: "The folder to make; without it, NAME in the current one.", completion: .directory)
  var path: String?

  @Option(help: "A checkout of the gateway.", completion: .directory)
  var gateway: String?

  @Option(help: "The repository of the gateway's package.")
  var url: String?

  @Option(help: "The release of it to start from, such as 1.2.3.")
  var version: String?

  func validate() throws {
    guard (url == nil) == (version == nil) else { throw ValidationError("--url and --version come together") }
    guard gateway == nil || url == nil else {
      throw ValidationError("--gateway is a checkout, --url a release: give one of them")
    }
  }

  func run() throws {
    let source: PluginScaffold.Gateway
    if let url, let version {
      source = .release(url: url, version: version)
    } else {
      source = gateway.map { .checkout($0) } ?? .own
    }
    do {
      let made = try PluginScaffold.make(name: name, folder: path, gateway: source)
      print("made \(made.folder):")
      for file in made.files { print("  \(file)") }
      print("next: cd \(made.folder), then `swift test`, `gateway plugin build`, `gateway run`")
    } catch {
      Terminal.complain("gateway: \(error)\n")
      throw ExitCode(1)
    }
  }
}

struct PluginBuildCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "build",
    abstract: "Builds the plugins of a Swift package, exporting nothing but their entry, and tells what was made.",
    discussion: "Exit codes: 0 built, and this gateway takes it; the compiler's own code where the build fails; else 1."
  )

  @Argument(help: "The package's folder.", completion: .directory)
  var folder = "."

  enum Mode: String, EnumerableFlag {
    case release, debug

    static func help(for value: Mode) -> ArgumentHelp? {
      value == .release ? "Optimised, for use." : "For debugging; faster to build."
    }
  }

  @Flag var mode = Mode.release

  @Option(help: "One of the package's dynamic libraries; without it, all of them.")
  var product: String?

  @Option(help: "Where the build goes, in place of the package's .build.", completion: .directory)
  var scratchPath: String?

  func run() throws {
    let build = PluginBuild(
      .init(folder: folder, isRelease: mode == .release, product: product, scratchPath: scratchPath))
    do {
      let built = try build.run { Terminal.complain("gateway: \($0)\n") }
      for plugin in built { print(plugin.text) }
      if built.contains(where: { !$0.isAcceptable }) { throw ExitCode(1) }
    } catch let failure as PluginBuild.Failure {
      Terminal.complain("gateway: \(failure)\n")
      throw ExitCode(failure.code)
    }
  }
}
