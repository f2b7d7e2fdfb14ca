import Foundation
import TestSupport
import Testing

@testable import GatewayPluginHost

/// What binds a plugin to a compiler: its language.
@Suite("Plugins by other compilers") struct OtherCompilersTests {
  @Test(
    "The contract compiles without a warning, as C and as C++",
    arguments: [
      ("clang", "c11", "c"), ("gcc", "c11", "c"), ("clang", "c17", "c"), ("clang++", "c++17", "cpp"),
      ("g++", "c++17", "cpp"),
      ("clang++", "c++20", "cpp"), ("g++", "c++20", "cpp"),
    ])
  func header(_ compiler: String, _ standard: String, _ kind: String) throws {
    guard let compiler = Toolchain.find(compiler) else { return }
    let source = try BrokenPlugins.temporaryFolder() + "/plugin.\(kind)"
    let text = """
      #include "gateway_plugin.h"
      GW_PLUGIN_NOTE("\(kind)");
      static int reads(const gw_plugin *plugin) { return GW_HAS(plugin, health); }
      \(kind == "cpp" ? #"extern "C" "# : "")const gw_plugin *gateway_plugin_v1(const gw_host *host) {
        static gw_plugin plugin;
        plugin.struct_size = sizeof plugin;
        return host->abi_major == GW_ABI_MAJOR && reads(&plugin) ? &plugin : 0;
      }

      """
    try text.write(toFile: source, atomically: false, encoding: .utf8)
    let (code, output) = try Program.run(
      compiler,
      [
        "-std=\(standard)", "-Wall", "-Wextra", "-pedantic", "-Werror", "-I", Toolchain.contract, "-c", source, "-o",
        "/dev/null",
      ])
    #expect(code == 0, "\(output)")
  }

  @Test("A plugin in C is opened, whichever compiler built it", arguments: ["clang", "gcc"])
  func native(_ name: String) throws {
    guard let compiler = Toolchain.find(name) else { return }
    let library = try BrokenPlugins.temporaryFolder() + "/libGuestbook.so"
    let (code, output) = try Program.run(
      compiler,
      [
        "-std=c11", "-O2", "-Wall", "-Wextra", "-pedantic", "-Werror", "-shared", "-fPIC", "-pthread", "-I",
        Toolchain.contract,
        Toolchain.repository + "/Plugins/Guestbook/guestbook.c", "-o", library,
      ])
    try #require(code == 0, "\(output)")
    var loader = PluginLoader(host: HostTable.shared.pointer)
    let plugin = try loader.open(path: library, name: "guestbook").get()
    #expect(plugin.note?.language == "c")
    // Clang is the one that comes with Swift; the other one is another compiler in any case.
    if name == "gcc" { #expect(plugin.note?.compiler != PluginRequirements.host.compiler) }
    #expect(plugin.handlers.map(\.name) == ["sign", "guests"])
  }

  @Test(
    "A real plugin in Swift whose note names another compiler is refused, and none of its code runs",
    .enabled(if: BuiltPlugins.path("Echo") != nil, "libEcho.so is not beside the tests"))
  func swift() throws {
    let path = try #require(BuiltPlugins.path("Echo"))
    var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    let place = try #require(bytes.range(of: Data(";lang=swift;".utf8)))
    let compiler = try #require(bytes.range(of: Data(";cc=".utf8), in: place.lowerBound..<place.lowerBound + 200))
    bytes[compiler.upperBound] ^= 1
    let copy = try BrokenPlugins.temporaryFolder() + "/libEcho.so"
    try bytes.write(to: URL(fileURLWithPath: copy))
    var loader = PluginLoader(host: HostTable.shared.pointer)
    guard case .failure(let problems) = loader.open(path: copy, name: "echo") else {
      Issue.record("opened")
      return
    }
    #expect(problems.problems.map(\.code) == [.otherCompiler])
    let maps = try String(contentsOfFile: "/proc/self/maps", encoding: .utf8)
    #expect(!maps.contains(copy))
  }
}
