import CGatewayPlugin
import GatewayHTTP
import GatewayJSON
import GatewaySchema
import NIOCore

/// Parameters and body against what the route declares. Every violation is collected; nothing else runs before.
extension Exchange {
  /// The entries of a 422 as a JSON array; nil where all is well. Lends parameters and body on the way.
  func validate(_ route: CompiledRoute) throws(HTTPError) -> [UInt8]? {
    var report = ViolationReport(violationStyle(route))
    for parameter in route.parameters.parameters { bind(parameter, &report) }
    try checkBody(route.body, &report)
    return report.finish()
  }

  /// As the route tells its errors, where it has a form of its own.
  func violationStyle(_ route: CompiledRoute) -> ViolationStyle {
    var style = runtime.snapshot.violations
    if let errors = route.errors { style.tell(in: errors.shape) }
    return style
  }

  // MARK: parameters

  func bind(_ parameter: CompiledParameter, _ report: inout ViolationReport) {
    if let reader = parameter.reader { return bind(parameter, reader, &report) }
    guard let text = find(parameter) else { return bindAbsent(parameter, &report) }
    guard let schema = parameter.schema else { return lend(parameter, text, GW_PARAMETER_TEXT) }
    switch schema.coerce(text) {
    case .text: lend(parameter, text, GW_PARAMETER_TEXT)
    case .integer(let value): lend(parameter, text, GW_PARAMETER_INTEGER, value, Double(value))
    case .number(let value): lend(parameter, text, GW_PARAMETER_NUMBER, 0, value)
    case .boolean(let value): lend(parameter, text, GW_PARAMETER_BOOLEAN, value ? 1 : 0)
    case nil: report.violation(schema, parameter, text)
    }
  }

  /// Nothing was sent: the default, or a violation, or nothing.
  func bindAbsent(_ parameter: CompiledParameter, _ report: inout ViolationReport) {
    if let fallback = parameter.fallback {
      if let json = fallback.json {
        lend(parameter, json)
      } else {
        lend(parameter, fallback.text.bytes, fallback.kind, fallback.integer, fallback.number)
      }
      return
    }
    if parameter.isRequired { report.missing(parameter, hint: hint(parameter)) }
    lend(parameter, UnsafeRawBufferPointer(start: nil, count: 0), GW_PARAMETER_ABSENT)
  }

  func lend(
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
    default: return find(parameter.wireName, parameter.source)
    }
  }

  private func find(_ name: [UInt8], _ source: CompiledParameter.Source) -> UnsafeRawBufferPointer? {
    switch source {
    case .path: nil
    case .query: findInQuery(name)
    case .header: findInFields(name)
    case .cookie: findCookie(name)
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

  /// The last one counts, as in FastAPI.
  private func findCookie(_ name: [UInt8]) -> UnsafeRawBufferPointer? {
    guard let range = name.withUnsafeBytes({ RequestCookies.last($0, in: context.head) }) else { return nil }
    return cookieText(lent.headBytes[range])
  }

  /// Quotes around a value are not part of it.
  func cookieText(_ value: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
    guard value.first == UInt8(ascii: "\"") else { return value }
    return RequestCookies.unquoted(value).map { $0.withUnsafeBytes { lent.arena.copy($0) } } ?? value
  }

  /// A client that knows the code's name for a parameter and not the public one is told so.
  private func hint(_ parameter: CompiledParameter) -> String? {
    guard runtime.snapshot.violations.hints, let internalName = parameter.internalName else { return nil }
    guard find(Array(internalName.utf8), parameter.source) != nil else { return nil }
    return "\(internalName) is sent as \(parameter.publicName)"
  }
}
