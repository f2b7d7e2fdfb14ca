import GatewayJSON

extension Coercer {
  mutating func coerceString(_ node: UnsafePointer<CoercionNode>, _ input: Int, _ word: JSONNode) -> Bool {
    guard word.kind == .string else {
      return fail(node.pointee.format == .uri ? .urlType : .stringType, node, input)
    }
    if node.pointee.format != .none { floor(.lax) }
    guard node.pointee.ruleCount == 0 && node.pointee.format == .none || checkText(node, input) else { return false }
    return copy(input)
  }

  mutating func checkText(_ node: UnsafePointer<CoercionNode>, _ input: Int) -> Bool {
    for position in node.pointee.rules..<node.pointee.rules + node.pointee.ruleCount {
      let string = tables.nodes[plan.indexes.base[Int(position)]].string
      guard string >= 0 else { continue }
      let rules = tables.strings[string]
      if rules.minimumLength > 0 || rules.maximumLength != .max {
        let count = tape.scalarCount(input)
        if count < rules.minimumLength, node.pointee.format != .uri {
          return fail(.minLength(rules.minimumLength), node, input)
        }
        if count > rules.maximumLength { return fail(.maxLength(rules.maximumLength), node, input) }
      }
      if rules.pattern >= 0, !evaluator.matches(rules.pattern, input) {
        return fail(.pattern(program.patterns[Int(rules.pattern)].text), node, input)
      }
    }
    let format = node.pointee.format
    guard format != .none, let failure = tape.withString(input, { format.failure($0) }) else { return true }
    return fail(.format(format, failure), node, input)
  }

  mutating func coerceBytes(_ node: UnsafePointer<CoercionNode>, _ input: Int, _ word: JSONNode) -> Bool {
    guard word.kind == .string else { return fail(.bytesType, node, input) }
    floor(.lax)
    for position in node.pointee.rules..<node.pointee.rules + node.pointee.ruleCount {
      let string = tables.nodes[plan.indexes.base[Int(position)]].string
      guard string >= 0 else { continue }
      let rules = tables.strings[string]
      let count = tape.withString(input) { $0.count }
      if count < rules.minimumLength { return fail(.bytesTooShort(rules.minimumLength), node, input) }
      if count > rules.maximumLength { return fail(.bytesTooLong(rules.maximumLength), node, input) }
    }
    return copy(input)
  }

  /// Nil for booleans, null and containers, which are no times.
  private func instant(
    _ input: Int, _ word: JSONNode
  ) -> Result<LaxDateTime, TemporalFailure>? {
    func attempt(_ body: () throws(TemporalFailure) -> LaxDateTime) -> Result<LaxDateTime, TemporalFailure> {
      do throws(TemporalFailure) { return .success(try body()) } catch { return .failure(error) }
    }
    switch word.kind {
    case .string:
      return tape.withString(input) { text in attempt { () throws(TemporalFailure) in try LaxDateTime.parse(text) } }
    case .number:
      let stamp: UnixTime
      if word.isIntegerText, let seconds = tape.decimal(input).int64 {
        stamp = UnixTime(seconds: Int(seconds))
      } else {
        stamp = UnixTime(doubleValue(input) ?? (tape.decimal(input).isNegative ? -.infinity : .infinity))
      }
      return attempt { () throws(TemporalFailure) in try LaxDateTime(stamp) }
    default: return nil
    }
  }

  private func date(_ input: Int) -> Result<LaxDate, TemporalFailure> {
    tape.withString(input) { text in
      do throws(TemporalFailure) { return .success(try LaxDate.parse(text)) } catch { return .failure(error) }
    }
  }

  mutating func coerceDate(_ node: UnsafePointer<CoercionNode>, _ input: Int, _ word: JSONNode) -> Bool {
    floor(.lax)
    var value: LaxDate
    if word.kind == .string, case .success(let written) = date(input) {
      value = written
    } else {
      switch instant(input, word) {
      case nil: return fail(.dateType, node, input)
      case .failure(let failure): return fail(.dateFromDateTime(failure), node, input)
      case .success(let moment):
        guard moment.time.isMidnight else { return fail(.dateInexact, node, input) }
        value = moment.date
      }
    }
    guard value.year > 0 else { return fail(.date(.yearZero), node, input) }
    append("\"")
    append(value)
    append("\"")
    return true
  }

  mutating func coerceDateTime(_ node: UnsafePointer<CoercionNode>, _ input: Int, _ word: JSONNode) -> Bool {
    floor(.lax)
    var value: LaxDateTime
    switch instant(input, word) {
    case nil: return fail(.dateTimeType, node, input)
    case .success(let moment): value = moment
    case .failure(let failure):
      // A plain date is midnight; for what is none either, the complaint is the one about the date.
      guard word.kind == .string else { return fail(.dateTime(failure), node, input) }
      switch date(input) {
      case .success(let date): value = LaxDateTime(date: date)
      case .failure(let failure): return fail(.dateTimeFromDate(failure), node, input)
      }
    }
    guard value.date.year > 0 else { return fail(.dateTime(.yearZero), node, input) }
    append("\"")
    append(value.date)
    append("T")
    append(value.time)
    append("\"")
    return true
  }

  mutating func coerceTime(_ node: UnsafePointer<CoercionNode>, _ input: Int, _ word: JSONNode) -> Bool {
    floor(.lax)
    let read: Result<LaxTime, TemporalFailure>
    switch word.kind {
    case .string:
      read = tape.withString(input) { text in
        do throws(TemporalFailure) { return .success(try LaxTime.parse(text)) } catch { return .failure(error) }
      }
    case .number:
      let seconds = doubleValue(input) ?? (tape.decimal(input).isNegative ? -.infinity : .infinity)
      do throws(TemporalFailure) { read = .success(try LaxTime(seconds: seconds)) } catch { read = .failure(error) }
    default: return fail(.timeType, node, input)
    }
    switch read {
    case .failure(let failure): return fail(.time(failure), node, input)
    case .success(let time):
      append("\"")
      append(time)
      append("\"")
      return true
    }
  }

  mutating func coerceDuration(_ node: UnsafePointer<CoercionNode>, _ input: Int, _ word: JSONNode) -> Bool {
    floor(.lax)
    let read: Result<LaxDuration, TemporalFailure>
    switch word.kind {
    case .string:
      read = tape.withString(input) { text in
        do throws(TemporalFailure) { return .success(try LaxDuration.parse(text)) } catch { return .failure(error) }
      }
    case .number, .true, .false:
      let seconds = word.kind == .number ? doubleValue(input) ?? .infinity : (word.kind == .true ? 1 : 0)
      do throws(TemporalFailure) { read = .success(try LaxDuration(seconds)) } catch { read = .failure(error) }
    default: return fail(.durationType, node, input)
    }
    switch read {
    case .failure(let failure): return fail(.duration(failure), node, input)
    case .success(let duration):
      append("\"")
      append(duration)
      append("\"")
      return true
    }
  }

  mutating func coerceUUID(_ node: UnsafePointer<CoercionNode>, _ input: Int, _ word: JSONNode) -> Bool {
    guard word.kind == .string else { return fail(.uuidType, node, input) }
    floor(.lax)
    let tape = tape
    let start = bytes.count
    append("\"")
    let failure = tape.withString(input) { text in
      LaxUUID.parse(text) { digit in
        switch bytes.count - start {
        case 9, 14, 19, 24: append("-")
        default: break
        }
        bytes.append(digit)
      }
    }
    switch failure {
    case nil: break
    case .length(let count): return fail(.uuidLength(count), node, input)
    case .character(let character, let position): return fail(.uuidCharacter(character, position), node, input)
    case .groupCount(let count): return fail(.uuidGroupCount(count), node, input)
    case .group(let group, let expected, let found):
      return fail(.uuidGroup(group, expected: expected, found: found), node, input)
    }
    // The version's digit leads the third group (RFC 9562 §4.2).
    if node.pointee.version > 0, bytes[start + 15] != UInt8(ascii: "0") + node.pointee.version {
      return fail(.uuidVersion(Int(node.pointee.version)), node, input)
    }
    append("\"")
    return true
  }
}

/// Writing dates and times as Pydantic's JSON does.
extension Coercer {
  private mutating func appendPadded(_ value: Int, _ width: Int) {
    var divisor = Int(PowersOfTen.value(width - 1))
    while divisor > 0 {
      bytes.append(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: value / divisor % 10))
      divisor /= 10
    }
  }

  mutating func append(_ date: LaxDate) {
    appendPadded(date.year, 4)
    append("-")
    appendPadded(date.month, 2)
    append("-")
    appendPadded(date.day, 2)
  }

  mutating func append(_ time: LaxTime) {
    appendPadded(time.hour, 2)
    append(":")
    appendPadded(time.minute, 2)
    append(":")
    appendPadded(time.second, 2)
    if time.microsecond > 0 {
      append(".")
      appendPadded(time.microsecond, 6)
    }
    guard let zone = time.zone else { return }
    guard zone != 0 else { return append("Z") }
    append(zone < 0 ? "-" : "+")
    appendPadded(abs(zone) / 3600, 2)
    append(":")
    appendPadded(abs(zone) / 60 % 60, 2)
  }

  mutating func append(_ duration: LaxDuration) {
    let isZero = duration.days == 0 && duration.seconds == 0 && duration.microseconds == 0
    if duration.isNegative && !isZero { append("-") }
    append("P")
    func part(_ value: Int, _ unit: StaticString) {
      guard value > 0 else { return }
      bytes.append(contentsOf: "\(value)".utf8)
      append(unit)
    }
    part(duration.days / 365, "Y")
    part(duration.days % 365, "D")
    guard isZero || duration.seconds > 0 || duration.microseconds > 0 else { return }
    append("T")
    part(duration.seconds / 3600, "H")
    part(duration.seconds / 60 % 60, "M")
    let seconds = duration.seconds % 60
    guard seconds > 0 || duration.microseconds > 0 || isZero else { return }
    bytes.append(contentsOf: "\(seconds)".utf8)
    if duration.microseconds > 0 {
      append(".")
      appendPadded(duration.microseconds, 6)
      while bytes.last == UInt8(ascii: "0") { bytes.removeLast() }
    }
    append("S")
  }
}
