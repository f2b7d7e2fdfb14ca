/// Finds the word somebody meant.
public enum NearestWord {
  /// The candidate nearest to `word`, where it is near enough to be meant: about one slip in three letters. Case and
  /// the choice between `-`, `_` and nothing count as no slip at all.
  public static func of(_ word: String, among candidates: some Sequence<String>) -> String? {
    let written = normal(word)
    guard !written.isEmpty, written.count <= 100 else { return nil }
    // Of one or two letters any other word is one slip away.
    let most = written.count < 3 ? 0 : written.count / 3
    var best: (candidate: String, distance: Int)?
    for candidate in candidates where candidate != word {
      let other = normal(candidate)
      guard abs(other.count - written.count) <= most else { continue }
      let distance = distance(written, other)
      if distance <= most, distance < best?.distance ?? Int.max { best = (candidate, distance) }
    }
    return best?.candidate
  }

  private static func normal(_ word: String) -> [Unicode.Scalar] {
    word.lowercased().unicodeScalars.filter { $0 != "_" && $0 != "-" }
  }

  /// Insertions, deletions, substitutions and swaps of neighbours (optimal string alignment).
  static func distance(_ left: [Unicode.Scalar], _ right: [Unicode.Scalar]) -> Int {
    var beforeLast: [Int] = []
    var last = Array(0...right.count)
    for (row, a) in left.enumerated() {
      var current = [row + 1]
      for (column, b) in right.enumerated() {
        var cost = min(last[column + 1] + 1, current[column] + 1, last[column] + (a == b ? 0 : 1))
        if row > 0, column > 0, a == right[column - 1], left[row - 1] == b {
          cost = min(cost, beforeLast[column - 1] + 1)
        }
        current.append(cost)
      }
      (beforeLast, last) = (last, current)
    }
    return last.last ?? left.count
  }

  /// `a`, `b` and `c`, for `expected:`; cut after twelve.
  public static func list(_ words: [String]) -> String {
    let shown = words.prefix(12).map { "`\($0)`" }
    let rest = words.count > shown.count ? " and \(words.count - shown.count) more" : ""
    return shown.joined(separator: ", ") + rest
  }
}
