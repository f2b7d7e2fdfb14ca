/// Where a parameter is read from.
public enum ParameterLocation: String, Sendable, Hashable {
  case path, query, header, cookie
  /// A form's fields (urlencoded, or the text parts of multipart); violations call it `body`.
  case form

  /// The first step of `loc`.
  public var word: String { self == .form ? "body" : rawValue }
}

/// How lists and objects are written in text (OpenAPI 3.1 §4.8.12.3).
public enum ParameterStyle: String, Sendable, Hashable {
  case simple, label, matrix, form, spaceDelimited, pipeDelimited, deepObject

  /// The locations it may be used in.
  public func isAllowed(in location: ParameterLocation) -> Bool {
    switch self {
    case .simple: location == .path || location == .header
    case .label, .matrix: location == .path
    case .form: location == .query || location == .cookie || location == .form
    case .spaceDelimited, .pipeDelimited, .deepObject: location == .query || location == .form
    }
  }
}

/// One occurrence of a parameter in a request: texts without percent-encoding, valid UTF-8 or not.
public struct ParameterOccurrence {
  /// The name it came under; empty for path segments.
  public var name: UnsafeRawBufferPointer
  public var text: UnsafeRawBufferPointer

  public init(name: UnsafeRawBufferPointer, text: UnsafeRawBufferPointer) {
    self.name = name
    self.text = text
  }
}

/// What a reader made of a parameter's occurrences.
public enum ParameterOutcome: Sendable {
  /// Nothing was sent. Whether that is `missing`, or there is a default, the caller knows.
  case absent
  /// The value is in the memory that was passed.
  case value
  /// Positions are those of `ParameterMemory.input`.
  case invalid(Violations)
}
