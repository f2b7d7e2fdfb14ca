/// What a supervisor and its gateway tell each other: one packet each, fields separated by tabs.
enum SupervisionMessage: Equatable {
  /// To the gateway, before it starts: who is out of service.
  case quarantined([QuarantinedFunction])
  /// To the supervisor: when to take functions out of service; nil: never.
  case rules(CrashLedger.Rules?)
  /// Where it keeps its crash reports.
  case reports(String)
  /// It serves.
  case ready
  /// It was asked to stop, and does.
  case stopping
  /// Everybody is to be let in again.
  case release
  /// To the gateway, before it starts: somebody works on it. On loopback only, whatever the configuration says.
  case develop(isLoopbackOnly: Bool)
  /// To the gateway: the configuration has changed, or only these plugins' files.
  case reload(Set<String>)
  /// To the developer: what came of it, for a person.
  case reloaded(ReloadReport.Outcome, needsRestart: Bool, text: String)

  /// Characters of a text; whoever needs more looks at the log.
  private static let longestText = 30_000

  /// Longest packet.
  static let capacity = 160 * 1024

  var bytes: [UInt8] {
    let text: String =
      switch self {
      case .quarantined(let functions):
        functions.reduce(into: "quarantined") {
          $0 += "\t\($1.name)\t\($1.remaining.milliseconds)\t\($1.crashes)"
        }
      case .rules(nil): "rules"
      case .rules(let rules?): "rules\t\(rules.crashes)\t\(rules.within.milliseconds)\t\(rules.time.milliseconds)"
      case .reports(let path): "reports\t\(path)"
      case .ready: "ready"
      case .stopping: "stopping"
      case .release: "release"
      case .develop(let isLoopbackOnly): "develop\t\(isLoopbackOnly ? 1 : 0)"
      case .reload(let names): names.sorted().reduce(into: "reload") { $0 += "\t\($1)" }
      case .reloaded(let outcome, let needsRestart, let text):
        "reloaded\t\(outcome.rawValue)\t\(needsRestart ? 1 : 0)\t"
          + String(text.unicodeScalars.lazy.map { $0 == "\t" ? " " : Character($0) }.prefix(Self.longestText))
      }
    return Array(text.utf8)
  }

  /// Nil for anything else than what `bytes` writes.
  init?(_ bytes: [UInt8]) {
    guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
    let fields = text.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
    let values = Array(fields.dropFirst())
    switch (fields.first, values.count) {
    case ("ready", 0): self = .ready
    case ("stopping", 0): self = .stopping
    case ("release", 0): self = .release
    case ("develop", 1) where values[0] == "0" || values[0] == "1": self = .develop(isLoopbackOnly: values[0] == "1")
    case ("reload", _) where !values.contains(""): self = .reload(Set(values))
    case ("reloaded", 3) where values[1] == "0" || values[1] == "1":
      guard let outcome = ReloadReport.Outcome(rawValue: values[0]) else { return nil }
      self = .reloaded(outcome, needsRestart: values[1] == "1", text: values[2])
    case ("rules", 0): self = .rules(nil)
    case ("rules", 3):
      guard let crashes = Self.number(values[0], 1...1000), let within = Self.number(values[1], 1...Self.longest),
        let time = Self.number(values[2], 1...Self.longest)
      else { return nil }
      self = .rules(
        CrashLedger.Rules(crashes: crashes, within: .milliseconds(within), time: .milliseconds(time)))
    case ("reports", 1):
      guard values[0].hasPrefix("/") else { return nil }
      self = .reports(values[0])
    case ("quarantined", let count) where count % 3 == 0 && count / 3 <= CrashLedger.capacity:
      var functions: [QuarantinedFunction] = []
      for start in stride(from: 0, to: count, by: 3) {
        guard !values[start].isEmpty, let remaining = Self.number(values[start + 1], 0...Self.longest),
          let crashes = Self.number(values[start + 2], 1...Int.max)
        else { return nil }
        functions.append(
          QuarantinedFunction(name: values[start], remaining: .milliseconds(remaining), crashes: crashes))
      }
      self = .quarantined(functions)
    default: return nil
    }
  }

  /// A month of milliseconds: more than any option allows.
  private static let longest = 31 * 86_400_000

  /// Digits only: no sign, no blank.
  private static func number(_ text: String, _ range: ClosedRange<Int>) -> Int? {
    guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let value = Int(text) else { return nil }
    return range.contains(value) ? value : nil
  }
}

extension Duration {
  var milliseconds: Int { Int(components.seconds) * 1000 + Int(components.attoseconds / 1_000_000_000_000_000) }
}
