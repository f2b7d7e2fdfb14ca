import Foundation
import TestSupport

/// The built program with a configuration of the test's, from its start to its end.
final class RunningGateway {
  struct Ended {
    var code: Int32
    /// The process log, one object for each line.
    var log: [[String: String]]
    /// Standard output: the access log where it goes there.
    var output: [String]

    func events(_ message: String) -> [[String: String]] { log.filter { $0["message"] == message } }
  }

  static let program = "\(BuiltPlugins.directory)/gateway"
  /// The root of the repository, also where the package reaches its tests through a symbolic link.
  static let repository = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path

  let child: Child
  /// Its configuration.
  let file: String
  /// The port of the first TCP listener; 0 where there is none.
  private(set) var port = 0

  /// Starts it and waits until it says that it is ready.
  convenience init(_ yaml: String, arguments: [String] = [], environment: [String: String] = [:]) throws {
    try self.init(file: try Self.write(yaml), arguments: arguments, environment: environment)
  }

  /// The same for a configuration that is written already.
  init(file: String, arguments: [String] = [], environment: [String: String] = [:]) throws {
    self.file = file
    child = try Child(Self.program, ["run", file] + arguments, environment: environment)
    guard child.errors.first(where: { $0.contains(#""message":"ready""#) }) != nil else {
      throw Child.Failure(description: "no gateway, exit \(child.wait()):\n\(child.errors.whole())")
    }
    for line in child.errors.soFar {
      let event = Self.fields(line)
      if event["message"] == "listening", port == 0, let bound = event["bound"] {
        port = bound.split(separator: ":").last.flatMap { Int($0) } ?? 0
      }
    }
  }

  /// Starts it and leaves it to the test to find out what becomes of it.
  static func start(
    _ yaml: String, arguments: [String] = [], environment: [String: String] = [:]
  ) throws -> Child {
    try Child(program, ["run", write(yaml)] + arguments, environment: environment)
  }

  /// A configuration in a folder of its own.
  static func write(_ yaml: String) throws -> String {
    let file = try folder() + "/gateway.yaml"
    try yaml.write(toFile: file, atomically: true, encoding: .utf8)
    return file
  }

  /// A configuration that must not start: its exit code and what it said.
  static func failure(
    _ yaml: String, environment: [String: String] = [:]
  ) throws -> (code: Int32, errors: String) {
    let child = try start(yaml, environment: environment)
    let errors = child.errors.whole()
    return (child.wait(), errors)
  }

  /// Runs a command of the program on a configuration.
  static func command(
    _ arguments: String..., yaml: String, environment: [String: String] = [:]
  ) throws -> (code: Int32, output: String, errors: String) {
    let file = try folder() + "/gateway.yaml"
    try yaml.write(toFile: file, atomically: true, encoding: .utf8)
    return try Child.run(program, arguments + [file], environment: environment)
  }

  /// A new folder, removed when the tests end.
  static func folder() throws -> String { try BrokenPlugins.temporaryFolder() }

  func connect() throws -> Wire {
    let wire = try Wire(port: port)
    wire.peer = child
    return wire
  }

  /// One request on a connection of its own.
  func ask(_ target: String, fields: [String] = []) throws -> Answer { try ask("GET", target, fields: fields) }

  func ask(
    _ method: String, _ target: String, fields: [String] = [], body: [UInt8]? = nil
  ) throws -> Answer {
    try connect().ask(method, target, fields: fields, body: body)
  }

  func ask(_ method: String, _ target: String, fields: [String] = [], json: String) throws -> Answer {
    try ask(method, target, fields: fields + ["content-type: application/json"], body: Array(json.utf8))
  }

  /// Waits for a line of the process log that holds all the texts.
  func event(_ texts: String...) -> [String: String]? {
    child.errors.first { line in texts.allSatisfy { line.contains($0) } }.map(Self.fields)
  }

  func stop(_ signal: Int32 = SIGTERM) -> Ended {
    child.send(signal)
    return end()
  }

  /// Waits for the end.
  func end() -> Ended {
    let log = child.errors.whole().split(separator: "\n").map { Self.fields(String($0)) }
    let output = child.output.whole().split(separator: "\n").map(String.init)
    return Ended(code: child.wait(), log: log, output: output)
  }

  /// Whether the descriptors come back to that number; each look is paced by a request, so nothing depends on a clock.
  func returns(to baseline: Int, on wire: Wire, asking target: String) throws -> Bool {
    for _ in 0..<20_000 {
      if child.descriptors <= baseline { return true }
      _ = try wire.ask(target)
    }
    return child.descriptors <= baseline
  }

  /// A JSON line with every value as text.
  static func fields(_ line: String) -> [String: String] {
    let object = (try? JSONSerialization.jsonObject(with: Data(line.utf8))) as? [String: Any] ?? ["message": line]
    return object.mapValues { "\($0)" }
  }
}
