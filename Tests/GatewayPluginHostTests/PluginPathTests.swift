import Foundation
import TestSupport
import Testing

@testable import GatewayPluginHost

@Suite struct PluginPathTests {
  private func folder(_ files: String...) throws -> String {
    let folder = try BrokenPlugins.temporaryFolder()
    for file in files { try Data().write(to: URL(fileURLWithPath: "\(folder)/\(file)")) }
    return folder
  }

  private func problem(_ library: String, _ directories: [String], relativeTo base: String = ".") -> PluginProblem? {
    do throws(PluginProblem) {
      _ = try PluginPath.resolve(library: library, directories: directories, relativeTo: base)
      return nil
    } catch {
      return error
    }
  }

  @Test func nameIsLookedForInOrder() throws {
    let first = try folder("Shop.so")
    let second = try folder("libShop.so", "Shop.so", "libOther.so")
    #expect(try PluginPath.resolve(library: "Shop", directories: [first, second]) == "\(first)/Shop.so")
    #expect(try PluginPath.resolve(library: "Shop", directories: [second, first]) == "\(second)/libShop.so")
    #expect(try PluginPath.resolve(library: "Other", directories: [first, second + "/"]) == "\(second)/libOther.so")
    #expect(try PluginPath.resolve(library: "libShop.so", directories: [first, second]) == "\(second)/libShop.so")
  }

  @Test func oneForThisContractAndMachineComesFirst() throws {
    let requirements = PluginRequirements(
      abi: PluginABI(major: 2, minor: 1), compiler: "", machine: ELFMachine.aarch64)
    let folder = try folder(
      "libShop.2.2-aarch64-linux.so", "libShop.2.1-x86_64-linux.so", "libShop.2.0-aarch64-linux.so", "libShop.so")
    func found() throws -> String {
      try PluginPath.resolve(library: "Shop", directories: [folder], requirements: requirements)
    }
    #expect(try found() == "\(folder)/libShop.2.0-aarch64-linux.so")
    try Data().write(to: URL(fileURLWithPath: "\(folder)/libShop.2.1-aarch64-linux.so"))
    #expect(try found() == "\(folder)/libShop.2.1-aarch64-linux.so")
    #expect(
      PluginPath.names(of: "Shop", requirements)
        == ["libShop.2.1-aarch64-linux.so", "libShop.2.0-aarch64-linux.so", "libShop.so", "Shop.so"])
  }

  @Test func nameWithSlashIsAPath() throws {
    let base = try folder("Shop.so")
    #expect(try PluginPath.resolve(library: "./Shop.so", directories: [], relativeTo: base) == "\(base)/./Shop.so")
    #expect(try PluginPath.resolve(library: "\(base)/Shop.so", directories: [], relativeTo: "/") == "\(base)/Shop.so")
    #expect(problem("./Shop", [base], relativeTo: base)?.found == "nothing at \(base)/./Shop")
  }

  @Test func allPlacesAndWhatIsThereAreListed() throws {
    let first = try folder("libBookshop.so", "notes.txt")
    let second = try folder("Echo.so")
    let problem = try #require(self.problem("Bookshp", [first, second]))
    let names = PluginPath.names(of: "Bookshp").joined(separator: ", ")
    #expect(names.hasSuffix(", libBookshp.so, Bookshp.so"))
    #expect(problem.found == "no \(names) in \(first), \(second)")
    #expect(problem.remedy.hasSuffix("found there: Echo.so, libBookshop.so"))
    #expect(problem.code == .notFound)
  }

  @Test func absentDirectoryIsOnlyAPlaceWithoutFile() throws {
    let folder = try folder("libShop.so")
    #expect(try PluginPath.resolve(library: "Shop", directories: ["/nowhere", folder]) == "\(folder)/libShop.so")
    #expect(problem("Shop", [])?.found == "no directory to search")
  }

  @Test func directoryOfThatNameIsNotPassedOver() throws {
    let first = try folder()
    try FileManager.default.createDirectory(atPath: "\(first)/libShop.so", withIntermediateDirectories: false)
    let second = try folder("libShop.so")
    let path = try PluginPath.resolve(library: "Shop", directories: [first, second])
    #expect(path == "\(first)/libShop.so")
    #expect(PluginInspection.read(path: path).problems.map(\.code) == [.notAFile])
  }

  @Test(arguments: ["", ".", "..", "Shop\0"])
  func nameThatIsNoneIsRefused(library: String) {
    #expect(problem(library, ["/"])?.code == .notFound)
  }
}
