import Synchronization

/// What happened, from any thread.
final class Journal: Sendable {
  static let shared = Journal()
  private let lines = Mutex<[String]>([])

  func add(_ line: String) { lines.withLock { $0.append(line) } }
  var all: [String] { lines.withLock { $0 } }
  func contains(_ line: String) -> Bool { lines.withLock { $0.contains(line) } }
}
