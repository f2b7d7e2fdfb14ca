import ArgumentParser
import Gateway

struct PluginCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plugin",
    abstract: "Makes, builds, looks at and tests plugins.",
    subcommands: [PluginInspect.self, PluginList.self, PluginReload.self, PluginRollback.self])
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
