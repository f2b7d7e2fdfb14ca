import Foundation

/// This working copy.
enum Repository {
  static let root = URL(filePath: #filePath).resolvingSymlinksInPath()
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// Code below Sources, Plugins and Tests, in the order of paths.
  static let files: [SourceText] = ["Sources", "Plugins", "Tests"].flatMap(read)

  /// Text of a file below the root, if it is there.
  static func text(_ path: String) -> String? {
    try? String(contentsOf: root.appending(path: path), encoding: .utf8)
  }

  static func hasFolder(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: root.appending(path: path).path, isDirectory: &isFolder)
      && isFolder.boolValue
  }

  /// Names of the folders in a folder below the root.
  static func folders(in path: String) -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: root.appending(path: path).path)) ?? []
    return names.filter { hasFolder("\(path)/\($0)") }.sorted()
  }

  private static func read(_ area: String) -> [SourceText] {
    let code: Set<String> = ["swift", "c", "h", "modulemap"]
    let found =
      FileManager.default.enumerator(atPath: root.appending(path: area).path)?.compactMap { $0 as? String } ?? []
    return found.filter { code.contains(($0 as NSString).pathExtension) && !$0.contains(".build/") }.sorted()
      .compactMap { name in text("\(area)/\(name)").map { SourceText(path: "\(area)/\(name)", text: $0) } }
  }
}
