import GatewayJSON

/// A violation in Pydantic's words: the error's type, its sentence, and the numbers in it.
struct FastAPIWording {
  var type: String
  var message: String
  var context: [(name: String, value: JSONValue)] = []

  init(_ type: String, _ message: String, _ context: [(name: String, value: JSONValue)] = []) {
    self.type = type
    self.message = message
    self.context = context
  }

  /// `input` is the offending value where there is one: for a wrong type Pydantic says what it tried with it.
  init(_ kind: Violation.Kind, input: JSONValue) {
    switch kind {
    case .missing: self.init("missing", "Field required")
    case .additional, .forbidden: self.init("extra_forbidden", "Extra inputs are not permitted")
    case .type(let type, let format, let isModel):
      self = FastAPIWording.wrongType(type, format, isModel, input)
    case .minimum(let limit):
      self.init(
        "greater_than_equal", "Input should be greater than or equal to \(limit.number.plainText)",
        [("ge", limit.echoed)])
    case .exclusiveMinimum(let limit):
      self.init("greater_than", "Input should be greater than \(limit.number.plainText)", [("gt", limit.echoed)])
    case .maximum(let limit):
      self.init(
        "less_than_equal", "Input should be less than or equal to \(limit.number.plainText)", [("le", limit.echoed)])
    case .exclusiveMaximum(let limit):
      self.init("less_than", "Input should be less than \(limit.number.plainText)", [("lt", limit.echoed)])
    case .multipleOf(let limit):
      self.init(
        "multiple_of", "Input should be a multiple of \(limit.number.plainText)", [("multiple_of", limit.echoed)])
    case .minLength(let count):
      self.init(
        "string_too_short", "String should have at least \(FastAPIWording.counted(count, "character"))",
        [("min_length", .number(JSONNumber(count)))])
    case .maxLength(let count):
      self.init(
        "string_too_long", "String should have at most \(FastAPIWording.counted(count, "character"))",
        [("max_length", .number(JSONNumber(count)))])
    case .pattern(let text):
      self.init("string_pattern_mismatch", "String should match pattern '\(text)'", [("pattern", .string(text))])
    case .format(let format, let failure): self = FastAPIWording.wrongFormat(format, failure)
    case .minItems(let count, let actual): self = FastAPIWording.tooShort("List", count, actual)
    case .maxItems(let count, let actual): self = FastAPIWording.tooLong("List", count, actual)
    case .minProperties(let count, let actual): self = FastAPIWording.tooShort("Dictionary", count, actual)
    case .maxProperties(let count, let actual): self = FastAPIWording.tooLong("Dictionary", count, actual)
    case .enumeration(let values):
      let expected = FastAPIWording.alternatives(values)
      self.init("enum", "Input should be \(expected)", [("expected", .string(expected))])
    case .constant(let value):
      let expected = FastAPIWording.alternatives([value])
      self.init("literal_error", "Input should be \(expected)", [("expected", .string(expected))])
    case .integerText:
      self.init("int_parsing", "Input should be a valid integer, unable to parse string as an integer")
    case .integerSize:
      self.init("int_parsing_size", "Unable to parse input string as an integer, exceeded maximum size")
    case .numberText:
      self.init("float_parsing", "Input should be a valid number, unable to parse string as a number")
    case .notFinite: self.init("finite_number", "Input should be a finite number")
    case .booleanText: self.init("bool_parsing", "Input should be a valid boolean, unable to interpret input")
    case .notUnicode:
      self.init(
        "string_unicode", "Input should be a valid string, unable to parse raw data as a unicode string")
    // Pydantic has no such rules; applications write them as validators, whose complaints look like this.
    case .uniqueItems(let first, let second):
      self = FastAPIWording.valueError("items \(first) and \(second) are equal, all must differ")
    case .contains(let minimum, let maximum, let actual):
      let range = maximum.map { "\(minimum) to \($0)" } ?? "at least \(minimum)"
      self = FastAPIWording.valueError("\(range) items should match the schema in 'contains', found \(actual)")
    case .noAlternative: self = FastAPIWording.valueError("no alternative matches")
    case .severalAlternatives: self = FastAPIWording.valueError("more than one alternative matches")
    case .excluded: self = FastAPIWording.valueError("matches the excluded schema")
    case .tagNotFound(let discriminator):
      self.init(
        "union_tag_not_found", "Unable to extract tag using discriminator '\(discriminator)'",
        [("discriminator", .string("'\(discriminator)'"))])
    case .tagInvalid(let discriminator, let tag, let expected):
      let list = expected.map { "'\($0)'" }.joined(separator: ", ")
      self.init(
        "union_tag_invalid",
        "Input tag '\(tag)' found using '\(discriminator)' does not match any of the expected tags: \(list)",
        [
          ("discriminator", .string("'\(discriminator)'")), ("tag", .string(tag)), ("expected_tags", .string(list)),
        ])
    case .content(.notBase64): self = FastAPIWording.valueError("content is not base64")
    case .content(.notJSON): self = FastAPIWording.valueError("content is not JSON")
    case .content(.notValid): self = FastAPIWording.valueError("content does not match its schema")
    case .tooComplex: self = FastAPIWording.valueError("too complex to validate")
    case .coercion(let failure): self.init(failure)
    }
  }

  private static func valueError(_ text: String) -> FastAPIWording {
    FastAPIWording("value_error", "Value error, \(text)", [("error", .object(JSONObject()))])
  }

  static func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }

  static func tooShort(_ kind: String, _ count: Int, _ actual: Int) -> FastAPIWording {
    FastAPIWording(
      "too_short", "\(kind) should have at least \(counted(count, "item")) after validation, not \(actual)",
      [
        ("field_type", .string(kind)), ("min_length", .number(JSONNumber(count))),
        ("actual_length", .number(JSONNumber(actual))),
      ])
  }

  static func tooLong(_ kind: String, _ count: Int, _ actual: Int?) -> FastAPIWording {
    FastAPIWording(
      "too_long",
      "\(kind) should have at most \(counted(count, "item")) after validation, not \(actual.map { "\($0)" } ?? "more")",
      [
        ("field_type", .string(kind)), ("max_length", .number(JSONNumber(count))),
        ("actual_length", actual.map { .number(JSONNumber($0)) } ?? .null),
      ])
  }

  /// `'a', 'b' or 'c'`: Python's way of writing values.
  static func alternatives(_ values: [JSONValue]) -> String {
    let words = values.map(word)
    guard let last = words.last, words.count > 1 else { return words.first ?? "" }
    return words.dropLast().joined(separator: ", ") + " or " + last
  }

  /// A value as Python writes it.
  static func word(_ value: JSONValue) -> String {
    switch value {
    case .string(let text): return text.contains("'") && !text.contains("\"") ? "\"\(text)\"" : "'\(text)'"
    case .null: return "None"
    case .bool(let flag): return flag ? "True" : "False"
    case .number(let number): return number.text
    case .array(let items): return "[" + items.map(word).joined(separator: ", ") + "]"
    case .object(let object):
      return "{" + object.members.map { "'\($0.name)': \(word($0.value))" }.joined(separator: ", ") + "}"
    }
  }

  /// Bodies are strict: "5" is no integer. Where Pydantic would have refused the value too, its complaint is the one
  /// Pydantic makes; where it would have coerced, the plain type error.
  private static func wrongType(
    _ type: SchemaTypes, _ format: StringFormat, _ isModel: Bool, _ input: JSONValue
  ) -> FastAPIWording {
    var text = input.string ?? ""
    switch (type, input) {
    case (.integer, .number):
      return FastAPIWording(
        "int_from_float", "Input should be a valid integer, got a number with a fractional part")
    case (.integer, .string):
      if case .malformed = text.withUTF8({ ParameterText.integer(UnsafeRawBufferPointer($0)) }) {
        return FastAPIWording(.integerText, input: input)
      }
      return FastAPIWording("int_type", "Input should be a valid integer")
    case (.integer, _): return FastAPIWording("int_type", "Input should be a valid integer")
    case (.number, .string):
      let isNumber = text.withUTF8 { bytes in
        ParameterText.number(UnsafeRawBufferPointer(bytes)) { number in
          if case .malformed = number { false } else { true }
        }
      }
      return isNumber
        ? FastAPIWording("float_type", "Input should be a valid number") : FastAPIWording(.numberText, input: input)
    case (.number, _): return FastAPIWording("float_type", "Input should be a valid number")
    case (.boolean, .string):
      return text.withUTF8({ ParameterText.boolean(UnsafeRawBufferPointer($0)) }) == nil
        ? FastAPIWording(.booleanText, input: input) : FastAPIWording("bool_type", "Input should be a valid boolean")
    case (.boolean, .number(let number)) where number.isInteger && number != 0 && number != 1:
      return FastAPIWording(.booleanText, input: input)
    case (.boolean, _): return FastAPIWording("bool_type", "Input should be a valid boolean")
    case (.array, _): return FastAPIWording("list_type", "Input should be a valid list")
    case (.object, _):
      return isModel
        ? FastAPIWording(
          "model_attributes_type", "Input should be a valid dictionary or object to extract fields from")
        : FastAPIWording("dict_type", "Input should be a valid dictionary")
    case (.null, _): return FastAPIWording("none_required", "Input should be None")
    default: return wrongTextType(format)
    }
  }

  private static func wrongTextType(_ format: StringFormat) -> FastAPIWording {
    switch format {
    case .date: FastAPIWording("date_type", "Input should be a valid date")
    case .dateTime: FastAPIWording("datetime_type", "Input should be a valid datetime")
    case .time: FastAPIWording("time_type", "Input should be a valid time")
    case .uuid: FastAPIWording("uuid_type", "UUID input should be a string, bytes or UUID object")
    case .uri: FastAPIWording("url_type", "URL input should be a string or URL")
    case .duration: FastAPIWording("time_delta_type", "Input should be a valid timedelta")
    default: FastAPIWording("string_type", "Input should be a valid string")
    }
  }

  private static func wrongFormat(_ format: StringFormat, _ failure: FormatFailure) -> FastAPIWording {
    let reason = failure.reason
    let context: [(name: String, value: JSONValue)] = [("error", .string(reason))]
    switch format {
    case .date:
      return FastAPIWording(
        "date_from_datetime_parsing", "Input should be a valid date or datetime, \(reason)", context)
    case .dateTime:
      return FastAPIWording(
        "datetime_from_date_parsing", "Input should be a valid datetime or date, \(reason)", context)
    case .time: return FastAPIWording("time_parsing", "Input should be in a valid time format, \(reason)", context)
    case .uuid: return FastAPIWording("uuid_parsing", "Input should be a valid UUID, \(reason)", context)
    case .email:
      return FastAPIWording(
        "value_error", "value is not a valid email address: \(reason)", [("reason", .string(reason))])
    case .ipv4: return FastAPIWording("ip_v4_address", "Input is not a valid IPv4 address")
    case .ipv6: return FastAPIWording("ip_v6_address", "Input is not a valid IPv6 address")
    case .uri: return FastAPIWording("url_parsing", "Input should be a valid URL, \(reason)", context)
    case .duration:
      return FastAPIWording("time_delta_parsing", "Input should be a valid timedelta, \(reason)", context)
    case .idnEmail:
      return FastAPIWording(
        "value_error", "value is not a valid email address: \(reason)", [("reason", .string(reason))])
    case .hostname, .none: return valueError("not a valid hostname")
    case .idnHostname, .uriReference, .iri, .iriReference, .uriTemplate, .jsonPointer, .relativeJSONPointer, .regex:
      return valueError("not a valid \(format.name)")
    }
  }
}

extension Violation.NumericLimit {
  /// Pydantic echoes the bounds of float fields as floats: 1 becomes 1.0.
  var echoed: JSONValue {
    guard isFloat, number.isInteger, let whole = number.int64, whole.magnitude < 10_000_000_000_000_000 else {
      return .number(isFloat ? number : JSONNumber(number.plainText) ?? number)
    }
    return .number(JSONNumber("\(whole).0") ?? number)
  }
}

extension FormatFailure {
  /// As the parsers behind Pydantic put it.
  var reason: String {
    switch self {
    case .notOfFormat: "not of the expected format"
    case .tooShort: "input is too short"
    case .invalidCharacter(let part): "invalid character in \(part.rawValue)"
    case .dateSeparator: "invalid date separator, expected `-`"
    case .timeSeparator: "invalid time separator, expected `:`"
    case .dateTimeSeparator: "invalid datetime separator, expected `T`"
    case .outOfRange(let part):
      switch part {
      case .month: "month value is outside expected range of 1-12"
      case .day: "day value is outside expected range"
      case .hour: "hour value is outside expected range of 0-23"
      default: "\(part.rawValue) value is outside expected range of 0-59"
      }
    case .missingFraction: "second fraction is missing digits"
    case .missingZone: "timezone is missing"
    case .invalidZone: "invalid timezone, expected `Z` or `±HH:MM`"
    case .extraCharacters: "unexpected extra characters at the end of the input"
    case .uuidLength(let count): "invalid length: found \(count)"
    case .uuidCharacter(let byte, let position):
      "invalid character: found `\(String(decoding: [byte], as: UTF8.self))` at \(position)"
    case .uuidGroup(let group, let expected, let found):
      "invalid group length in group \(group): expected \(expected), found \(found)"
    case .emailWithoutAt: "An email address must have an @-sign."
    case .emailLocalPart: "The part before the @-sign is not valid."
    case .emailDomain: "The part after the @-sign is not valid."
    case .uriWithoutScheme: "relative URL without a base"
    case .uriEmpty: "input is empty"
    case .uriCharacter: "invalid character or escape"
    case .duration: "invalid digit in duration"
    }
  }
}
