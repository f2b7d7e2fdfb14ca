import Foundation
import TestSupport
import Testing

@testable import GatewayPluginHost

@Suite("Details of a plugin's file", .enabled(if: BrokenPlugins.canBuild, Comment(rawValue: BrokenPlugins.whyNot)))
struct PluginDetailsTests {
  private func inspect(_ name: String) throws -> PluginInspection {
    try PluginInspection.read(path: BrokenPlugins.build(name), isDetailed: true)
  }

  @Test("A plugin in C exports its entry alone, and nothing about it deserves a warning")
  func good() throws {
    let inspection = try inspect("good")
    let details = try #require(inspection.details)
    #expect(inspection.problems.isEmpty)
    #expect(details.exports == ["gateway_plugin_v1"])
    #expect(details.exportCount == 1)
    #expect(details.typeLookups.isEmpty)
    #expect(inspection.machine == .host)
    #expect(details.digest == (try FileDigest.sha256(of: .open(inspection.path))))
  }

  @Test(
    "Symbols are counted in both kinds of hash table, with section headers or without",
    arguments: ["sysv_hash", "stripped_sections"])
  func hashes(_ name: String) throws {
    #expect(try inspect(name).details?.exports == ["gateway_plugin_v1"])
  }

  @Test("The build id is what the linker put in")
  func buildID() throws {
    #expect(try inspect("build_id").details?.buildID == [0xCA, 0xFE, 0xBA, 0xBE])
    #expect(try inspect("no_build_id").details?.buildID == nil)
  }

  @Test(
    "What weakens the process or a hot swap is a warning",
    arguments: [
      ("executable_stack", .executableStack), ("looks_up_types", .looksUpTypes), ("exports_much", .manyExports),
    ] as [(String, PluginProblem.Code)])
  func warning(_ name: String, _ code: PluginProblem.Code) throws {
    let inspection = try inspect(name)
    #expect(inspection.problems.map(\.code) == [code])
    #expect(inspection.isAcceptable)
  }

  @Test("Functions that look up types by name are told by their names, and what every Swift image imports is not")
  func lookups() throws {
    #expect(
      try inspect("looks_up_types").details?.typeLookups == [
        "$s10Foundation17NSClassFromStringyyXlXpSgSSF", "$ss11_typeByNameyypXpSgSSF", "swift_getTypeByMangledName",
      ])
  }

  @Test("Without being asked for, a look at a file reads no more than it did")
  func plain() throws {
    #expect(try PluginInspection.read(path: BrokenPlugins.build("looks_up_types")).problems.isEmpty)
    #expect(try PluginInspection.read(path: BrokenPlugins.build("good")).details == nil)
  }

  @Test("No beginning of a plugin's file can crash the reading of its details")
  func truncated() throws {
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: BrokenPlugins.build("good"))))
    for count in stride(from: 0, to: bytes.count, by: 61) {
      let inspection = PluginInspection.read(bytes: Array(bytes[..<count]), isDetailed: true)
      #expect(!inspection.isAcceptable, "\(count) bytes")
    }
  }

  @Test("No changed byte of a plugin's tables can crash the reading of its details")
  func changed() throws {
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: BrokenPlugins.build("good"))))
    for at in 0..<min(bytes.count, 3000) {
      var copy = bytes
      copy[at] ^= 0xFF
      _ = PluginInspection.read(bytes: copy, isDetailed: true)
    }
  }
}

@Suite("Permissions of a plugin", .enabled(if: BrokenPlugins.canBuild, Comment(rawValue: BrokenPlugins.whyNot)))
struct PluginPermissionsTests {
  /// A plugin in a folder of its own.
  private func plugin(file: Int, folder: Int) throws -> String {
    let path = try BrokenPlugins.build("good")
    try FileManager.default.setAttributes([.posixPermissions: file], ofItemAtPath: path)
    try FileManager.default.setAttributes(
      [.posixPermissions: folder], ofItemAtPath: (path as NSString).deletingLastPathComponent)
    return path
  }

  private func problems(_ path: String) -> [String] {
    PluginInspection.read(path: path).problems.map { "\($0.severity.rawValue) \($0.code.rawValue) \($0.field)" }
  }

  @Test(
    "What everybody can change is refused: the file, or its folder",
    arguments: [
      (0o644, 0o755, []), (0o755, 0o700, []), (0o666, 0o755, ["error worldWritable file mode"]),
      (0o644, 0o777, ["error worldWritable folder mode"]),
      (0o646, 0o757, ["error worldWritable file mode", "error worldWritable folder mode"]),
    ] as [(Int, Int, [String])])
  func world(_ file: Int, _ folder: Int, _ expected: [String]) throws {
    #expect(try problems(plugin(file: file, folder: folder)) == expected)
  }

  @Test("In a folder with the sticky bit others cannot replace a file")
  func sticky() throws {
    #expect(try problems(plugin(file: 0o644, folder: 0o1777)).isEmpty)
  }

  @Test("A symbolic link in a folder that everybody can change is refused, wherever it leads")
  func link() throws {
    let path = try plugin(file: 0o644, folder: 0o755)
    let folder = try BrokenPlugins.temporaryFolder()
    let link = folder + "/current.so"
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: path)
    #expect(problems(link).isEmpty)
    try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: folder)
    #expect(problems(link) == ["error worldWritable folder mode"])
  }

  @Test("What a group can change is a warning, unless it is its owner's private one")
  func group() throws {
    let path = try plugin(file: 0o664, folder: 0o775)
    #expect(problems(path).isEmpty || getuid() != getgid())
    guard chown(path, getuid(), getgid() + 1) == 0 else { return }
    // A change of owner may clear bits.
    chmod(path, 0o664)
    #expect(problems(path) == ["warning groupWritable file mode"])
  }
}
