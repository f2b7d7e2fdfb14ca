import Foundation

/// A directory of the test's own; files in it have rested for a day.
final class Folder: Sendable {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.appendingPathComponent("file-tests-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func write(_ name: String, _ bytes: [UInt8], age: TimeInterval = 86_400) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: "\(path)/\(name)"))
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSince1970: Date().timeIntervalSince1970.rounded(.down) - age)],
      ofItemAtPath: "\(path)/\(name)")
  }
}
