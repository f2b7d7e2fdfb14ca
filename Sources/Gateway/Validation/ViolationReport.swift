import GatewayJSON
import GatewaySchema

/// How a snapshot tells clients what is wrong with their requests.
struct ViolationStyle: Sendable {
  enum Shape: Sendable {
    case detail(FastAPIViolationFormat)
    case problem(ProblemViolationFormat)
  }

  var shape = Shape.detail(FastAPIViolationFormat())
  /// FastAPI's answers, entry for entry: one for a malformed body hides all others, nothing is cut off.
  var isFastAPI = false
  /// Entries of one answer.
  var limit = 100
  var hints = true
}

/// Entries of a 422, as a JSON array. Costs nothing until the first one.
struct ViolationReport: ~Copyable {
  let style: ViolationStyle
  private var writer: JSONWriter?
  private(set) var count = 0
  private var isTruncated = false

  init(_ style: ViolationStyle) { self.style = style }

  /// Entries that may still be added. Always one more than none, so that "there is more" can be told.
  var room: Int { max(style.limit - count, 0) }

  private mutating func add(_ entries: Int, _ body: (ViolationStyle.Shape, inout JSONWriter) -> Void) {
    guard room > 0 else {
      isTruncated = true
      return
    }
    var current: JSONWriter
    if let taken = writer {
      // Let go of it here, so that writing does not copy.
      writer = nil
      current = taken
    } else {
      current = JSONWriter(reservingCapacity: 256)
      current.beginArray()
    }
    body(style.shape, &current)
    count += entries
    writer = current
  }

  /// - Parameter hint: what the client may have meant.
  mutating func missing(_ parameter: CompiledParameter, hint: String?) {
    add(1) { shape, writer in
      switch shape {
      case .detail(let format):
        format.writeMissing(location: parameter.location, hint: hint, into: &writer)
      case .problem(let format):
        format.writeMissing(location: parameter.source.word, name: parameter.publicName, into: &writer)
      }
    }
  }

  mutating func missingBody() {
    add(1) { shape, writer in
      switch shape {
      case .detail(let format): format.writeMissing(location: ["body"], into: &writer)
      case .problem(let format): format.writeMissing(location: "body", into: &writer)
      }
    }
  }

  /// A body that should be an object of named values and is none.
  mutating func notEmbedded(_ names: [String]) {
    guard !names.isEmpty else { return }
    add(names.count) { shape, writer in
      switch shape {
      case .detail(let format): format.writeNotEmbedded(names: names, into: &writer)
      case .problem(let format):
        for name in names { format.writeMissing(location: "body", name: name, into: &writer) }
      }
    }
  }

  mutating func violation(_ schema: ParameterSchema, _ parameter: CompiledParameter, _ text: UnsafeRawBufferPointer) {
    guard let kind = schema.violation(text) else { return }
    let hides = schema.isSecret && !style.isFastAPI
    add(1) { shape, writer in
      switch shape {
      case .detail(let format):
        format.write(kind, location: parameter.location, text: text, isSecret: hides, into: &writer)
      case .problem(let format):
        format.write(kind, location: parameter.source.word, name: parameter.publicName, into: &writer)
      }
    }
  }

  mutating func violations(
    _ violations: Violations, of document: borrowing JSONDocument, in word: String, name: String? = nil
  ) {
    if violations.isTruncated { isTruncated = true }
    var violations = violations
    // Said once, at the end.
    violations.isTruncated = false
    // FastAPI says it once for each alternative of a union that finds it.
    if !style.isFastAPI { violations.dropRepeated() }
    add(max(violations.entries.count, 1)) { shape, writer in
      switch shape {
      case .detail(let format):
        let location = [JSONValue.string(word)] + (name.map { [.string($0)] } ?? [])
        format.write(violations, of: document, location: location, into: &writer)
      case .problem(let format):
        format.write(violations, of: document, location: word, prefix: name.map { [$0] } ?? [], into: &writer)
      }
    }
  }

  mutating func malformed(_ error: JSONSyntaxError) {
    if style.isFastAPI {
      writer = nil
      count = 0
    }
    add(1) { shape, writer in
      switch shape {
      case .detail(let format): format.write(error, into: &writer)
      case .problem(let format): format.write(error, into: &writer)
      }
    }
  }

  /// The entries; nil where there are none.
  consuming func finish() -> [UInt8]? {
    guard var writer else { return nil }
    if isTruncated, !style.isFastAPI, case .detail(let format) = style.shape {
      format.writeTruncation(into: &writer)
    }
    writer.endArray()
    return writer.bytes
  }
}
