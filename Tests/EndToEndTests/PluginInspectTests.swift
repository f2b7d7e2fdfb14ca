import Foundation
import TestSupport
import Testing

/// `gateway plugin inspect` and the failures of `plugin build`, as people and programs meet them.
@Suite("Looking at plugins", .timeLimit(.minutes(5))) struct PluginInspectTests {
  private func inspect(_ path: String, _ arguments: String...) throws -> (code: Int32, output: String, errors: String) {
    try Child.run(RunningGateway.program, ["plugin", "inspect", path] + arguments)
  }

  @Test("A plugin that fits is described on one screen", .enabled(if: BuiltPlugins.path("Guestbook") != nil))
  func fits() throws {
    let path = try #require(BuiltPlugins.path("Guestbook"))
    let run = try inspect(path)
    #expect(run.code == 0)
    #expect(run.output.hasPrefix("libGuestbook.so: fits this gateway\n"))
    for label in [
      "size", "digest     sha256:", "contract   1.", "language   c", "compiler", "machine", "needs", "exports", "mode",
    ] {
      #expect(run.output.contains("  \(label)"), "\(label)")
    }
    #expect(run.output.split(separator: "\n").count < 24)
  }

  @Test("Programs get an object, with the digest that sha256sum gives", .enabled(if: BuiltPlugins.path("Echo") != nil))
  func json() throws {
    let path = try #require(BuiltPlugins.path("Echo"))
    let run = try inspect(path, "--json")
    #expect(run.code == 0)
    let object = try #require(try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
    #expect(object["accepted"] as? Bool == true)
    #expect((object["note"] as? [String: String])?["language"] == "swift")
    #expect((object["needs"] as? [String])?.contains("libswiftCore.so") == true)
    #expect((object["exports"] as? [String])?.isEmpty == false)
    if let tool = Toolchain.find("sha256sum") {
      let (_, output) = try Program.run(tool, [path])
      #expect(object["digest"] as? String == "sha256:" + output.prefix(64))
    }
  }

  @Test(
    "One that would be refused says everything that is wrong with it, and runs nothing of it",
    .enabled(if: BrokenPlugins.canBuild, "\(BrokenPlugins.whyNot)"))
  func refused() throws {
    let run = try inspect(BrokenPlugins.build("many_misfits"))
    #expect(run.code == 1)
    #expect(run.output.contains("would be refused"))
    #expect(run.output.components(separatedBy: "\nerror: ").count == 4)
    let absent = try inspect("/nowhere/libNothing.so", "--json")
    #expect(absent.code == 1)
    #expect(absent.output.contains(#""code":"notFound""#))
    #expect(absent.output.contains(#""accepted":false"#))
    // The constructor of a library runs when it is opened; here nothing runs.
    let marked = try RunningGateway.folder() + "/mark"
    let probe = try RunningGateway.folder() + "/marks.c"
    try """
    #include "gateway_plugin.h"
    #include <fcntl.h>
    GW_PLUGIN_NOTE("c");
    __attribute__((constructor)) static void mark(void) { open("\(marked)", O_CREAT | O_WRONLY, 0600); }
    const gw_plugin *gateway_plugin_v1(const gw_host *host) { (void)host; return 0; }

    """.write(toFile: probe, atomically: false, encoding: .utf8)
    let compiler = try #require(Toolchain.find("clang") ?? Toolchain.find("cc"))
    let library = probe.replacingOccurrences(of: ".c", with: ".so")
    let built = try Program.run(compiler, ["-shared", "-fPIC", "-I", Toolchain.contract, probe, "-o", library])
    try #require(built.code == 0, "\(built.output)")
    #expect(try inspect(library).code == 0)
    #expect(!FileManager.default.fileExists(atPath: marked))
    // The mark is no dead one: who opens it leaves it.
    #expect(try Child.run(RunningGateway.program, ["plugin", "test", library]).code == 1)
    #expect(FileManager.default.fileExists(atPath: marked))
  }

  @Test(
    "A file that everybody can change is refused by inspect, check and run alike",
    .enabled(if: BrokenPlugins.canBuild, "\(BrokenPlugins.whyNot)"))
  func permissions() throws {
    let library = try BrokenPlugins.build("good")
    try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: library)
    let run = try inspect(library)
    #expect(run.code == 1)
    #expect(run.output.contains("chmod o-w it"))
    let yaml =
      Yaml.edge + "plugins: { good: { path: \"\(library)\" } }\nroutes: [{ match: /hello, handler: good.hello }]\n"
    let checked = try RunningGateway.command("check", yaml: yaml)
    #expect(checked.code == 1)
    #expect(checked.errors.contains("plugin-world-writable"))
    #expect(try RunningGateway.failure(yaml).code == 1)
  }

  @Test("A build of what is no plugin's package says so, and ends with a code of its own")
  func build() throws {
    let folder = try RunningGateway.folder()
    let none = try Child.run(RunningGateway.program, ["plugin", "build", folder])
    #expect(none.code == 1)
    #expect(none.errors.contains("holds no Package.swift"))
    guard Toolchain.find("swift") != nil else { return }
    try "// swift-tools-version: 6.1\nimport PackageDescription\nlet package = Package(name: \"Nothing\")\n".write(
      toFile: folder + "/Package.swift", atomically: false, encoding: .utf8)
    let empty = try Child.run(RunningGateway.program, ["plugin", "build", folder])
    #expect(empty.code == 1)
    #expect(empty.errors.contains("has no dynamic library"))
    try "this is no manifest".write(toFile: folder + "/Package.swift", atomically: false, encoding: .utf8)
    let broken = try Child.run(RunningGateway.program, ["plugin", "build", folder])
    #expect(broken.code == 1)
    // The package manager's own words.
    #expect(broken.errors.contains("error: "), "\(broken.errors)")
  }

  @Test(
    "A plugin is built with nothing exported but its entry, and a mistake in it is the compiler's to tell",
    .enabled(if: Toolchain.find("swift") != nil, "needs swift"))
  func native() throws {
    // In C, as a package of its own: the contract is one header.
    let folder = try RunningGateway.folder()
    let source = folder + "/Sources/Guests"
    try FileManager.default.createDirectory(atPath: source + "/include", withIntermediateDirectories: true)
    try FileManager.default.copyItem(
      atPath: Toolchain.contract + "/gateway_plugin.h", toPath: source + "/include/gateway_plugin.h")
    let code = try String(contentsOfFile: Toolchain.repository + "/Plugins/Guestbook/guestbook.c", encoding: .utf8)
    try (code + "int left_over(void);\nint left_over(void) { return 1; }\n").write(
      toFile: source + "/guestbook.c", atomically: false, encoding: .utf8)
    try """
    // swift-tools-version: 6.1
    import PackageDescription
    let package = Package(
      name: "Guests", products: [.library(name: "Guests", type: .dynamic, targets: ["Guests"])], targets: [.target(name: "Guests")])

    """.write(toFile: folder + "/Package.swift", atomically: false, encoding: .utf8)
    let run = try Child.run(RunningGateway.program, ["plugin", "build", folder, "--debug"])
    #expect(run.code == 0, "\(run.errors)\(run.output)")
    #expect(run.output.contains("plugin     guestbook 1.0.0: 2 handlers, 1 provider"))
    #expect(run.output.contains("handlers   sign, guests"))
    #expect(run.output.contains("exports    the entry alone"))
    try (code + "mistake\n").write(toFile: source + "/guestbook.c", atomically: false, encoding: .utf8)
    let broken = try Child.run(RunningGateway.program, ["plugin", "build", folder, "--debug"])
    #expect(broken.code == 1)
    #expect((broken.output + broken.errors).contains("mistake"))
    #expect(broken.errors.contains("the build of Guests failed"))
  }
}
