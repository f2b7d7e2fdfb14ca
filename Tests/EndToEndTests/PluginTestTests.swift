import Foundation
import TestSupport
import Testing

/// `gateway plugin test` on plugins with known faults: each is found, and what has none passes.
@Suite("The conformance kit", .enabled(if: BrokenPlugins.canBuild, "\(BrokenPlugins.whyNot)"), .timeLimit(.minutes(10)))
struct PluginTestTests {
  private struct Report: Decodable {
    struct Check: Decodable {
      var name: String
      var outcome: String
      var steps: Int
      var findings: [Finding]
    }
    struct Finding: Decodable {
      var code: String
      var severity: String
      var function: String
      var text: String
      var remedy: String
    }
    var passed: Bool
    var checks: [Check]

    /// `code function` of each finding.
    func findings(_ severity: String) -> Set<String> {
      Set(
        checks.flatMap(\.findings).filter { $0.severity == severity }.map {
          $0.function.isEmpty ? $0.code : "\($0.code) \($0.function)"
        })
    }

    func check(_ name: String) -> Check? { checks.first { $0.name == name } }
  }

  private func test(_ path: String, _ arguments: String...) throws -> (code: Int32, report: Report) {
    let run = try Child.run(
      RunningGateway.program, ["plugin", "test", path, "--json", "--time-limit", "10"] + arguments)
    return (run.code, try JSONDecoder().decode(Report.self, from: Data(run.output.utf8)))
  }

  @Test(
    "A plugin without a fault passes, and everything that it offers was tried", arguments: ["good", "guards", "views"])
  func good(_ name: String) throws {
    let (code, report) = try test(BrokenPlugins.build(name))
    #expect(code == 0)
    #expect(report.passed)
    #expect(report.findings("error").isEmpty)
    #expect(report.findings("warning").isEmpty)
  }

  @Test(
    "The repository's own plugins pass without a word", arguments: ["Echo", "Guestbook", "Catalog"])
  func own(_ name: String) throws {
    let (code, report) = try test(#require(BuiltPlugins.path(name)))
    #expect(code == 0)
    #expect(report.findings("error").isEmpty)
    #expect(report.findings("warning").isEmpty)
    #expect(
      !report.checks.contains { $0.outcome == "untried" },
      "\(report.checks.filter { $0.outcome == "untried" }.map(\.name))")
  }

  @Test(
    "Each fault that can be seen from outside is found, with the function that has it",
    arguments: [
      // Found in the file, or when it is opened.
      ("no_note", ["refused"]), ("two_notes", ["refused"]), ("malformed_note", ["refused"]),
      ("other_major", ["refused"]),
      ("newer_minor", ["refused"]), ("other_compiler", ["refused"]), ("missing_symbol", ["refused"]),
      ("hidden_symbol", ["refused"]), ("data_symbol", ["refused"]), ("many_misfits", ["refused"]),
      ("truncated", ["refused"]),
      ("other_machine", ["refused"]), ("undefined_symbol", ["refused"]), ("needs_missing_library", ["refused"]),
      ("note_disagrees", ["refused"]), ("null_descriptor", ["refused"]), ("small_structure", ["refused"]),
      ("duplicate_handler", ["refused"]), ("provider_without_release", ["refused"]),
      // Found by driving it.
      ("failing_start", ["doesNotStart start"]), ("starts_once", ["doesNotStart start"]),
      ("completes_twice", ["completesTwice inline", "completesTwice async", "completesTwice blocking"]),
      ("wrong_kind", ["completesWrongly provides", "completesWrongly finishes", "completesWrongly value.teardown"]),
      (
        "bad_status",
        ["zero", "continue", "switching", "199", "600", "65535", "fail_200", "fail_600"].map {
          "answersInvalidly \($0)"
        }
      ),
      ("null_answer", ["returnsWithoutCompleting inline", "returnsWithoutCompleting blocking"]),
      ("never_completes", ["neverCompletes never", "doesNotAnswer never"]),
      ("completes_late", ["neverCompletes late", "doesNotAnswer late"]),
      ("leaks", ["leaksDescriptors", "tokenWithoutRelease token"]),
    ] as [(String, [String])])
  func fault(_ name: String, _ expected: [String]) throws {
    let (code, report) = try test(BrokenPlugins.build(name))
    #expect(code == 1)
    #expect(!report.passed)
    #expect(report.findings("error") == Set(expected))
    #expect(report.checks.flatMap(\.findings).allSatisfy { !$0.text.isEmpty && !$0.remedy.isEmpty })
  }

  @Test("Functions that end the process are named, with how they did it, and all others are tested behind them")
  func endings() throws {
    let (code, report) = try test(BrokenPlugins.build("ends_process"))
    #expect(code == 1)
    #expect(report.findings("error") == ["traps trap", "exits leave", "traps large"])
    #expect(report.check("trap")?.findings.first?.text.contains("(a trap of Swift or the compiler)") == true)
    #expect(report.check("leave")?.findings.first?.text.contains("code 7") == true)
    #expect(report.check("large")?.findings.first?.text.contains("with a large body") == true)
    let hello = try #require(report.check("hello"))
    #expect(hello.outcome == "passed")
    #expect(hello.steps >= 14)
    #expect(report.check("plugin: stop")?.outcome == "passed")
  }

  @Test(
    "A function that never returns is named when its time is over",
    arguments: [("loops", "loop"), ("holds_loop", "inline")])
  func endless(_ name: String, _ function: String) throws {
    let run = try Child.run(
      RunningGateway.program, ["plugin", "test", BrokenPlugins.build(name), "--json", "--time-limit", "3"])
    let report = try JSONDecoder().decode(Report.self, from: Data(run.output.utf8))
    #expect(run.code == 1)
    #expect(report.findings("error").contains("hangs \(function)"))
    #expect(report.check(function)?.findings.first?.text.contains("nothing moved for 3 seconds") == true)
  }

  @Test("A thread that works on after the plugin has stopped is a warning")
  func working() throws {
    let (code, report) = try test(BrokenPlugins.build("works_on"))
    #expect(code == 0)
    #expect(report.findings("warning") == ["worksAfterStop stop"])
  }

  @Test(
    "Swift plugins with a fault are found too",
    arguments: [
      ("BrokenFailingStart", "doesNotStart start"), ("BrokenDuplicateHandler", "refused"),
      ("BrokenRefusing", "refused"),
    ])
  func swift(_ name: String, _ finding: String) throws {
    let (code, report) = try test(#require(BuiltPlugins.path(name)))
    #expect(code == 1)
    #expect(report.findings("error") == [finding])
  }

  @Test("With a configuration of its own a plugin is tested as that file wires it")
  func configured() throws {
    let folder = try RunningGateway.folder()
    let library = try BrokenPlugins.build("good")
    let yaml = """
      version: 1
      plugins: { mine: { path: "\(library)" } }
      dependencies: { greeting: { provider: mine.greeting } }
      routes: [{ match: GET /greet, handler: mine.greet, needs: { greeting: greeting } }]
      """
    try yaml.write(toFile: folder + "/gateway.yaml", atomically: false, encoding: .utf8)
    let (code, report) = try test(library, "--config", folder + "/gateway.yaml", "--name", "mine")
    #expect(code == 0)
    #expect(report.check("GET /greet")?.steps == 14)
    #expect(report.check("hello") == nil)
    // A mistake in the file is told as the gateway tells it.
    try yaml.replacingOccurrences(of: "mine.greet,", with: "mine.gret,").write(
      toFile: folder + "/gateway.yaml", atomically: false, encoding: .utf8)
    let (failed, wrong) = try test(library, "--config", folder + "/gateway.yaml", "--name", "mine")
    #expect(failed == 1)
    #expect(wrong.findings("error") == ["doesNotFitTogether"])
    #expect(wrong.checks.flatMap(\.findings).contains { $0.text.contains("gret") })
  }

  @Test("People get one line for each part, with what is wrong and what to do")
  func text() throws {
    let run = try Child.run(RunningGateway.program, ["plugin", "test", BrokenPlugins.build("completes_twice")])
    #expect(run.code == 1)
    #expect(run.output.hasPrefix("libcompletes_twice.so: failed (broken 1.0.0: 4 handlers)\n"))
    #expect(run.output.contains("  failed     inline"))
    #expect(run.output.contains("error: it completed an invocation that was complete"))
    #expect(run.output.contains("  passed     last"))
  }
}
