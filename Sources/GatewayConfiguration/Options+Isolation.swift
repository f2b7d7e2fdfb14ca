import GatewayJSON
import GatewayYAML

extension WorkerLimits {
  static let section = Section<WorkerLimits>(
    "plugins.limits", "What one process of an isolated plugin may use; over it, it is refused more, or ended.",
    make: WorkerLimits()
  ) {
    Option(
      "memory", optional: \.memory, .size((64 << 20)...(1 << 44)), default: "unlimited",
      "Writable memory of its own, stacks of threads included. The process itself needs some 40 MiB.")
    Option(
      "cpu", optional: \.cpu, .duration(.seconds(1)...(.seconds(366 * 86_400))), default: "unlimited",
      "Processor time in its life, whole seconds; then it is ended, and followed by another.")
    Option(
      "descriptors", optional: \.descriptors, .integer(32...1_048_576), default: "unlimited", "Open descriptors.")
    Option(
      "processes", optional: \.processes, .integer(0...4_194_304), default: "unlimited",
      "`0`: it can start no other process. Else the system's limit for all threads and processes of its user, which "
        + "root does not have.")
  }
}

extension WorkerRestart {
  private static let day = Duration.seconds(86_400)

  static let section = Section<WorkerRestart>(
    "plugins.restart", "When a process of an isolated plugin that ended is followed by another.", make: WorkerRestart()
  ) {
    Option(
      "delay", \.delay, .duration(.milliseconds(1)...day),
      "Before the second start in a row that came to nothing; doubled each time, give or take a quarter.")
    Option("longest_delay", \.longestDelay, .duration(.milliseconds(1)...day), "What it is doubled to at most.")
    Option(
      "attempts", \.attempts, .integer(1...1000),
      "After so many in a row that came to nothing requests are answered 503 at once, and none is started for `pause`.")
    Option("pause", \.pause, .duration(.milliseconds(1)...day), "Then one is tried.")
    Option(
      "stable_after", \.stableAfter, .duration(.milliseconds(1)...day),
      "A process that lived so long did not come to nothing: it is followed at once.")
    Option(
      "stable_requests", \.stableRequests, .integer(1...1_000_000_000), "The same of one that answered so many requests.")
  }
}

extension Kind where Value == [String] {
  /// Names of variables, as a shell has them.
  static var variableNames: Kind {
    .list(
      of: Kind<String>.string("a variable's name such as `DATABASE_URL`") { text in
        let isName = text.utf8.enumerated().allSatisfy { index, byte in
          switch byte {
          case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "_"): true
          case UInt8(ascii: "0")...UInt8(ascii: "9"): index > 0
          default: false
          }
        }
        return text.isEmpty || !isName ? "must be the name of a variable of the environment" : nil
      })
  }
}

extension PluginEntry {
  /// Options that say how it is isolated are of no use where it is not.
  static func checkIsolation(_ entry: PluginEntry, _ cursor: Cursor, _ decoder: FileDecoder) {
    guard entry.isolation.value != .process else { return }
    for name in ["workers", "limits", "environment", "restart", "patience"] {
      guard let child = cursor.child(name) else { continue }
      decoder.error(
        .conflict, "`\(name)` is for plugins in processes of their own", at: child, place: child.keyLocation,
        help: "add `isolation: process`, or remove `\(name)`")
    }
  }
}
