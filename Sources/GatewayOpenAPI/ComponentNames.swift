/// Gives out names that are used once: the wanted one, else with its owner in front, else with a number behind. The
/// same
/// questions in the same order get the same answers.
struct ComponentNames: Sendable {
  private var taken: Set<String> = []
  /// The next number to try for a name, so that a thousand equal names are not quadratic.
  private var next: [String: Int] = [:]

  /// Takes the name as it is; false where someone has it.
  mutating func reserve(_ name: String) -> Bool { taken.insert(name).inserted }

  mutating func take(_ wanted: String, owner: String? = nil) -> String {
    if taken.insert(wanted).inserted { return wanted }
    var base = wanted
    if let owner {
      base = owner + "_" + wanted
      if taken.insert(base).inserted { return base }
    }
    var number = next[base] ?? 2
    while !taken.insert("\(base)_\(number)").inserted { number += 1 }
    next[base] = number + 1
    return "\(base)_\(number)"
  }

  /// The characters of component names (OpenAPI 3.1 §4.8.7); others become `_`.
  static func sanitized(_ name: String) -> String {
    let text = String(
      String.UnicodeScalarView(
        name.unicodeScalars.map { scalar in
          switch scalar {
          case "a"..."z", "A"..."Z", "0"..."9", ".", "-", "_": scalar
          default: "_"
          }
        }))
    return text.isEmpty ? "_" : text
  }
}
