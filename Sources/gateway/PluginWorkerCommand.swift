import ArgumentParser
import Gateway

/// What isolated plugins run in; started by the gateway, never by people.
struct PluginWorkerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: IsolatedPlugins.subcommand, abstract: "Runs an isolated plugin for the gateway that started it.",
    shouldDisplay: false)

  @Argument(help: "The plugin's name, for lists of processes.")
  var plugin: String

  @Argument(help: "How many sockets there are, from descriptor 3 on.")
  var connections: Int

  func run() { IsolatedPlugins.runWorker(connections: connections) }
}
