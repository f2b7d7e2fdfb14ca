/// Which changed files matter, and for what.
struct WatchPlan: Equatable {
  /// What a changed file asks for.
  enum Meaning: Hashable {
    case configuration
    /// A source of that plugin.
    case source(String)
    /// A source of another plugin in its package, which it may use.
    case dependency(String)
    /// A plugin's library, built by somebody else.
    case library(String)
  }

  /// Everything that the configuration was read from, absolute.
  var files: Set<String> = []
  var builds: [WatchedPlugin] = []

  /// Directories of one level, whose files are looked at by name.
  var flat: Set<String> {
    Set(files.map(WatchedPlugin.parent)).union(builds.compactMap { $0.library.map(WatchedPlugin.parent) })
  }

  /// Directories to be watched with all below them.
  var deep: Set<String> { Set(builds.filter { !$0.command.isEmpty }.map(\.directory)) }

  /// Directories that no source is in.
  static func isSkipped(_ name: String) -> Bool { name.hasPrefix(".") || name == "node_modules" || name == "target" }

  private static let sources: Set<String> = [
    "swift", "c", "h", "cc", "cpp", "cxx", "hpp", "m", "rs", "s", "modulemap", "resolved", "toml",
  ]

  /// Any number of meanings: a library may be two plugins' package's.
  func meanings(of path: String) -> Set<Meaning> {
    if files.contains(path) { return [.configuration] }
    var meanings: Set<Meaning> = []
    let name = path.split(separator: "/").last.map(String.init) ?? ""
    let suffix = name.split(separator: ".").last.map(String.init) ?? ""
    var affected: [WatchedPlugin] = []
    for build in builds {
      if build.library == path {
        meanings.insert(.library(build.name))
      } else if !build.command.isEmpty, path.hasPrefix(build.directory + "/"), !name.hasPrefix("."),
        Self.sources.contains(suffix),
        !path.dropFirst(build.directory.count + 1).split(separator: "/").dropLast().contains(where: { Self.isSkipped(String($0)) })
      {
        affected.append(build)
      }
    }
    // Of several plugins in one package it is first of all that one's whose directory it lies in.
    let directories = Set(path.split(separator: "/").dropLast())
    let nearest = affected.filter { $0.library.map { directories.contains(WatchedPlugin.product($0)[...]) } ?? false }
    for build in affected {
      meanings.insert(nearest.isEmpty || nearest.contains(build) ? .source(build.name) : .dependency(build.name))
    }
    return meanings
  }
}
