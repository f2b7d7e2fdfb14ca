import GatewayJSON
import GatewayPluginHost
import Glibc

/// `gateway plugin test`: whether a plugin keeps the contract, as far as that can be seen from outside.
///
/// The plugin is opened in a process of its own. Where that ends, by a trap, an exit or silence, the step that it was in is
/// told, and another process goes on with the steps behind it.
public struct PluginConformance: Sendable {
  /// What came of one function, or of one part of the plugin's life.
  public struct Check: Sendable {
    public var name: String
    public var steps: Int
    public var findings: [ConformanceFinding]
    /// Why it could not be tried; nil where it was.
    public var untried: String?

    var hasErrors: Bool { findings.contains { $0.severity == .error } }
    var outcome: String { hasErrors ? "failed" : untried == nil ? "passed" : "untried" }
  }

  /// Checks that are about the plugin as a whole; no function has such a name.
  enum Part {
    static let opens = "plugin: open", starts = "plugin: start", health = "plugin: health", stops = "plugin: stop"
  }

  public let path: String
  public private(set) var summary: PluginSummary?
  public private(set) var checks: [Check] = []

  public var isPassed: Bool { !checks.contains { $0.hasErrors } }

  /// Processes that a plugin may end; then it is clear what it is.
  private static let mostProcesses = 40

  private init(path: String) { self.path = path }

  /// What the plugin at `path` is, told by a process that opens it; and why not, where it cannot be opened.
  public static func describe(path: String, silence: Int = 20) -> PluginConformance {
    var test = PluginConformance(path: path)
    _ = test.attempt(["plugin", "child", path, "--describe"], silence: silence)
    return test
  }

  /// Tests the plugin at `path`. Blocks.
  ///
  /// - Parameters:
  ///   - silence: seconds that a step may take.
  ///   - configuration: a file to use in place of one that is made of the plugin's declarations.
  ///   - name: the plugin's in that file.
  public static func test(
    path: String, silence: Int = 20, configuration: String? = nil, name: String? = nil
  ) -> PluginConformance {
    var test = PluginConformance(path: path)
    let inspection = PluginInspection.read(path: path)
    guard inspection.isAcceptable else {
      for problem in inspection.problems where problem.severity == .error {
        test.add(
          .init(
            .refused, .error, "", "\(problem.field): found \(problem.found), expected \(problem.expected)",
            remedy: problem.remedy), to: Part.opens)
      }
      return test
    }
    guard let resolved = realpath(path, nil) else { return test }
    let file = String(cString: resolved)
    free(resolved)
    let folder = configuration == nil ? TemporaryFolder() : nil
    defer { folder?.remove() }
    var skipped: [String] = []
    var left: [String] = []
    var endings: Set<String> = []
    for _ in 0..<mostProcesses {
      var arguments = ["plugin", "child", file]
      if let folder { arguments += ["--folder", folder.path] }
      if let configuration { arguments += ["--config", configuration] }
      if let name { arguments += ["--name", name] }
      for step in skipped { arguments += ["--skip", step] }
      for group in left { arguments += ["--leave", group] }
      guard let fatal = test.attempt(arguments, silence: silence) else { return test }
      // Nothing comes after these.
      guard !["", Part.opens, Part.starts, Part.stops].contains(fatal.group) else { return test }
      // What is silent once is so again, and takes its time; what ends two processes ends every one.
      if fatal.isSilent || endings.contains(fatal.group) {
        left.append(fatal.group)
      } else {
        skipped.append(fatal.step)
      }
      endings.insert(fatal.group)
    }
    return test
  }

  /// The step in which a process ended.
  private struct Fatal {
    var step: String
    var group: String
    var isSilent: Bool
  }

  /// Runs one process. Where it ended, nil where it came to its own end.
  private mutating func attempt(_ arguments: [String], silence: Int) -> Fatal? {
    var step = ""
    var group = Part.opens
    var function = ""
    var isDone = arguments.contains("--describe")
    var found: [(String, ConformanceChannel.Message)] = []
    let ending: ChildProcess.Ending
    do throws(ChildProcess.Failure) {
      ending = try ChildProcess.report(arguments, silence: silence) { line in
        guard let message = ConformanceChannel.message(line) else { return }
        switch message {
        case .step(let next, let about): (step, group, function) = (next, about, "")
        case .function(let next): function = next
        case .done: isDone = true
        default: break
        }
        found.append((group, message))
      }
    } catch {
      add(
        .init(.refused, .error, "", error.description, remedy: "run the test where processes can be started"),
        to: Part.opens)
      return nil
    }
    for (group, message) in found { take(message, group) }
    if isDone, ending == .exited(0) { return nil }
    let place =
      (step.isEmpty ? "before it was opened" : "in step `\(step)`")
      + (function.isEmpty ? "" : "; the last function that began is \(function)")
    switch ending {
    case .signal(let signal):
      add(
        .init(
          .traps, .error, function, "it ended the process with \(ChildProcess.name(ofSignal: signal)), \(place)",
          remedy: "in a gateway all requests end with it: mend it, or run the plugin isolated"), to: group)
    case .exited(let code):
      add(
        .init(
          .exits, .error, function, "it ended the process with code \(code), \(place)",
          remedy: "a plugin must not exit: fail the invocation instead"), to: group)
    case .silent:
      add(
        .init(
          .hangs, .error, function, "nothing moved for \(silence) seconds, \(place)",
          remedy: "it waits or loops on the event loop: declare the function blocking, or let it end"), to: group)
    }
    return Fatal(step: step, group: step.isEmpty ? "" : group, isSilent: ending == .silent)
  }

  private mutating func take(_ message: ConformanceChannel.Message, _ group: String) {
    switch message {
    case .opened(let summary): self.summary = summary
    case .step: checks[index(group)].steps += 1
    case .finding(let finding): add(finding, to: group)
    case .untried(let function, let reason): checks[index(function)].untried = reason
    case .function, .done: break
    }
  }

  private mutating func index(_ name: String) -> Int {
    if let index = checks.firstIndex(where: { $0.name == name }) { return index }
    checks.append(Check(name: name, steps: 0, findings: [], untried: nil))
    return checks.count - 1
  }

  private mutating func add(_ finding: ConformanceFinding, to group: String) {
    let index = index(group)
    // Of one kind the first is enough, except where each says something of its own.
    let isKnown = checks[index].findings.contains {
      $0.code == finding.code && $0.function == finding.function
        && ($0.text == finding.text || ![.refused, .doesNotFitTogether].contains(finding.code))
    }
    if !isKnown { checks[index].findings.append(finding) }
  }
}

extension PluginConformance {
  /// For a person.
  public var text: String {
    let name = path.split(separator: "/").last.map(String.init) ?? path
    var lines = ["\(Printable.text(name)): \(isPassed ? "passed" : "failed")" + (summary.map { " (\($0.text))" } ?? "")]
    let width = min(40, (checks.map(\.name.count).max() ?? 0) + 2)
    for check in checks {
      let outcome = check.outcome
      let label = Printable.text(check.name)
      let steps = check.steps > 1 ? "\(check.steps) steps" : ""
      lines.append(
        "  " + outcome + String(repeating: " ", count: 11 - outcome.count) + label
          + (steps.isEmpty ? "" : String(repeating: " ", count: max(1, width - label.count)) + steps))
      if let untried = check.untried { lines.append("             \(Printable.text(untried))") }
      for finding in check.findings {
        let function =
          finding.function.isEmpty || finding.function == check.name ? "" : "\(Printable.text(finding.function)): "
        let text = finding.text.split(separator: "\n", omittingEmptySubsequences: true)
        lines.append(
          "             \(finding.severity.rawValue): \(function)\(text.first.map { Printable.text($0) } ?? "")")
        for rest in text.dropFirst() { lines.append("               \(Printable.text(rest))") }
        lines.append("               \(Printable.text(finding.remedy))")
      }
    }
    return lines.joined(separator: "\n")
  }

  /// A JSON object.
  public var json: String {
    var writer = JSONWriter()
    writer.beginObject()
    writer.name("path")
    writer.string(path)
    writer.name("passed")
    writer.bool(isPassed)
    if let summary {
      writer.name("plugin")
      summary.write(to: &writer)
    }
    writer.name("checks")
    writer.beginArray()
    for check in checks {
      writer.beginObject()
      writer.name("name")
      writer.string(check.name)
      writer.name("outcome")
      writer.string(check.outcome)
      writer.name("steps")
      writer.number(check.steps)
      if let untried = check.untried {
        writer.name("untried")
        writer.string(untried)
      }
      writer.name("findings")
      writer.beginArray()
      for finding in check.findings { finding.write(to: &writer) }
      writer.endArray()
      writer.endObject()
    }
    writer.endArray()
    writer.endObject()
    return String(decoding: writer.bytes, as: UTF8.self)
  }
}
