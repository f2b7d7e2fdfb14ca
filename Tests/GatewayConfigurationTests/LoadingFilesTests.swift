import Foundation
import GatewayConfiguration
import GatewayJSON
import Testing

/// The process's own environment, on real files.
@Suite struct LoadingFilesTests {
  private func withFolder(_ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "gateway-configuration-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder.path + "/")
  }

  private func messages(_ path: String) -> [String] {
    ConfigurationLoader.load(path: path, environment: .process()).diagnostics.all.map(\.message)
  }

  @Test func missingFilesDirectoriesAndLargeFilesAreSaid() throws {
    try withFolder { folder in
      #expect(messages(folder + "none.yaml") == ["the file `\(folder)none.yaml` does not exist"])
      #expect(messages(folder) == ["the file `\(folder)` is a directory"])
      try Data(repeating: 35, count: 9 << 20).write(to: URL(filePath: folder + "large.yaml"))
      #expect(messages(folder + "large.yaml") == ["the file `\(folder)large.yaml` is larger than 8MiB"])
      #expect(messages(folder + "none.yaml/x") == ["the file `\(folder)none.yaml/x` does not exist"])
    }
  }

  @Test(.enabled(if: getuid() != 0, "root may read everything"))
  func filesThatMayNotBeReadAreSaid() throws {
    try withFolder { folder in
      let path = folder + "locked.yaml"
      try Data("version: 1".utf8).write(to: URL(filePath: path))
      try FileManager.default.setAttributes([.posixPermissions: 0], ofItemAtPath: path)
      #expect(messages(path) == ["the file `\(path)` may not be read: permission denied"])
    }
  }

  @Test func pathsStartAtTheDirectoryOfTheFile() throws {
    try withFolder { folder in
      let text = """
        version: 1
        server: { listen: { address: "127.0.0.1:0", tls: { certificate: c.pem, key: "/etc/hostname-that-is-not-there" } } }
        plugins: { p: { path: lib/libP.so, config: "${file:c.pem}" } }
        routes: [ { match: /, handler: p.h } ]
        """
      try Data(text.utf8).write(to: URL(filePath: folder + "gateway.yaml"))
      try Data("content\n".utf8).write(to: URL(filePath: folder + "c.pem"))
      let result = ConfigurationLoader.load(path: folder + "gateway.yaml", environment: .process())
      #expect(
        result.diagnostics.all.map(\.message) == ["the file `/etc/hostname-that-is-not-there` does not exist"])
      #expect(result.file?.plugins.first?.path?.value == folder + "lib/libP.so")
      #expect(result.file?.plugins.first?.config.value.string == "content")
      #expect(result.file?.pluginPath.map(\.value) == [folder + "plugins", String(folder.dropLast())])
    }
  }

  @Test func theProcessCountsBeforeDotEnvWhichCountsBeforeSecretFiles() throws {
    try withFolder { folder in
      let files = [
        ".env": "# comment\nGATEWAY_TEST_A=\"from file\"\nexport GATEWAY_TEST_B = 'b' \nPATH=/nowhere\n",
        "secrets/GATEWAY_TEST_A": "from secret\n", "secrets/c": "  from secret\n\n",
        "gateway.yaml": """
          version: 1
          settings_from: { secrets: secrets }
          settings: { a: { env: GATEWAY_TEST_A }, b: { env: GATEWAY_TEST_B }, c: { type: secret }, path: { env: PATH } }
          plugins: { p: { config: ["${env:GATEWAY_TEST_B}", "${settings.c}"] } }
          """,
      ]
      try FileManager.default.createDirectory(atPath: folder + "secrets", withIntermediateDirectories: true)
      for (name, text) in files { try Data(text.utf8).write(to: URL(filePath: folder + name)) }
      let file = try #require(ConfigurationLoader.load(path: folder + "gateway.yaml", environment: .process()).file)
      #expect(file.settings.named("a")?.value == "from file")
      #expect(file.settings.named("b")?.value == "b")
      #expect(file.settings.named("c")?.value == "from secret")
      #expect(file.settings.named("path")?.value?.string == ProcessInfo.processInfo.environment["PATH"])
      #expect(file.plugins.first?.config.value == ["b", "from secret"])
    }
  }
}
