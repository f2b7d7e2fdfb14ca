/// Puts other variables into the values of `.env` files. A reference sees the process environment first, then what
/// stands above it, in earlier files too; so there are no cycles, and one pass is enough.
struct DotEnvExpansion {
  /// The process's own variables: they always win.
  let process: [String: String]
  private(set) var known: [String: String] = [:]
  /// Names that some value refers to.
  private(set) var used: Set<String> = []
  private var budget = DotEnvExpansion.largestTotal

  /// Bytes that all values together may have: ten lines that each repeat the one above ten times are a bomb.
  static let largestTotal = 4 << 20

  struct Variable: Sendable {
    var name: String
    var value: String
    var nameRange: Range<Int>
    var valueRange: Range<Int>
  }

  init(process: [String: String]) {
    self.process = process
  }

  /// The variables of one file in order, a name that comes twice with its last value.
  mutating func expand(_ file: DotEnvFile) -> (variables: [Variable], problems: [DotEnvFile.Problem]) {
    var variables: [Variable] = []
    var places: [String: Int] = [:]
    var problems: [DotEnvFile.Problem] = []
    for entry in file.entries {
      guard let parts = entry.parts else { continue }
      var value = ""
      var isWhole = true
      for part in parts {
        switch part {
        case .text(let text): value += text
        case .reference(let name, let fallback, let range):
          used.insert(name)
          let found = process[name] ?? known[name]
          if let found, !(found.isEmpty && fallback != nil) {
            budget -= found.utf8.count
            if budget >= 0 { value += found }
          } else if let fallback {
            value += fallback
          } else {
            isWhole = false
            problems.append(
              DotEnvFile.Problem(
                message: "`${\(name)}` is not set", range: range,
                help: "set it in the environment or above this line, or write `${\(name):-default}`"))
          }
        }
      }
      guard budget >= 0 else {
        problems.append(
          DotEnvFile.Problem(
            message: "all values together are larger than \(SizeText.format(DotEnvExpansion.largestTotal))",
            range: entry.nameRange))
        return (variables, problems)
      }
      guard isWhole else { continue }
      known[entry.name] = value
      let variable = Variable(
        name: entry.name, value: value, nameRange: entry.nameRange, valueRange: entry.valueRange)
      if let place = places[entry.name] {
        variables[place] = variable
      } else {
        places[entry.name] = variables.count
        variables.append(variable)
      }
    }
    return (variables, problems)
  }
}
