import ArgumentParser
import Gateway
import Glibc

struct Develop: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dev",
    abstract: "Serves a configuration while you work on it: builds plugins, reloads, and says what changed.",
    discussion: """
      Watches the configuration, everything it names, and the sources of its plugins. A plugin is built by `swift build` in \
      the package that its library lies in. What does not build or does not fit is told, and the last good state serves on. \
      Listens on loopback only. Not for production: use `run`.
      """)

  @OptionGroup var target: FileArgument

  @Option(
    help: ArgumentHelp(
      "How to build a plugin, for the shell, in the configuration's directory: demo='make demo'. Repeatable.",
      valueName: "plugin=command"))
  var build: [String] = []

  @Flag(help: "Listens where the configuration says, not on loopback only.")
  var anyAddress = false

  func validate() throws {
    for text in build where (text.firstIndex(of: "=") ?? text.startIndex) == text.startIndex {
      throw ValidationError("--build \(text): write PLUGIN=COMMAND")
    }
  }

  func run() throws {
    var builds: [String: String] = [:]
    for text in build {
      guard let equals = text.firstIndex(of: "=") else { continue }
      builds[String(text[..<equals])] = String(text[text.index(after: equals)...])
    }
    var options = Developer.Options(path: target.file, changes: target.changes, builds: builds)
    options.isLoopbackOnly = !anyAddress
    options.isTerminal = isatty(STDOUT_FILENO) == 1
    options.isColored = options.isTerminal && getenv("NO_COLOR") == nil
    var arguments = [CommandLine.arguments.first ?? "gateway", "run", target.file]
    for overlay in target.options.overlay { arguments += ["--overlay", overlay] }
    for change in target.options.overrides { arguments += ["--override", change] }
    throw ExitCode(Developer.run(options, arguments: arguments))
  }
}
