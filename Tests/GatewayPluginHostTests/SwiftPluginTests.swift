import TestSupport
import Testing

@testable import GatewayPluginHost

/// A real Swift plugin, as SwiftPM links it.
@Suite(.enabled(if: BuiltPlugins.path("Echo") != nil, "libEcho.so is not beside the tests"))
struct SwiftPluginTests {
  private let path = BuiltPlugins.path("Echo") ?? ""

  @Test func noteSurvivesTheLink() {
    let inspection = PluginInspection.read(path: path)
    #expect(inspection.problems.isEmpty)
    #expect(inspection.note?.language == "swift")
    #expect(inspection.note?.compiler == PluginRequirements.host.compiler)
    // The SDK asks for nothing that makes a plugin slow to open.
    #expect(!inspection.neededLibraries.contains { $0.contains("Foundation") })
  }

  @Test func hostOfAnotherCompilerDoesNotOpenIt() {
    let other = PluginRequirements(abi: PluginRequirements.host.abi, compiler: "another", machine: .host)
    var loader = PluginLoader(host: HostTable.shared.pointer, requirements: other)
    guard case .failure(let problems) = loader.open(path: path, name: "echo") else {
      Issue.record("opened")
      return
    }
    #expect(problems.problems.map(\.code) == [.otherCompiler])
  }

  @Test func descriptorKeepsTheContract() throws {
    var loader = PluginLoader(host: HostTable.shared.pointer)
    let plugin = try loader.open(path: path, name: "echo").get()
    #expect(plugin.declaredName == "echo")
    #expect(plugin.handlers.map(\.name) == ["hello", "shout", "echo", "whoami"])
    #expect(plugin.providers.map(\.isSecurity) == [true])
    #expect(plugin.handlers.map(\.execution) == [.inline, .async, .blocking, .inline])
  }

  @Test(.enabled(if: BuiltPlugins.path("Bookshop") != nil, "libBookshop.so is not beside the tests"))
  func pluginWithLibrariesOfItsOwnIsAcceptable() throws {
    let path = try #require(BuiltPlugins.path("Bookshop"))
    #expect(PluginInspection.read(path: path).problems.isEmpty)
  }
}
