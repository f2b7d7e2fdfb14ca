import Foundation

/// Programs of the machine that some tests need: compilers of other languages.
public enum Toolchain {
  /// The first program of that name on PATH, or where its installer puts it for one user.
  public static func find(_ name: String) -> String? {
    let environment = ProcessInfo.processInfo.environment
    var folders = (environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":").map(String.init)
    if let home = environment["HOME"] { folders.append("\(home)/.cargo/bin") }
    return folders.map { "\($0)/\(name)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
  }

  /// The folder of `gateway_plugin.h`.
  public static let contract = repository + "/Sources/CGatewayPlugin/include"

  /// The root of the repository, also where the package reaches its tests through a symbolic link.
  public static let repository = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().path
}
