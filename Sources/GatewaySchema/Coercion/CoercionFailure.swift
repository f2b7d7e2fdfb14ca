import GatewayJSON

/// Why lax coercion refuses a value, where JSON Schema has no rule of that kind.
public enum CoercionFailure: Sendable, Hashable {
  public enum Container: String, Sendable, Hashable {
    case list = "List"
    case set = "Set"
    case tuple = "Tuple"
    case dictionary = "Dictionary"
  }

  case integerType
  case integerFromFloat
  case numberType
  case booleanType
  case stringType
  case bytesType
  case bytesTooShort(Int)
  case bytesTooLong(Int)
  case dateType
  /// The date is written well and cannot be one.
  case date(TemporalFailure)
  case dateFromDateTime(TemporalFailure)
  case dateInexact
  case dateTimeType
  case dateTime(TemporalFailure)
  case dateTimeFromDate(TemporalFailure)
  case timeType
  case time(TemporalFailure)
  case durationType
  case duration(TemporalFailure)
  case uuidType
  case uuidLength(Int)
  case uuidCharacter(String, Int)
  case uuidGroupCount(Int)
  case uuidGroup(Int, expected: Int, found: Int)
  case uuidVersion(Int)
  case urlType
  case decimalType
  case decimalText
  case listType
  case setType
  case tupleType
  case modelType
  case mapType
  case noneRequired
  case literal([JSONValue])
  case tooShort(Container, Int, actual: Int)
  /// `actual` is nil where counting stopped at the first that is too many.
  case tooLong(Container, Int, actual: Int?)
  case tagMissing(String)
  case tagUnknown(String, tag: String, expected: [String])
}

extension FastAPIWording {
  init(_ failure: CoercionFailure) {
    func number(_ value: Int) -> JSONValue { .number(JSONNumber(value)) }
    func timed(_ type: String, _ message: String, _ failure: TemporalFailure) -> FastAPIWording {
      FastAPIWording(type, "\(message), \(failure.rawValue)", [("error", .string(failure.rawValue))])
    }
    func uuid(_ reason: String) -> FastAPIWording {
      FastAPIWording("uuid_parsing", "Input should be a valid UUID, \(reason)", [("error", .string(reason))])
    }
    switch failure {
    case .integerType: self.init("int_type", "Input should be a valid integer")
    case .integerFromFloat:
      self.init("int_from_float", "Input should be a valid integer, got a number with a fractional part")
    case .numberType: self.init("float_type", "Input should be a valid number")
    case .booleanType: self.init("bool_type", "Input should be a valid boolean")
    case .stringType: self.init("string_type", "Input should be a valid string")
    case .bytesType: self.init("bytes_type", "Input should be a valid bytes")
    case .bytesTooShort(let count):
      self.init(
        "bytes_too_short", "Data should have at least \(FastAPIWording.counted(count, "byte"))",
        [("min_length", number(count))])
    case .bytesTooLong(let count):
      self.init(
        "bytes_too_long", "Data should have at most \(FastAPIWording.counted(count, "byte"))",
        [("max_length", number(count))])
    case .dateType: self.init("date_type", "Input should be a valid date")
    case .date(let failure):
      self = timed("date_parsing", "Input should be a valid date in the format YYYY-MM-DD", failure)
    case .dateFromDateTime(let failure):
      self = timed("date_from_datetime_parsing", "Input should be a valid date or datetime", failure)
    case .dateInexact:
      self.init(
        "date_from_datetime_inexact", "Datetimes provided to dates should have zero time - e.g. be exact dates")
    case .dateTimeType: self.init("datetime_type", "Input should be a valid datetime")
    case .dateTime(let failure): self = timed("datetime_parsing", "Input should be a valid datetime", failure)
    case .dateTimeFromDate(let failure):
      self = timed("datetime_from_date_parsing", "Input should be a valid datetime or date", failure)
    case .timeType: self.init("time_type", "Input should be a valid time")
    case .time(let failure): self = timed("time_parsing", "Input should be in a valid time format", failure)
    case .durationType: self.init("time_delta_type", "Input should be a valid timedelta")
    case .duration(let failure): self = timed("time_delta_parsing", "Input should be a valid timedelta", failure)
    case .uuidType: self.init("uuid_type", "UUID input should be a string, bytes or UUID object")
    case .uuidLength(let count): self = uuid("invalid length: found \(count)")
    case .uuidCharacter(let character, let position):
      self = uuid("invalid character: found `\(character)` at \(position)")
    case .uuidGroupCount(let count): self = uuid("invalid group count: expected 5, found \(count)")
    case .uuidGroup(let group, let expected, let found):
      self = uuid("invalid group length in group \(group): expected \(expected), found \(found)")
    case .uuidVersion(let version):
      self.init("uuid_version", "UUID version \(version) expected", [("expected_version", number(version))])
    case .urlType: self.init("url_type", "URL input should be a string or URL")
    case .decimalType:
      self.init("decimal_type", "Decimal input should be an integer, float, string or Decimal object")
    case .decimalText: self.init("decimal_parsing", "Input should be a valid decimal")
    case .listType: self.init("list_type", "Input should be a valid list")
    case .setType: self.init("set_type", "Input should be a valid set")
    case .tupleType: self.init("tuple_type", "Input should be a valid tuple")
    case .modelType:
      self.init("model_attributes_type", "Input should be a valid dictionary or object to extract fields from")
    case .mapType: self.init("dict_type", "Input should be a valid dictionary")
    case .noneRequired: self.init("none_required", "Input should be None")
    case .literal(let values):
      let expected = FastAPIWording.alternatives(values)
      self.init("literal_error", "Input should be \(expected)", [("expected", .string(expected))])
    case .tooShort(let container, let count, let actual):
      self = FastAPIWording.tooShort(container.rawValue, count, actual)
    case .tooLong(let container, let count, let actual):
      self = FastAPIWording.tooLong(container.rawValue, count, actual)
    case .tagMissing(let name):
      self.init(
        "union_tag_not_found", "Unable to extract tag using discriminator '\(name)'",
        [("discriminator", .string("'\(name)'"))])
    case .tagUnknown(let name, let tag, let expected):
      let list = expected.map { "'\($0)'" }.joined(separator: ", ")
      self.init(
        "union_tag_invalid",
        "Input tag '\(tag)' found using '\(name)' does not match any of the expected tags: \(list)",
        [("discriminator", .string("'\(name)'")), ("tag", .string(tag)), ("expected_tags", .string(list))])
    }
  }
}
