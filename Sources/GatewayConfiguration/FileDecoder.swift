import GatewayJSON
import GatewayYAML

/// The state of one load: what it may look at, what it has found so far, what is wrong.
///
/// One load, one thread: a reference so that decoding closures share it.
final class FileDecoder {
  var diagnostics: Diagnostics
  /// With the variables of `.env` files, once those are read.
  var environment: Environment
  /// Where relative paths start; empty or with its slash.
  let directory: String
  var interpolation: Interpolation
  var settingsFrom = SettingOrigin()
  var settings: [Setting] = []
  var settingSources: SettingSources?
  /// Read before the routes that are in them.
  var groups = GroupTree()
  /// What overlays put in the place of a setting's `default`.
  var overlaySettings: [String: [OverlaySetting]] = [:]
  /// Overlays may say more than could be read of them.
  var hasPartialOverlays = false
  /// Offsets in the first file of values that the parser has already refused.
  let refused: Set<Int>

  /// False where `${…}` is text like any other.
  let isInterpolating: Bool

  init(
    diagnostics: Diagnostics, environment: Environment, directory: String, refused: Set<Int> = [],
    isInterpolating: Bool = true
  ) {
    self.refused = refused
    self.isInterpolating = isInterpolating
    self.diagnostics = diagnostics
    self.environment = environment
    self.directory = directory
    interpolation = Interpolation(environment: environment, directory: directory)
  }

  func error(
    _ code: DiagnosticCode, _ message: String, at cursor: Cursor, place: Location? = nil, found: String? = nil,
    expected: String? = nil, suggestion: String? = nil, help: String? = nil, notes: [Diagnostics.Note] = []
  ) {
    var notes = notes
    if let alias = cursor.alias {
      // Decoded wherever it is used, told once.
      if diagnostics.contains(code, at: place ?? cursor.location) { return }
      notes.append(.init("this part is used here through an alias", at: Location(mark: alias, keyPath: "")))
    }
    diagnostics.error(
      code, message, at: place ?? cursor.location, found: found, expected: expected, suggestion: suggestion, help: help,
      notes: notes)
  }

  /// The most common mistake: something else than what the option takes.
  func mismatch(_ cursor: Cursor, _ expected: String, help: String? = nil) {
    if cursor.node.mark.file == 0, refused.contains(cursor.node.mark.offset) { return }
    let what = cursor.keyPath.isEmpty ? "the file" : "`\(cursor.keyPath)`"
    if cursor.node.isNull {
      error(
        .wrongType, "\(what) has no value", at: cursor, place: cursor.keyLocation, expected: expected,
        help: "give it a value or remove the key")
    } else {
      error(
        .wrongType, "\(what) must be \(expected)", at: cursor,
        place: cursor.node.scalar == nil ? cursor.keyLocation : nil,
        found: cursor.node.summary, expected: expected, help: help)
    }
  }

  /// The right type, but a value that cannot be.
  func invalid(
    _ cursor: Cursor, _ message: String, expected: String? = nil, suggestion: String? = nil, help: String? = nil
  ) {
    // What a reference stands for may be secret: neither sentence nor suggestion may repeat it.
    let isReference = isInterpolating && cursor.node.scalar?.text.contains("${") ?? false
    error(
      .invalidValue, isReference ? "`\(cursor.keyPath)` has a value that does not fit" : message, at: cursor,
      found: cursor.node.summary, expected: expected, suggestion: isReference ? nil : suggestion, help: help)
  }

  /// The text of a scalar with its `${…}` replaced; nil for other nodes, and with a diagnostic where that fails.
  func scalar(_ cursor: Cursor) -> Scalar? {
    guard let scalar = cursor.node.scalar, let value = cursor.node.resolved else { return nil }
    guard isInterpolating, InterpolationText.hasReference(scalar.text) else { return Scalar(text: scalar.text, value: value, isInterpolated: false) }
    switch interpolation.expand(scalar.text) {
    case .success(let expanded):
      if expanded.text == scalar.text { return Scalar(text: scalar.text, value: value, isInterpolated: false) }
      return Scalar(
        text: expanded.text, value: expanded.setting ?? .string(expanded.text), isInterpolated: !expanded.isEscapeOnly)
    case .failure(let problem):
      let place = cursor.location(ofText: problem.range, in: scalar.text)
      if problem.isKnown { return Scalar(text: "", value: .null, isInterpolated: true, isBroken: true) }
      error(
        .interpolation, problem.message, at: cursor, place: place, expected: problem.expected,
        suggestion: problem.suggestion, help: problem.help)
      return Scalar(text: "", value: .null, isInterpolated: true, isBroken: true)
    }
  }

  struct Scalar {
    var text: String
    /// An interpolated scalar is a string, or what its one setting is.
    var value: YAMLValue
    /// Then the text stands for any type that it can be read as: environment variables know no types.
    var isInterpolated: Bool
    /// A diagnostic was given; nothing more is to be said.
    var isBroken = false
  }

  /// A part of the file as JSON, as plugins and schemas get it. Nil with a diagnostic.
  func json(_ cursor: Cursor, interpolating: Bool = true) -> JSONValue? {
    quietJSON(cursor.node, interpolating) ?? told(cursor, interpolating)
  }

  /// The same for what needs no word said and nothing looked up, which is nearly always: without a cursor and a key
  /// path for every part of every schema. Nil where there may be more to it.
  private func quietJSON(_ node: YAMLNode, _ interpolating: Bool) -> JSONValue? {
    switch node.content {
    case .sequence(let nodes):
      var items: [JSONValue] = []
      items.reserveCapacity(nodes.count)
      for node in nodes {
        guard let item = quietJSON(node, interpolating) else { return nil }
        items.append(item)
      }
      return .array(items)
    case .mapping(let pairs):
      var object = JSONObject()
      for pair in pairs {
        guard let value = quietJSON(pair.value, interpolating) else { return nil }
        object[pair.key.scalar?.text ?? ""] = value
      }
      return .object(object)
    case .scalar(let scalar):
      if interpolating, isInterpolating, InterpolationText.hasReference(scalar.text) { return nil }
      switch node.resolved {
      case .null: return .null
      case .bool(let value): return .bool(value)
      case .string(let value): return .string(value)
      case .number(let value): return JSONNumber(value.text).map { .number($0) }
      case .unrepresentable, nil: return nil
      }
    }
  }

  private func told(_ cursor: Cursor, _ interpolating: Bool) -> JSONValue? {
    switch cursor.node.content {
    case .sequence:
      let items = (cursor.items ?? []).map { told($0, interpolating) }
      return items.contains(nil) ? nil : .array(items.compactMap(\.self))
    case .mapping:
      var object = JSONObject()
      var isComplete = true
      for entry in cursor.entries ?? [] {
        if let value = told(entry, interpolating) {
          object[entry.name.value] = value
        } else {
          isComplete = false
        }
      }
      return isComplete ? .object(object) : nil
    case .scalar:
      let value: YAMLValue?
      if interpolating {
        guard let scalar = scalar(cursor), !scalar.isBroken else { return nil }
        value = scalar.value
      } else {
        value = cursor.node.resolved
      }
      return json(value, cursor)
    }
  }

  private func json(_ value: YAMLValue?, _ cursor: Cursor) -> JSONValue? {
    switch value {
    case .null, nil: return .null
    case .bool(let value): return .bool(value)
    case .string(let value): return .string(value)
    case .number(let value):
      if let number = JSONNumber(value.text) { return .number(number) }
      invalid(cursor, "the number is out of range")
      return nil
    case .unrepresentable:
      invalid(cursor, "the value is no number that JSON can write", help: "quote it if a string is meant")
      return nil
    }
  }

  func locatedJSON(_ cursor: Cursor) -> LocatedJSON? {
    json(cursor).map { LocatedJSON($0, node: cursor.node, at: cursor.location) }
  }
}
