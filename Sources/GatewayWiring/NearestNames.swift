/// Names that a misspelt one may have meant.
enum NearestNames {
  /// At most three of `names`, best first, equally good ones in their order. The limit on edits grows with the length:
  /// one for short names, a third of the longer ones.
  static func find(_ name: String, in names: [String]) -> [String] {
    let wanted = Array(name.lowercased().unicodeScalars)
    // Longer names are not typing slips, and the distance costs the product of both lengths.
    guard !wanted.isEmpty, wanted.count <= 128 else { return [] }
    let limit = max(1, wanted.count / 3)
    var seen: Set<String> = [name]
    var found: [(name: String, distance: Int)] = []
    for candidate in names where seen.insert(candidate).inserted {
      let other = Array(candidate.lowercased().unicodeScalars)
      guard abs(other.count - wanted.count) <= limit else { continue }
      let distance = distance(wanted, other)
      if distance <= limit { found.append((candidate, distance)) }
    }
    return found.enumerated()
      .sorted { ($0.element.distance, $0.offset) < ($1.element.distance, $1.offset) }
      .prefix(3).map(\.element.name)
  }

  /// Insertions, deletions, replacements and swaps of neighbours (optimal string alignment).
  private static func distance(_ a: [UnicodeScalar], _ b: [UnicodeScalar]) -> Int {
    var beforeLast: [Int] = []
    var last = Array(0...b.count)
    for i in a.indices {
      var row = [i + 1]
      for j in b.indices {
        var best = min(last[j] + (a[i] == b[j] ? 0 : 1), last[j + 1] + 1, row[j] + 1)
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { best = min(best, beforeLast[j - 1] + 1) }
        row.append(best)
      }
      (beforeLast, last) = (last, row)
    }
    return last[b.count]
  }
}
