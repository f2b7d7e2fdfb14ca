import GatewayJSON

/// How violations are told in FastAPI's shape.
public enum ViolationProfile: Sendable, Hashable {
  /// FastAPI's own answer, entry for entry: nothing masked, nothing cut, no hint.
  case fastapi
  /// The same shape, with secrets masked, long inputs cut, hints in `ctx`, and a last entry saying so where the limit on
  /// entries cut some off.
  case gateway
}

extension Violations {
  /// Leaves out what was said before: two schemas that both apply to a value (the plugin's and the file's, say) may find
  /// the same about it.
  public mutating func dropRepeated() {
    struct Finding: Hashable {
      var path: [Violation.Step]
      var kind: Violation.Kind
    }
    var seen: Set<Finding> = []
    var kept: [Violation] = []
    var keptHints: [Int: String] = [:]
    for (position, entry) in entries.enumerated() where seen.insert(Finding(path: entry.path, kind: entry.kind)).inserted {
      keptHints[kept.count] = hints[position]
      kept.append(entry)
    }
    entries = kept
    hints = keptHints
  }

  /// Adds hints to entries about a member that was sent under the name the code has for it: `names` maps internal names to
  /// public ones (`title_name` → `titleName`). The entry about the missing public name gets the hint.
  public mutating func addHints(internalNames names: [String: String], of document: borrowing JSONDocument) {
    guard !names.isEmpty, let tape = document.unsafeTape else { return }
    var inner: [String: [String]] = [:]
    for (own, name) in names { inner[name, default: []].append(own) }
    for position in entries.indices where entries[position].kind == .missing {
      guard case .member(let name)? = entries[position].path.last, entries[position].input.position < tape.count else {
        continue
      }
      let sent = (inner[name] ?? []).sorted().first { tape.member($0, of: entries[position].input.position) != nil }
      if let sent { hints[position] = "\(sent) is sent as \(name)" }
    }
  }
}

extension FastAPIViolationFormat {
  /// The entries of a body that should be an object keyed by parameter name and is none: every one is missing,
  /// whether it may be left out or not.
  public func writeNotEmbedded(names: [String], into writer: inout JSONWriter) {
    for name in names { writeMissing(location: ["body", .string(name)], into: &writer) }
  }

  /// The last entry where the limit on entries cut some off.
  public func writeTruncation(location: [JSONValue] = ["body"], into writer: inout JSONWriter) {
    let wording = FastAPIWording(
      "too_many_errors", "There are more violations than are listed here", [])
    writeEntry(wording, location: location, into: &writer) { $0.null() }
  }
}
