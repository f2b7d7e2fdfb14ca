/// The values of `format` that are checked (JSON Schema 2020-12 Validation §7.3). Others are annotations.
public enum StringFormat: UInt8, Sendable, Hashable, BitwiseCopyable {
  case none
  case date
  case time
  case dateTime
  case uuid
  case email
  case ipv4
  case ipv6
  case uri
  case hostname
  case duration
  case idnEmail
  case idnHostname
  case uriReference
  case iri
  case iriReference
  case uriTemplate
  case jsonPointer
  case relativeJSONPointer
  case regex

  private static let named: [(name: String, format: StringFormat)] = [
    ("date", .date), ("time", .time), ("date-time", .dateTime), ("uuid", .uuid), ("email", .email), ("ipv4", .ipv4),
    ("ipv6", .ipv6), ("uri", .uri), ("hostname", .hostname), ("duration", .duration), ("idn-email", .idnEmail),
    ("idn-hostname", .idnHostname), ("uri-reference", .uriReference), ("iri", .iri), ("iri-reference", .iriReference),
    ("uri-template", .uriTemplate), ("json-pointer", .jsonPointer),
    ("relative-json-pointer", .relativeJSONPointer), ("regex", .regex),
  ]

  public init?(name: String) {
    guard let known = StringFormat.named.first(where: { $0.name == name }) else { return nil }
    self = known.format
  }

  /// As `format` has it; empty for none.
  public var name: String { StringFormat.named.first { $0.format == self }?.name ?? "" }

  /// Formats that are known and not checked: the OpenAPI format registry.
  static let annotations: Set<String> = [
    "int32", "int64", "float", "double", "password", "byte", "binary", "decimal",
  ]

  static var names: [String] { named.map(\.name) }

  /// Whether lax coercion can read `text` as this format; false for formats that it does not convert.
  func isReadable(_ text: UnsafeRawBufferPointer) -> Bool {
    switch self {
    case .date: (try? LaxDate.parse(text)) != nil || (try? LaxDateTime.parse(text)) != nil
    case .dateTime: (try? LaxDateTime.parse(text)) != nil
    case .time: (try? LaxTime.parse(text)) != nil
    case .duration: (try? LaxDuration.parse(text)) != nil
    default: false
    }
  }

  /// Nil where `text` (UTF-8) is of this format. Linear in the text. Allocates nothing, but for host names beyond
  /// ASCII: a few words a character.
  func failure(_ text: UnsafeRawBufferPointer) -> FormatFailure? {
    switch self {
    case .none: nil
    case .date: DateTimeText(text).dateFailure()
    case .time: DateTimeText(text).timeFailure()
    case .dateTime: DateTimeText(text).dateTimeFailure()
    case .uuid: UUIDText.failure(text)
    case .email: EmailText.failure(text)
    case .ipv4: IPAddressText.isIPv4(text) ? nil : .notOfFormat
    case .ipv6: IPAddressText.isIPv6(text) ? nil : .notOfFormat
    case .uri: URIText.failure(text)
    case .hostname: HostnameText.isHostname(text) ? nil : .notOfFormat
    case .duration: DurationText.isDuration(text) ? nil : .duration
    case .idnEmail: EmailText.failure(text, isInternational: true)
    case .idnHostname: InternationalHostname.isHostname(text) ? nil : .notOfFormat
    case .uriReference: URIText.failure(text, isReference: true)
    case .iri: URIText.failure(text, isInternational: true)
    case .iriReference: URIText.failure(text, isReference: true, isInternational: true)
    case .uriTemplate: URITemplateText.isTemplate(text) ? nil : .notOfFormat
    case .jsonPointer: JSONPointerText.isPointer(text) ? nil : .notOfFormat
    case .relativeJSONPointer: JSONPointerText.isRelativePointer(text) ? nil : .notOfFormat
    case .regex: RegexText.isPattern(text) ? nil : .notOfFormat
    }
  }
}

/// Why a text is not of its format: data, worded where the answer is written.
public enum FormatFailure: Sendable, Hashable {
  public enum Part: String, Sendable, Hashable {
    case year, month, day, hour, minute, second
  }

  case notOfFormat
  case tooShort
  case invalidCharacter(Part)
  case dateSeparator
  case timeSeparator
  case dateTimeSeparator
  case outOfRange(Part)
  case missingFraction
  case missingZone
  case invalidZone
  case extraCharacters
  case uuidLength(Int)
  /// Counted from 0 in bytes, as the uuid crate does.
  case uuidCharacter(UInt8, Int)
  case uuidGroup(Int, expected: Int, found: Int)
  case emailWithoutAt
  case emailLocalPart
  case emailDomain
  case uriWithoutScheme
  case uriEmpty
  case uriCharacter
  case duration
}
