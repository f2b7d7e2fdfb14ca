import GatewayJSON

/// Writes violations as the entries of FastAPI's 422 answer: `{"type","loc","msg","input","ctx"}`, in that order, `ctx`
/// only where there is something in it. Entries only: the caller writes `{"detail":[` around those of parameters and
/// body.
///
/// In the `gateway` profile, deliberate differences: values of `writeOnly` and `format: password` schemas are masked, and an `input` beyond
/// `maximumInputBytes` is cut (a text) or described (anything else), so that a large body is not sent back; hints stand in `ctx.hint`.
public struct FastAPIViolationFormat: Sendable {
  /// Bytes of JSON text of one echoed value.
  public var maximumInputBytes: Int

  /// Bytes of one answer, after which no entry is begun: FastAPI's profile echoes values whole.
  public static let maximumBytes = 4 << 20

  public static let mask = "**********"

  public var profile: ViolationProfile

  public init(maximumInputBytes: Int = 4096, profile: ViolationProfile = .gateway) {
    self.maximumInputBytes = profile == .fastapi ? .max : max(maximumInputBytes, 0)
    self.profile = profile
  }

  /// Writes one entry for each violation of a body. `location` is what comes before the path: `["body"]`.
  public func write(
    _ violations: Violations, of document: borrowing JSONDocument, location: [JSONValue] = ["body"],
    into writer: inout JSONWriter
  ) {
    guard let tape = document.unsafeTape else { return }
    let secrets = profile == .fastapi ? [] : violations.secrets
    for (position, violation) in violations.entries.enumerated()
    where violation.input.position < tape.count && violation.input.position >= 0 {
      if writer.bytes.count > FastAPIViolationFormat.maximumBytes { break }
      let input = violation.input.position
      let isSecret = profile != .fastapi && violations.isSecret(input, tape)
      // Only scalars are looked at for wording.
      let value = tape[input].kind.isContainer ? JSONValue.null : JSONValue(tape, input)
      var wording = FastAPIWording(violation.kind, input: value)
      if let hint = violations.hints[position], profile == .gateway {
        wording.context.append(("hint", .string(hint)))
      }
      writeEntry(wording, location: location + violation.path.flatMap(FastAPIViolationFormat.steps), into: &writer) {
        isSecret ? $0.string(FastAPIViolationFormat.mask) : writeInput(tape, input, secrets, into: &$0)
      }
    }
    if violations.isTruncated && profile == .gateway { writeTruncation(location: location, into: &writer) }
  }

  /// Writes the entry of one parameter: `location` is `["query", "limit"]`, `text` what was sent (nil: nothing was).
  public func write(
    _ kind: Violation.Kind, location: [JSONValue], text: UnsafeRawBufferPointer?, isSecret: Bool = false,
    into writer: inout JSONWriter
  ) {
    writeEntry(FastAPIWording(kind, input: .null), location: location, into: &writer) { writer in
      guard let text else { return writer.null() }
      if isSecret {
        writer.string(FastAPIViolationFormat.mask)
      } else {
        writeText(text, into: &writer)
      }
    }
  }

  /// Writes the entry of an absent value: `["query", "limit"]`, or `["body"]` for a request without body.
  /// `hint` says what the client may have meant.
  public func writeMissing(location: [JSONValue], hint: String? = nil, into writer: inout JSONWriter) {
    var wording = FastAPIWording(.missing, input: .null)
    if let hint, profile == .gateway { wording.context.append(("hint", .string(hint))) }
    writeEntry(wording, location: location, into: &writer) { $0.null() }
  }

  /// Writes the single entry of a body that is not JSON.
  public func write(_ error: JSONSyntaxError, into writer: inout JSONWriter) {
    writer.beginObject()
    writer.name("type")
    writer.string("json_invalid")
    writer.name("loc")
    writer.value(["body", .number(JSONNumber(error.characterIndex))])
    writer.name("msg")
    writer.string("JSON decode error")
    writer.name("input")
    writer.value(.object(JSONObject()))
    writer.name("ctx")
    writer.value(["error": .string(error.message)])
    writer.endObject()
  }

  func writeEntry(
    _ wording: FastAPIWording, location: [JSONValue], into writer: inout JSONWriter,
    input: (inout JSONWriter) -> Void
  ) {
    writer.beginObject()
    writer.name("type")
    writer.string(wording.type)
    writer.name("loc")
    writer.value(.array(location))
    writer.name("msg")
    writer.string(wording.message)
    writer.name("input")
    input(&writer)
    if !wording.context.isEmpty {
      writer.name("ctx")
      writer.value(.object(JSONObject(wording.context.map { ($0.name, $0.value) })))
    }
    writer.endObject()
  }

  private static func steps(_ step: Violation.Step) -> [JSONValue] {
    switch step {
    case .member(let name), .branch(let name): [.string(name)]
    case .item(let index): [.number(JSONNumber(index))]
    case .name(let name): [.string(name), "[key]"]
    }
  }

  private func writeInput(
    _ tape: UnsafeJSONTape, _ index: Int, _ secrets: Set<JSONIndex>, into writer: inout JSONWriter
  ) {
    let raw = tape.rawText(index)
    let kind = tape[index].kind
    if raw.count <= maximumInputBytes || kind == .number && raw.count <= 32 {
      guard !secrets.isEmpty else { return writer.value(tape, index) }
      writer.value(tape, index) { child, writer in
        guard secrets.contains(JSONIndex(position: child)) else { return false }
        writer.string(FastAPIViolationFormat.mask)
        return true
      }
    } else if kind == .string {
      tape.withString(index) { writeText($0, into: &writer) }
    } else {
      let noun = kind == .array ? "array" : (kind == .object ? "object" : "number")
      writer.string("<\(noun) of \(raw.count) bytes>")
    }
  }

  private func writeText(_ text: UnsafeRawBufferPointer, into writer: inout JSONWriter) {
    guard text.count > maximumInputBytes else { return writer.string(text) }
    var end = maximumInputBytes
    // Not in the middle of a character.
    while end > 0, text[end] & 0xC0 == 0x80 { end -= 1 }
    writer.string(String(decoding: text[..<end], as: UTF8.self) + "…")
  }
}
