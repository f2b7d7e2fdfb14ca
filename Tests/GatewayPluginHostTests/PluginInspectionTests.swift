import CGatewayPlugin
import Glibc
import TestSupport
import Testing

@testable import GatewayPluginHost

@Suite(.enabled(if: BrokenPlugins.canBuild, Comment(rawValue: BrokenPlugins.whyNot)))
struct PluginInspectionTests {
  private func inspect(_ name: String) throws -> PluginInspection {
    try PluginInspection.read(path: BrokenPlugins.build(name))
  }

  @Test func goodPluginHasNoProblem() throws {
    let inspection = try inspect("good")
    #expect(inspection.problems.isEmpty)
    #expect(inspection.note?.abi == PluginRequirements.host.abi)
    #expect(inspection.note?.sdk == "none")
  }

  @Test(
    arguments: [
      ("not_elf", .notELF), ("truncated", .truncated), ("other_machine", .otherMachine), ("other_class", .otherClass),
      ("other_byte_order", .otherEndianness), ("object_file", .notASharedLibrary), ("executable", .notASharedLibrary),
      ("no_note", .noNote), ("two_notes", .malformedNote), ("other_major", .otherMajor), ("newer_minor", .newerMinor),
      ("other_compiler", .otherCompiler), ("missing_symbol", .missingSymbol), ("hidden_symbol", .missingSymbol),
      ("data_symbol", .missingSymbol),
    ] as [(String, PluginProblem.Code)])
  func oneFaultIsOneProblem(name: String, code: PluginProblem.Code) throws {
    let inspection = try inspect(name)
    #expect(inspection.problems.map(\.code) == [code])
    #expect(!inspection.isAcceptable)
    #expect(inspection.problems.allSatisfy { !$0.remedy.isEmpty && !$0.found.isEmpty && !$0.expected.isEmpty })
  }

  @Test func allMisfitsAreToldAtOnce() throws {
    #expect(try inspect("many_misfits").problems.map(\.code) == [.newerMinor, .otherCompiler, .missingSymbol])
    #expect(try inspect("malformed_note").problems.count == 6)
  }

  @Test func machinesAreNamed() throws {
    let problem = try #require(try inspect("other_machine").problems.first)
    let names = ["x86-64", "aarch64"]
    #expect(names.contains(problem.found))
    #expect(names.contains { problem.expected == "\($0), as this host is" })
    #expect(!problem.expected.hasPrefix(problem.found))
  }

  @Test(arguments: [
    ("", "an empty file"), ("!<arch>\n", "a static library"), ("#!/bin/sh\n", "a script"),
    ("\u{7F}ELF", "an ELF file of 4 bytes"), ("hello", "a file that begins with \"hello\""),
  ])
  func whatIsNotELFIsNamed(content: String, name: String) {
    let problems = PluginInspection.read(bytes: Array(content.utf8)).problems
    #expect(problems.map(\.code) == [.notELF])
    #expect(problems.first?.found == name)
  }
}

/// What needs no compiler.
@Suite struct PluginFileTests {
  private func codes(_ path: String) -> [PluginProblem.Code] {
    PluginInspection.read(path: path).problems.map(\.code)
  }

  @Test func directoryIsNotAFile() throws {
    #expect(try codes(BrokenPlugins.temporaryFolder()) == [.notAFile])
  }

  @Test func fifoIsNotAFileAndDoesNotHoldTheStart() throws {
    let path = try BrokenPlugins.temporaryFolder() + "/fifo"
    try #require(mkfifo(path, 0o600) == 0)
    #expect(codes(path) == [.notAFile])
    #expect(codes("/dev/null") == [.notAFile])
  }

  @Test func absentFileIsNotFound() throws {
    let folder = try BrokenPlugins.temporaryFolder()
    #expect(codes("\(folder)/libNone.so") == [.notFound])
    #expect(codes("\(folder)/none/libNone.so") == [.notFound])
    #expect(codes("") == [.notFound])
  }

  @Test func pathDoesNotEndAtANul() {
    #expect(codes("/dev/null\0.so") == [.notFound])
  }

  @Test(.enabled(if: geteuid() != 0, "root may read everything"))
  func fileWithoutPermissionIsUnreadable() throws {
    let path = try BrokenPlugins.temporaryFolder() + "/secret.so"
    let file = open(path, O_CREAT | O_WRONLY, 0)
    close(file)
    #expect(codes(path) == [.unreadable])
  }

  @Test func linkLoopIsUnreadable() throws {
    let path = try BrokenPlugins.temporaryFolder() + "/loop.so"
    try #require(symlink(path, path) == 0)
    #expect(codes(path) == [.unreadable])
  }
}
