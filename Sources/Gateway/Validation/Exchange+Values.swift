import CGatewayPlugin
import GatewayHTTP
import GatewayJSON
import GatewaySchema

/// Parameters that are more than one scalar: their occurrences are gathered, and a reader makes a value of them.
extension Exchange {
  func bind(_ parameter: CompiledParameter, _ reader: ParameterReader, _ report: inout ViolationReport) {
    let occurrences = occurrences(of: parameter)
    switch reader.read(occurrences, limit: max(report.room, 1), into: &runtime.parameterMemory) {
    case .absent: return bindAbsent(parameter, &report)
    case .value:
      guard let tape = runtime.parameterMemory.value.unsafeTape else { return bindAbsent(parameter, &report) }
      // The memory is the loop's, the value the exchange's.
      let value = lent.keep(tape, byteCount: runtime.parameterMemory.value.byteCount)
      lend(parameter, value, tape)
    case .invalid(let violations):
      report.violations(
        violations, of: runtime.parameterMemory.input, in: parameter.source.word, name: parameter.violationName)
    }
    runtime.parameterMemory.reset()
  }

  /// A reader's value may be a scalar after all: an optional date, a union. It is lent as what it is.
  private func lend(_ parameter: CompiledParameter, _ value: gw_json_borrowed, _ tape: UnsafeJSONTape) {
    let root = tape[0]
    let bytes = UnsafeRawBufferPointer(start: value.bytes, count: runtime.parameterMemory.value.byteCount)
    var borrowed = gw_parameter_borrowed(
      name: gw_bytes_borrowed(parameter.name.bytes), text: gw_bytes_borrowed(bytes), integer: 0, number: 0,
      kind: GW_PARAMETER_JSON.rawValue, location: parameter.source.code)
    switch root.kind {
    case .null: return lend(parameter, UnsafeRawBufferPointer(start: nil, count: 0), GW_PARAMETER_ABSENT)
    case .true, .false:
      borrowed.kind = GW_PARAMETER_BOOLEAN.rawValue
      borrowed.integer = root.kind == .true ? 1 : 0
    case .number:
      if let integer = tape.decimal(0).int64 {
        borrowed.kind = GW_PARAMETER_INTEGER.rawValue
        borrowed.integer = integer
        borrowed.number = Double(integer)
      } else {
        borrowed.kind = GW_PARAMETER_NUMBER.rawValue
        borrowed.number = runtime.parameterMemory.value.number()?.double ?? 0
      }
    case .string:
      borrowed.kind = GW_PARAMETER_TEXT.rawValue
      borrowed.text = gw_bytes_borrowed(tape.withString(0) { lent.arena.copy($0) })
    case .array, .object: break
    }
    lent.append(borrowed, value: value)
  }

  func lend(_ parameter: CompiledParameter, _ json: LentJSON) {
    lent.append(
      gw_parameter_borrowed(
        name: gw_bytes_borrowed(parameter.name.bytes), text: json.text, integer: 0, number: 0,
        kind: GW_PARAMETER_JSON.rawValue, location: parameter.source.code),
      value: json.value)
  }

  // MARK: occurrences, decoded; in place until the exchange ends

  private func occurrences(of parameter: CompiledParameter) -> [ParameterOccurrence] {
    switch parameter.source {
    case .path(let index, _):
      guard index < captures.count else { return [] }
      let raw = lent.pathBytes[captures[index]]
      let text = PercentCoding.isPlain(raw) ? raw : PercentCoding.decode(raw).map { lent.arena.copy($0) } ?? raw
      return [ParameterOccurrence(name: UnsafeRawBufferPointer(start: nil, count: 0), text: text)]
    case .query: return inQuery(parameter)
    case .header: return inFields(parameter)
    case .cookie: return inCookies(parameter)
    }
  }

  private func inQuery(_ parameter: CompiledParameter) -> [ParameterOccurrence] {
    guard !context.query.isEmpty else { return [] }
    let query = lent.headBytes[context.query]
    var found: [ParameterOccurrence] = []
    for pair in QueryIterator(query) {
      let raw = query[pair.name]
      guard wants(parameter, raw) else { continue }
      found.append(ParameterOccurrence(name: decodedForm(raw), text: decodedForm(query[pair.value])))
    }
    return found
  }

  private func wants(_ parameter: CompiledParameter, _ raw: UnsafeRawBufferPointer) -> Bool {
    guard !PercentCoding.isPlain(raw, plusAsSpace: true) else { return parameter.wants(raw) }
    return Array(PercentCoding.decodeForm(raw).utf8).withUnsafeBytes { parameter.wants($0) }
  }

  private func decodedForm(_ raw: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
    PercentCoding.isPlain(raw, plusAsSpace: true) ? raw : lent.arena.copy(PercentCoding.decodeForm(raw))
  }

  private func inFields(_ parameter: CompiledParameter) -> [ParameterOccurrence] {
    var found: [ParameterOccurrence] = []
    for field in context.head.fields {
      let name = lent.headBytes[field.name]
      let text = lent.headBytes[field.value]
      if parameter.occurrences == .all {
        let own = name.map(FieldSyntax.lowercased)
        found.append(ParameterOccurrence(name: own.withUnsafeBytes { lent.arena.copy($0) }, text: text))
      } else if name.count == parameter.wireName.count,
        zip(name, parameter.wireName).allSatisfy({ FieldSyntax.lowercased($0) == $1 })
      {
        found.append(ParameterOccurrence(name: name, text: text))
      }
    }
    return found
  }

  private func inCookies(_ parameter: CompiledParameter) -> [ParameterOccurrence] {
    var found: [ParameterOccurrence] = []
    for field in context.head.fields where field.known == .cookie {
      let value = lent.headBytes[field.value]
      for cookie in RequestCookies(value) where parameter.wants(value[cookie.name]) {
        found.append(ParameterOccurrence(name: value[cookie.name], text: cookieText(value[cookie.value])))
      }
    }
    return found
  }
}

extension CompiledParameter {
  /// Whether a name of its place belongs to it.
  fileprivate func wants(_ name: UnsafeRawBufferPointer) -> Bool {
    switch occurrences {
    case .named: name.elementsEqual(wireName)
    case .prefixed:
      name.count > wireName.count && name[wireName.count] == UInt8(ascii: "[") && name.starts(with: wireName)
    case .all: !others.contains { name.elementsEqual($0) }
    }
  }
}
