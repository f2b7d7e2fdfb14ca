import Foundation
import TestSupport
import Testing

/// `gateway plugin new`: what it writes, and that it is a plugin.
@Suite("A new plugin", .timeLimit(.minutes(5))) struct PluginNewTests {
  private func make(_ arguments: String...) throws -> (code: Int32, output: String, errors: String) {
    try Child.run(RunningGateway.program, ["plugin", "new"] + arguments)
  }

  /// Compiles the plugin's source as its manifest says, against the SDK of this build.
  private func library(_ folder: String, _ name: String) throws -> String {
    let build = BuiltPlugins.directory
    let objects = try ["GatewayPlugin", "CGatewayPluginNote"].flatMap { target in
      try FileManager.default.contentsOfDirectory(atPath: "\(build)/\(target).build").filter { $0.hasSuffix(".o") }
        .map { "\(build)/\(target).build/\($0)" }
    }
    let library = folder + "/.build/debug/lib\(name).so"
    try FileManager.default.createDirectory(atPath: folder + "/.build/debug", withIntermediateDirectories: true)
    let (code, output) = try Program.run(
      #require(Toolchain.find("swiftc")),
      [
        "-emit-library", "-o", library, "-module-name", name, "-swift-version", "6", "-warnings-as-errors",
        "-enable-upcoming-feature", "ExistentialAny", "-enable-upcoming-feature", "NonisolatedNonsendingByDefault",
        "-I", "\(build)/Modules", "-Xcc", "-fmodule-map-file=\(Toolchain.contract)/module.modulemap",
        "-load-plugin-executable", "\(build)/GatewayPluginMacros-tool#GatewayPluginMacros",
        "\(folder)/Sources/\(name)/\(name).swift",
      ] + objects, in: folder)
    try #require(code == 0, "\(output)")
    return library
  }

  @Test(
    "It compiles without a warning, is accepted, keeps the contract, and is served by its own gateway.yaml",
    .enabled(if: Toolchain.find("swiftc") != nil, "needs swiftc"))
  func served() throws {
    let folder = try RunningGateway.folder() + "/Weather"
    let made = try make("Weather", "--path", folder, "--gateway", Toolchain.repository)
    #expect(made.code == 0, "\(made.errors)")
    #expect(made.output.contains("Sources/Weather/Weather.swift"))
    let library = try library(folder, "Weather")
    #expect(try Child.run(RunningGateway.program, ["plugin", "inspect", library]).code == 0)
    let tested = try Child.run(RunningGateway.program, ["plugin", "test", library])
    #expect(tested.code == 0, "\(tested.output)")
    #expect(!tested.output.contains("warning"), "\(tested.output)")

    let file = folder + "/gateway.yaml"
    let yaml = try String(contentsOfFile: file, encoding: .utf8)
    try yaml.replacingOccurrences(of: "127.0.0.1:8080", with: "127.0.0.1:0").replacingOccurrences(
      of: "\".build/release\", ", with: ""
    ).write(toFile: file, atomically: false, encoding: .utf8)
    let checked = try Child.run(RunningGateway.program, ["check", file])
    #expect(checked.code == 0, "\(checked.errors)")
    let gateway = try RunningGateway(
      String(contentsOfFile: file, encoding: .utf8).replacingOccurrences(
        of: ".build/debug", with: folder + "/.build/debug"))
    #expect(try gateway.ask("/greet/Ada?times=2").text == #"{"text":"Good day, Ada! Good day, Ada!"}"#)
    #expect(try gateway.ask("/greet/Ada?times=6").status == 422)
    #expect(try gateway.ask("/greet/nobody").status == 404)
    #expect(gateway.stop().code == 0)
  }

  @Test(
    "Its manifest is one: a dynamic library, and the gateway's package by folder or by release",
    .enabled(if: Toolchain.find("swift") != nil, "needs swift"))
  func manifest() throws {
    let swift = try #require(Toolchain.find("swift"))
    let base = try RunningGateway.folder()
    for (name, arguments) in [
      ("Near", ["--gateway", Toolchain.repository]),
      ("Far", ["--url", "https://git.example.org/edge/gateway.git", "--version", "1.2.3"]),
    ] {
      let folder = base + "/" + name
      #expect(try Child.run(RunningGateway.program, ["plugin", "new", name, "--path", folder] + arguments).code == 0)
      let run = try Program.run(swift, ["package", "--package-path", folder, "dump-package"])
      try #require(run.code == 0, "\(run.output)")
      #expect(run.output.contains("\"dynamic\""))
      #expect(run.output.contains(name == "Far" ? "https://git.example.org/edge/gateway.git" : "fileSystem"))
      let code = try String(contentsOfFile: folder + "/Package.swift", encoding: .utf8)
      if name == "Far" {
        #expect(code.contains(#".package(url: "https://git.example.org/edge/gateway.git", from: "1.2.3")"#))
        #expect(code.contains(#"package: "gateway""#))
      }
    }
  }

  @Test("Without a word about the gateway it is the checkout that the program was built in")
  func own() throws {
    let folder = try RunningGateway.folder() + "/Near"
    try #require(make("Near", "--path", folder).code == 0)
    let manifest = try String(contentsOfFile: folder + "/Package.swift", encoding: .utf8)
    let path = try #require(manifest.firstMatch(of: /\.package\(path: "([^"]*)"\)/)?.output.1)
    let place = path.hasPrefix("/") ? String(path) : folder + "/" + path
    #expect(FileManager.default.fileExists(atPath: place + "/Sources/GatewayPlugin"))
  }

  @Test(
    "A name that is none, or somebody else's, is refused with a better one",
    arguments: [
      ("weather", "try `Weather`"), ("my-plugin", "try `MyPlugin`"), ("My Plugin", "try `MyPlugin`"),
      ("1st", "try `St`"),
      ("Swift", "has already; try `MySwift`"), ("Gateway", "has already"), ("Response", "has already"),
      ("", "needs a name"),
      ("Größe", "upper camel case"), ("../Up", "try `Up`"), (String(repeating: "A", count: 65), "at most 64"),
    ])
  func names(_ name: String, _ words: String) throws {
    let folder = try RunningGateway.folder() + "/new"
    let made = try make(name, "--path", folder, "--gateway", Toolchain.repository)
    #expect(made.code == 1)
    #expect(made.errors.contains(words), "\(made.errors)")
    #expect(!FileManager.default.fileExists(atPath: folder))
  }

  @Test("A folder that is there is left as it is")
  func existing() throws {
    let folder = try RunningGateway.folder()
    let made = try make("Weather", "--path", folder, "--gateway", Toolchain.repository)
    #expect(made.code == 1)
    #expect(made.errors.contains("is there already; nothing was changed"))
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
  }

  @Test("A checkout that is none, half a release and a version that is none are told")
  func sources() throws {
    let folder = try RunningGateway.folder()
    let none = try make("Weather", "--path", folder + "/a", "--gateway", folder)
    #expect(none.code == 1)
    #expect(none.errors.contains("holds no package with the library GatewayPlugin"))
    #expect(try make("Weather", "--path", folder + "/b", "--url", "https://git.example.org/g").code != 0)
    let version = try make("Weather", "--path", folder + "/c", "--url", "https://git.example.org/g", "--version", "1.0")
    #expect(version.code == 1)
    #expect(version.errors.contains("is no version such as 1.2.3"))
    let nowhere = try make("Weather", "--path", folder + "/d/e", "--gateway", Toolchain.repository)
    #expect(nowhere.code == 1)
    #expect(nowhere.errors.contains("there is no folder"))
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
  }
}
