import Testing

@testable import GatewayPluginHost

@Suite struct PluginNoteTests {
  private func parse(_ text: String, padding: Int = 1) throws(PluginProblemList) -> PluginNote {
    try PluginNote.parse(Array(text.utf8) + [UInt8](repeating: 0, count: padding))
  }

  private func faults(_ text: String) -> [String] {
    do throws(PluginProblemList) {
      _ = try parse(text)
      return []
    } catch {
      return error.problems.map { "\($0.field): \($0.found)" }
    }
  }

  @Test func allFieldsAreRead() throws {
    let note = try parse("abi=1.2;lang=swift;sdk=0.1.0;cc=Clang 21.0.0 (https://x.test/a=b abc)", padding: 3)
    #expect(
      note
        == PluginNote(
          abi: PluginABI(major: 1, minor: 2), language: "swift", sdk: "0.1.0",
          compiler: "Clang 21.0.0 (https://x.test/a=b abc)"))
  }

  @Test func paddingIsOptionalAndUnknownKeysAreSkipped() throws {
    #expect(try parse("abi=1.0;lang=c;sdk=none;cc=gcc;libc=2.36", padding: 0).language == "c")
  }

  @Test func everyFaultIsListed() {
    #expect(
      faults("abi=1;sdk=none;sdk=0.1.0;cc;lang=") == [
        "note.sdk: twice", "note: \"cc\"", "note.lang: an empty value", "note.cc: nothing", "note.abi: \"1\"",
      ])
    #expect(
      faults("") == [
        "note: \"\"", "note.abi: nothing", "note.lang: nothing", "note.sdk: nothing", "note.cc: nothing",
      ])
  }

  @Test(arguments: ["1", "1.", ".1", "1.2.3", "+1.0", "-1.0", "1.65536", "1. 0", "１.０", "0x1.0"])
  func versionThatIsNotTwoNumbersIsRefused(version: String) {
    #expect(faults("abi=\(version);lang=c;sdk=none;cc=x") == ["note.abi: \"\(version)\""])
  }

  @Test func bytesThatAreNotTextAreRefused() {
    #expect(throws: PluginProblemList.self) { try PluginNote.parse([0x61, 0xFF, 0x00]) }
    // Something behind the NUL is no padding.
    #expect(throws: PluginProblemList.self) {
      try PluginNote.parse(Array("abi=1.0;lang=c;sdk=none;cc=x\0y".utf8))
    }
    #expect(faults("abi=1.0;lang=c;sdk=none;cc=" + String(repeating: "x", count: 2000)) == ["note: 2027 bytes"])
  }

  @Test func controlCharactersDoNotReachTheTerminal() {
    #expect(faults("abi=1.0;lang=c;sdk=none;cc=x;\u{1B}[2J\n") == [#"note: "\u{1b}[2J\u{a}""#])
  }
}

@Suite struct PluginRequirementsTests {
  private let host = PluginRequirements(abi: PluginABI(major: 2, minor: 3), compiler: "ours", machine: .amd64)

  private func codes(_ major: UInt16, _ minor: UInt16, language: String = "c", compiler: String = "any")
    -> [PluginProblem.Code]
  {
    host.problems(
      of: PluginNote(
        abi: PluginABI(major: major, minor: minor), language: language, sdk: "none", compiler: compiler)
    ).map(\.code)
  }

  @Test func sameMajorAndNoNewerMinorFits() {
    #expect(codes(2, 3).isEmpty)
    #expect(codes(2, 0).isEmpty)
    #expect(codes(2, 4) == [.newerMinor])
    #expect(codes(1, 0) == [.otherMajor])
    #expect(codes(3, 9) == [.otherMajor])
  }

  @Test func onlySwiftNeedsTheSameCompiler() {
    #expect(codes(2, 3, language: "swift", compiler: "ours").isEmpty)
    #expect(codes(2, 3, language: "swift", compiler: "theirs") == [.otherCompiler])
    #expect(codes(2, 3, language: "rust", compiler: "theirs").isEmpty)
  }

  @Test func bothCompilersAndTheRemedyAreSaid() throws {
    let problem = try #require(
      host.problems(
        of: PluginNote(abi: PluginABI(major: 2, minor: 0), language: "swift", sdk: "1", compiler: "theirs")
      ).first)
    #expect(problem.found == "\"theirs\"")
    #expect(problem.expected == "\"ours\"")
    #expect(problem.remedy.contains("same Swift toolchain"))
  }

  @Test func allMisfitsAreListed() {
    #expect(codes(2, 9, language: "swift", compiler: "theirs") == [.newerMinor, .otherCompiler])
  }

  @Test func hostHasACompilerAndAVersion() {
    #expect(PluginRequirements.host.compiler.contains("lang"))
    #expect(PluginRequirements.host.abi.major >= 1)
  }
}
