import Foundation
import Testing

/// What programs of others find from outside: the scripts of `Tests/BlackBox`, with small counts. Run by hand they take
/// larger ones.
@Suite(.timeLimit(.minutes(5))) struct BlackBoxTests {
  @Test(.enabled(if: Python.has("schemathesis"), "skipped: \(Python.why)"))
  func theExampleKeepsWhatItsDocumentPromises() throws {
    try expectNothingFound("schemathesis_example.py", "--examples", "20")
  }

  @Test(.enabled(if: Python.has("fastapi", "python_multipart"), "skipped: \(Python.why)"))
  func theFastAPIProfileAnswersAsFastAPIDoes() throws {
    try expectNothingFound("fastapi_differential.py", "--count", "12")
  }

  private func expectNothingFound(_ script: String, _ options: String...) throws {
    let python = try #require(Python.program)
    let path = "\(RunningGateway.repository)/Tests/BlackBox/\(script)"
    let child = try Child(python, [path, RunningGateway.program] + options, killAfter: 240)
    let output = child.output.whole()
    let errors = child.errors.whole()
    let code = child.wait()
    #expect(code == 0, "\(script) ended with \(code):\n\(output.suffix(20_000))\n\(errors.suffix(5_000))")
  }
}

/// The interpreter with the packages of `Tests/BlackBox/requirements.txt`: `GATEWAY_PYTHON`, or what
/// scripts/install-test-packages made, or the system's.
enum Python {
  static let why = "needs Python with Tests/BlackBox/requirements.txt (scripts/install-test-packages, or GATEWAY_PYTHON)"

  static let program: String? = {
    let named = ProcessInfo.processInfo.environment["GATEWAY_PYTHON"]
    let made = "\(RunningGateway.repository)/.build-python/bin/python"
    return [named, made, Child.find("python3")].compactMap { $0 }
      .first { FileManager.default.isExecutableFile(atPath: $0) }
  }()

  static func has(_ modules: String...) -> Bool {
    guard let program else { return false }
    let imports = modules.map { "import \($0)" }.joined(separator: "; ")
    return (try? Child.run(program, ["-c", imports]))?.code == 0
  }
}
