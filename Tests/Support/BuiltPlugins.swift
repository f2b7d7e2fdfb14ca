import Foundation

/// The repository's own plugins, where the package's build put them: beside the running test bundle.
public enum BuiltPlugins {
  public static let directory: String = {
    // The test bundle is an executable of its own on Linux, run as it is.
    let executable = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    return executable.deletingLastPathComponent().path
  }()

  /// The library of that plugin, or nil where this build did not make it.
  public static func path(_ name: String) -> String? {
    let path = "\(directory)/lib\(name).so"
    return FileManager.default.fileExists(atPath: path) ? path : nil
  }
}
