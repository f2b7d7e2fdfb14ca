/// Which functions crash the gateway again and again. Times are on the supervisor's own clock, from any origin.
struct CrashLedger {
  struct Rules: Equatable {
    var crashes = 3
    var within = Duration.seconds(600)
    var time = Duration.seconds(600)
  }

  enum Verdict: Equatable {
    /// So many within the time that counts.
    case counted(Int)
    /// Out of service for so long.
    case quarantined(Duration, crashes: Int)
  }

  private struct Entry {
    var times: [Duration] = []
    /// Of the last quarantine.
    var until: Duration?
    var term = Duration.zero
    var total = 0
  }

  /// A function that crashes again after its time is out for twice as long, up to this.
  static let longest = Duration.seconds(86_400)
  /// Functions that are remembered; who crashed last stays.
  static let capacity = 256

  /// Nil: nothing is ever taken out of service.
  var rules: Rules? = Rules()
  private var entries: [String: Entry] = [:]

  mutating func crashed(_ function: String, at now: Duration) -> Verdict {
    var entry = entries.removeValue(forKey: function) ?? Entry()
    if entries.count >= Self.capacity, let oldest = entries.min(by: { last($0.value) < last($1.value) }) {
      entries[oldest.key] = nil
    }
    defer { entries[function] = entry }
    entry.total += 1
    guard let rules else { return .counted(entry.total) }
    entry.times.removeAll { now - $0 > rules.within }
    entry.times.append(now)
    // Let in again, and at it again: it has not mended itself.
    let isBackslider = entry.until.map { now - $0 <= rules.within } ?? false
    guard isBackslider || entry.times.count >= rules.crashes else { return .counted(entry.times.count) }
    entry.term = isBackslider ? min(entry.term * 2, Self.longest) : rules.time
    entry.until = now + entry.term
    let crashes = entry.total
    entry.times.removeAll()
    return .quarantined(entry.term, crashes: crashes)
  }

  private func last(_ entry: Entry) -> Duration { max(entry.times.last ?? .zero, entry.until ?? .zero) }

  /// Who is out of service now, by name.
  func quarantined(at now: Duration) -> [QuarantinedFunction] {
    entries.compactMap { name, entry in
      guard let until = entry.until, until > now else { return nil }
      return QuarantinedFunction(name: name, remaining: until - now, crashes: entry.total)
    }.sorted { $0.name < $1.name }
  }

  /// Everybody is let in again, and nothing is held against them.
  mutating func release() { entries.removeAll() }
}

/// A function that is out of service.
public struct QuarantinedFunction: Sendable, Equatable {
  /// "plugin.function".
  public var name: String
  public var remaining: Duration
  public var crashes: Int
}
