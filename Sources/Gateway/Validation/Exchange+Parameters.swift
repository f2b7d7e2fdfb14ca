import CGatewayPlugin
import GatewayHTTP
import GatewayJSON
import GatewaySchema
import NIOCore

/// Parameters and body against what the route declares. Every violation is collected; nothing else runs before.
extension Exchange {
  /// The entries of a 422 as a JSON array; nil where all is well. Lends the parameters on the way.
  func validate(_ route: CompiledRoute) throws(HTTPError) -> [UInt8]? {
    var report = ViolationReport()
    for parameter in route.parameters.parameters { bind(parameter, &report) }
    if body.readableBytes == 0 {
      if route.body.isRequired { report.missing(["body"]) }
    } else if let schema = route.body.schema {
      try checkBody(schema, &report)
    }
    return report.finish()
  }

  // MARK: parameters

  private func bind(_ parameter: CompiledParameter, _ report: inout ViolationReport) {
    guard let text = find(parameter) else {
      if let fallback = parameter.fallback {
        lend(parameter, fallback.text.bytes, fallback.kind, fallback.integer, fallback.number)
      } else {
        if parameter.isRequired { report.missing(parameter.location) }
        lend(parameter, UnsafeRawBufferPointer(start: nil, count: 0), GW_PARAMETER_ABSENT)
      }
      return
    }
    guard let schema = parameter.schema else { return lend(parameter, text, GW_PARAMETER_TEXT) }
    switch schema.coerce(text) {
    case .text: lend(parameter, text, GW_PARAMETER_TEXT)
    case .integer(let value): lend(parameter, text, GW_PARAMETER_INTEGER, value, Double(value))
    case .number(let value): lend(parameter, text, GW_PARAMETER_NUMBER, 0, value)
    case .boolean(let value): lend(parameter, text, GW_PARAMETER_BOOLEAN, value ? 1 : 0)
    case nil: report.violation(schema, parameter.location, text)
    }
  }

  private func lend(
    _ parameter: CompiledParameter, _ text: UnsafeRawBufferPointer, _ kind: gw_parameter_kind, _ integer: Int64 = 0,
    _ number: Double = 0
  ) {
    lent.append(
      gw_parameter_borrowed(
        name: gw_bytes_borrowed(parameter.name.bytes), text: gw_bytes_borrowed(text), integer: integer, number: number,
        kind: kind.rawValue, location: parameter.source.code))
  }

  /// The decoded text of a parameter; nil where the client did not send it. Stays in place until the exchange ends.
  private func find(_ parameter: CompiledParameter) -> UnsafeRawBufferPointer? {
    switch parameter.source {
    case .path(let index, let isRest):
      guard index < captures.count else { return nil }
      let raw = lent.pathBytes[captures[index]]
      guard !isRest, !PercentCoding.isPlain(raw) else { return raw }
      // The path was checked when it was normalised, so this decodes.
      return PercentCoding.decode(raw).map { lent.arena.copy($0) } ?? raw
    case .query: return findInQuery(parameter.wireName)
    case .header: return findInFields(parameter.wireName)
    case .cookie: return findCookie(parameter.wireName)
    }
  }

  /// The last one wins, as in FastAPI.
  private func findInQuery(_ name: [UInt8]) -> UnsafeRawBufferPointer? {
    guard !context.query.isEmpty else { return nil }
    let query = lent.headBytes[context.query]
    var found: UnsafeRawBufferPointer?
    for pair in QueryIterator(query) {
      let key = query[pair.name]
      let isSame =
        PercentCoding.isPlain(key, plusAsSpace: true)
        ? key.elementsEqual(name) : PercentCoding.decodeForm(key).utf8.elementsEqual(name)
      if isSame { found = query[pair.value] }
    }
    guard let found, !PercentCoding.isPlain(found, plusAsSpace: true) else { return found }
    return lent.arena.copy(PercentCoding.decodeForm(found))
  }

  /// The first one wins, as in FastAPI.
  private func findInFields(_ name: [UInt8]) -> UnsafeRawBufferPointer? {
    for field in context.head.fields where Int(field.name.count) == name.count {
      let received = lent.headBytes[field.name]
      if zip(received, name).allSatisfy({ FieldSyntax.lowercased($0) == $1 }) { return lent.headBytes[field.value] }
    }
    return nil
  }

  /// RFC 6265 §5.4: pairs joined by `;`. The last one wins; quotes around a value are not part of it.
  private func findCookie(_ name: [UInt8]) -> UnsafeRawBufferPointer? {
    var found: UnsafeRawBufferPointer?
    for field in context.head.fields where field.known == .cookie {
      for piece in lent.headBytes[field.value].split(separator: UInt8(ascii: ";")) {
        guard let equals = piece.firstIndex(of: UInt8(ascii: "=")) else { continue }
        guard piece[..<equals].trimmed.elementsEqual(name) else { continue }
        var value = piece[(equals + 1)...].trimmed
        if value.count >= 2, value.first == UInt8(ascii: "\""), value.last == UInt8(ascii: "\"") {
          value = value.dropFirst().dropLast()
        }
        found = UnsafeRawBufferPointer(rebasing: value)
      }
    }
    return found
  }

  // MARK: body

  private func checkBody(_ schema: Schema, _ report: inout ViolationReport) throws(HTTPError) {
    guard isJSON else {
      throw HTTPError(
        415, detail: "The body must be JSON: send content-type: application/json",
        fields: [("accept", "application/json")])
    }
    do {
      try runtime.document.parse(lent.bodyBytes)
    } catch {
      return report.malformed(error)
    }
    if !schema.isValid(runtime.document) {
      report.violations(schema.violations(of: runtime.document), of: runtime.document)
    }
    runtime.document.reset()
  }

  /// `application/json` or anything `+json`, in any letter case, with any parameters (RFC 6838 §4.2.8).
  private var isJSON: Bool {
    guard let value = context.head.first(.contentType) else { return false }
    let type = lent.headBytes[value].prefix { $0 != UInt8(ascii: ";") }.trimmed
    let text = UnsafeRawBufferPointer(rebasing: type)
    if FieldSyntax.isSameName(text, "application/json") { return true }
    guard text.count > 5 else { return false }
    return FieldSyntax.isSameName(UnsafeRawBufferPointer(rebasing: text.suffix(5)), "+json")
  }
}

extension Slice where Base == UnsafeRawBufferPointer {
  fileprivate var trimmed: Self {
    var rest = self
    while rest.first == 0x20 || rest.first == 0x09 { rest.removeFirst() }
    while rest.last == 0x20 || rest.last == 0x09 { rest.removeLast() }
    return rest
  }
}

/// Entries of a 422. Costs nothing until the first one.
private struct ViolationReport {
  private var writer: JSONWriter?
  private let format = FastAPIViolationFormat()

  private mutating func take() -> JSONWriter {
    if let current = writer {
      // Let go of it here, so that writing does not copy.
      writer = nil
      return current
    }
    var fresh = JSONWriter(reservingCapacity: 256)
    fresh.beginArray()
    return fresh
  }

  mutating func missing(_ location: [JSONValue]) {
    var current = take()
    format.writeMissing(location: location, into: &current)
    writer = current
  }

  mutating func violation(_ schema: ParameterSchema, _ location: [JSONValue], _ text: UnsafeRawBufferPointer) {
    guard let kind = schema.violation(text) else { return }
    var current = take()
    format.write(kind, location: location, text: text, isSecret: schema.isSecret, into: &current)
    writer = current
  }

  mutating func malformed(_ error: JSONSyntaxError) {
    var current = take()
    format.write(error, into: &current)
    writer = current
  }

  mutating func violations(_ violations: Violations, of document: borrowing JSONDocument) {
    var current = take()
    format.write(violations, of: document, into: &current)
    writer = current
  }

  mutating func finish() -> [UInt8]? {
    guard var writer else { return nil }
    writer.endArray()
    return writer.bytes
  }
}
