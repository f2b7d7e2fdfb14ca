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

  public init?(name: String) {
    switch name {
    case "date": self = .date
    case "time": self = .time
    case "date-time": self = .dateTime
    case "uuid": self = .uuid
    case "email": self = .email
    case "ipv4": self = .ipv4
    case "ipv6": self = .ipv6
    case "uri": self = .uri
    case "hostname": self = .hostname
    default: return nil
    }
  }

  /// Formats that are known and not checked.
  static let annotations: Set<String> = [
    "duration", "idn-email", "idn-hostname", "uri-reference", "iri", "iri-reference", "uri-template", "json-pointer",
    "relative-json-pointer", "regex",
    // The OpenAPI format registry.
    "int32", "int64", "float", "double", "password", "byte", "binary", "decimal",
  ]

  static let names = ["date", "time", "date-time", "uuid", "email", "ipv4", "ipv6", "uri", "hostname"]

  /// Nil where `text` (UTF-8) is of this format. Allocates nothing.
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
}
