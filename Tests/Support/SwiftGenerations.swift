import Foundation

/// Two builds of one Swift module, `Shelf`, as a plugin is built again and again. Compiled when a test asks, with the SDK of this
/// build.
public enum SwiftGenerations {
  private static let compiler = Toolchain.find("swiftc")
  private static let sdk = "\(BuiltPlugins.directory)/GatewayPlugin.build"

  /// Whether there is a compiler, and the objects of the SDK where SwiftPM's own build system puts them.
  public static let canBuild = compiler != nil && FileManager.default.fileExists(atPath: sdk)
  public static let whyNot = "needs swiftc on PATH, and the SDK's objects beside the tests"

  private static let tests = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
    .deletingLastPathComponent().deletingLastPathComponent()

  /// Builds the generation, 1 or 2, into that folder; the library's path.
  public static func build(_ generation: Int, in folder: String) throws -> String {
    guard let compiler else { throw BrokenPlugins.Failure(description: whyNot) }
    let root = tests.deletingLastPathComponent().path
    let library = "\(folder)/libShelf\(generation).so"
    let objects = ["GatewayPlugin", "CGatewayPlugin", "CGatewayPluginNote"].flatMap { target -> [String] in
      let folder = "\(BuiltPlugins.directory)/\(target).build"
      let files = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
      return files.filter { $0.hasSuffix(".o") }.map { "\(folder)/\($0)" }
    }
    let include = "\(root)/Sources/CGatewayPlugin/include"
    let arguments =
      [
        "-emit-library", "-parse-as-library", "-swift-version", "6", "-module-name", "Shelf",
        "-enable-upcoming-feature", "ExistentialAny", "-enable-upcoming-feature", "NonisolatedNonsendingByDefault",
        "-I", "\(BuiltPlugins.directory)/Modules", "-I", include, "-Xcc", "-I\(include)",
      ] + (generation == 2 ? ["-DSECOND"] : []) + [tests.appending(path: "GenerationPlugins/Shelf.swift").path] + objects
      + ["-o", library]
    let (code, text) = try Program.run(compiler, arguments)
    guard code == 0 else { throw BrokenPlugins.Failure(description: "swiftc cannot build Shelf.swift:\n\(text)") }
    return library
  }
}
