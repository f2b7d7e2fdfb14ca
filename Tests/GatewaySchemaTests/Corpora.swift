import Foundation

/// Official test data, kept outside the repository: `GATEWAY_CORPORA`, or `shared/corpora` beside the checkout.
enum Corpora {
  static let root: URL? = {
    let environment = ProcessInfo.processInfo.environment["GATEWAY_CORPORA"].map { URL(fileURLWithPath: $0) }
    let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let beside = package.deletingLastPathComponent().appendingPathComponent("shared/corpora")
    return [environment, beside].compactMap { $0 }.first { FileManager.default.fileExists(atPath: $0.path) }
  }()

  static func directory(_ name: String) -> URL? {
    guard let url = root?.appendingPathComponent(name), FileManager.default.fileExists(atPath: url.path) else {
      return nil
    }
    return url
  }

  static func files(_ directory: String, suffix: String) -> [URL] {
    guard let url = self.directory(directory) else { return [] }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? []
    return names.filter { $0.hasSuffix(suffix) }.sorted().map { url.appendingPathComponent($0) }
  }
}
