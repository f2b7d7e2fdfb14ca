import GatewayJSON

/// Writes violations as problem details (RFC 9457, `application/problem+json`), each entry with a JSON Pointer:
///
///     {"type":"about:blank","title":"Unprocessable Content","status":422,"detail":"2 violations",
///      "errors":[{"pointer":"#/items/0/price","location":"body","type":"greater_than","detail":"Input should be …"}]}
///
/// Values are never echoed. `pointer` leads into the value that `location` names; a parameter's starts with its name.
public struct ProblemViolationFormat: Sendable {
  /// RFC 9457 §3.1.1; a URI for the problem type.
  public var type: String
  public var title: String

  public init(type: String = "about:blank", title: String = "Unprocessable Content") {
    self.type = type
    self.title = title
  }

  /// Writes the whole answer around `errors`, which writes the entries and is called once. `count`: how many there are.
  /// `instance` names this occurrence (RFC 9457 §3.1.5), a request id for example.
  public func writeProblem(
    status: Int = 422, count: Int, isTruncated: Bool = false, instance: String? = nil, into writer: inout JSONWriter,
    errors: (inout JSONWriter) -> Void
  ) {
    writer.beginObject()
    writer.name("type")
    writer.string(type)
    writer.name("title")
    writer.string(title)
    writer.name("status")
    writer.number(status)
    writer.name("detail")
    writer.string(isTruncated ? "more than \(count) violations" : "\(count) violation\(count == 1 ? "" : "s")")
    if let instance {
      writer.name("instance")
      writer.string(instance)
    }
    writer.name("errors")
    writer.beginArray()
    errors(&writer)
    writer.endArray()
    writer.endObject()
  }

  /// Writes one entry for each violation. `location`: `body`, `query`, …; `prefix`: steps before the value's own, the
  /// parameter's name for example.
  public func write(
    _ violations: Violations, of document: borrowing JSONDocument, location: String = "body", prefix: [String] = [],
    into writer: inout JSONWriter
  ) {
    guard let tape = document.unsafeTape else { return }
    for violation in violations.entries where violation.input.position < tape.count && violation.input.position >= 0 {
      let input = violation.input.position
      let value = tape[input].kind.isContainer ? JSONValue.null : JSONValue(tape, input)
      let wording = FastAPIWording(violation.kind, input: value)
      let pointer = prefix.map { "/" + JSONPointer.escape($0) }.joined() + violation.instancePointer
      // A message may quote the value (a wrong tag): not where nothing may be echoed.
      let detail = violations.isSecret(input, tape) ? "Input is not valid" : wording.message
      writeEntry(pointer, location, wording.type, detail, into: &writer)
    }
  }

  /// One parameter's entry.
  public func write(_ kind: Violation.Kind, location: String, name: String, into writer: inout JSONWriter) {
    let wording = FastAPIWording(kind, input: .null)
    writeEntry("/" + JSONPointer.escape(name), location, wording.type, wording.message, into: &writer)
  }

  /// An absent value; without a name, the body.
  public func writeMissing(location: String, name: String? = nil, into writer: inout JSONWriter) {
    writeEntry(name.map { "/" + JSONPointer.escape($0) } ?? "", location, "missing", "Field required", into: &writer)
  }

  /// A body that is not JSON: the place is in the sentence, for there is no value to point into.
  public func write(_ error: JSONSyntaxError, into writer: inout JSONWriter) {
    writeEntry("", "body", "json_invalid", "JSON decode error: \(error)", into: &writer)
  }

  private func writeEntry(
    _ pointer: String, _ location: String, _ type: String, _ detail: String, into writer: inout JSONWriter
  ) {
    writer.beginObject()
    writer.name("pointer")
    // RFC 6901 §6: in a URI fragment, escaped as one.
    writer.string("#" + ProblemViolationFormat.fragment(pointer))
    writer.name("location")
    writer.string(location)
    writer.name("type")
    writer.string(type)
    writer.name("detail")
    writer.string(detail)
    writer.endObject()
  }

  private static func fragment(_ pointer: String) -> String {
    let plain = Set("-._~!$&'()*+,;=:@/?".utf8)
    var result: [UInt8] = []
    for byte in pointer.utf8 {
      if HostnameText.isLetterOrDigit(byte) || plain.contains(byte) {
        result.append(byte)
      } else {
        let digits = Array("0123456789ABCDEF".utf8)
        result += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      }
    }
    return String(decoding: result, as: UTF8.self)
  }
}
