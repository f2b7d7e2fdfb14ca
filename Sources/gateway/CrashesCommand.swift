import ArgumentParser
import Gateway

struct Crashes: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Prints what the gateway died of, newest first: signal, plugin, handler, route, request, stack.",
    discussion: "Exit codes: 0 printed, also where there was no crash; 1 the reports cannot be read.")

  @Argument(
    help: "The configuration file, which says where reports are kept.", completion: .file(extensions: ["yaml", "yml"]))
  var file = "gateway.yaml"

  @Option(help: "Where they are, instead of where the configuration says.", completion: .directory)
  var directory: String?

  @Flag(help: "Prints a JSON array.")
  var json = false

  func run() throws {
    do {
      let reports = try CrashReports.read(directory: directory, configuration: file)
      if json {
        print(CrashReports.json(reports))
      } else if reports.isEmpty {
        print("No crash.")
      } else {
        print(reports.map(\.text).joined(separator: "\n"), terminator: "")
      }
    } catch {
      Terminal.complain("gateway: \(error)\n")
      throw ExitCode(1)
    }
  }
}
