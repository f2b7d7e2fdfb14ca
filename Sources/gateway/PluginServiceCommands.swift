import ArgumentParser
import Gateway

/// Which running gateway is meant.
struct RunningGateway: ParsableArguments {
  @Option(
    name: [.long, .short], help: "The configuration file that it serves.", completion: .file(extensions: ["yaml", "yml"]))
  var config = "gateway.yaml"

  @OptionGroup var options: ChangeOptions

  @Option(help: "Its admin socket, where it is not the one that follows from the configuration.")
  var socket: String?

  func ask(_ method: String, _ target: String) throws -> AdminClient.Answer {
    do {
      return try AdminClient(configuration: config, changes: options.changes, socket: socket).ask(method, target)
    } catch let failure as AdminClient.Failure {
      Terminal.complain("gateway: \(failure)\n")
      throw ExitCode(2)
    }
  }

  /// Asks for a change; exit 1 where it was refused.
  func change(_ target: String, json: Bool) throws {
    let answer = try ask("POST", target)
    let body = String(decoding: answer.body, as: UTF8.self)
    if json {
      print(body)
    } else if let text = answer.text("text") {
      if answer.isFine { print(text, terminator: "") } else { Terminal.complain(text) }
    } else {
      Terminal.complain("gateway: \(answer.text("detail") ?? body)\n")
    }
    if !answer.isFine { throw ExitCode(1) }
  }
}

struct PluginList: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "Tells which plugins a running gateway has, with versions, digests, generations, health and what they offer.",
    discussion: "Exit codes: 0 told; 2 no gateway runs with this configuration.")

  @OptionGroup var gateway: RunningGateway

  @Flag(help: "Prints a JSON object.")
  var json = false

  func run() throws {
    let answer = try gateway.ask("GET", "/plugins")
    print(json ? String(decoding: answer.body, as: UTF8.self) + "\n" : AdminText.plugins(answer.body), terminator: "")
  }
}

struct PluginReload: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reload",
    abstract: "Puts a plugin's file into service, and the configuration with it, while requests go on.",
    discussion: """
      The running gateway copies and checks the file, starts it, asks it whether it can serve, and only then swaps. \
      Without a name everything is read again, as after SIGHUP. Exit codes: 0 done, or nothing to do; 1 refused, everything \
      serves as before; 2 no gateway runs with this configuration.
      """)

  @Argument(help: "The plugin's name under `plugins`; without it everything.")
  var plugin: String?

  @OptionGroup var gateway: RunningGateway

  @Flag(help: "Prints a JSON object.")
  var json = false

  func run() throws { try gateway.change(plugin.map { "/plugins/\($0)/reload" } ?? "/reload", json: json) }
}

struct PluginRollback: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rollback",
    abstract: "Puts the generation of a plugin back into service that served before.",
    discussion: """
      A second one is back where the first began. Exit codes: 0 done; 1 refused, everything serves as before; 2 no gateway \
      runs with this configuration.
      """)

  @Argument(help: "The plugin's name under `plugins`.")
  var plugin: String

  @OptionGroup var gateway: RunningGateway

  @Flag(help: "Prints a JSON object.")
  var json = false

  func run() throws { try gateway.change("/plugins/\(plugin)/rollback", json: json) }
}

struct Status: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Tells how a running gateway is doing.",
    discussion: "Exit codes: 0 told; 2 no gateway runs with this configuration.")

  @OptionGroup var gateway: RunningGateway

  @Flag(help: "Prints a JSON object.")
  var json = false

  func run() throws {
    let answer = try gateway.ask("GET", "/status")
    print(json ? String(decoding: answer.body, as: UTF8.self) + "\n" : AdminText.status(answer.body), terminator: "")
  }
}
