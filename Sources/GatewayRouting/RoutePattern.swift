/// A path pattern such as `/books/{book_id}`, checked and compiled.
///
///     /books/featured        literal text
///     /books/{book_id}       one whole segment, not empty
///     /books/{id:int}        int, uuid, float (see `RouteParameterKind`), str
///     /from-{a}-to-{b}       several parameters in one segment; the first takes as much as it can
///     /files/{rest:path}     the rest of the path, possibly empty; also written /files/*rest
///
/// Matching is case-sensitive and compares with the normalised, still percent-encoded path, so literal text is brought
/// into that form here: escapes of unreserved characters are decoded (RFC 3986 §6.2.2.2), the others get upper-case
/// digits, and what may not stand in a path as itself is percent-encoded as UTF-8. A literal brace is written `%7B`,
/// a star at the start of a segment `%2A`.
///
/// A trailing slash makes a different path. `/files/{rest:path}` matches `/files/` and everything below, not `/files`.
public struct RoutePattern: Sendable, Hashable {
  /// Longest pattern in bytes, most segments, and most parameters in one segment.
  public static let maximumLength = 4096
  public static let maximumSegments = 128
  public static let maximumParametersPerSegment = 8

  /// As written.
  public let text: String
  /// In the order in which `RouteTable.match` reports their ranges.
  public let parameters: [RouteParameter]
  let segments: [RouteSegment]

  public var parameterNames: [String] { parameters.map(\.name) }

  /// - Throws: every problem of the pattern, in the order of their places.
  public init(_ text: String) throws(RoutePatternError) {
    var parser = RoutePatternParser(text)
    parser.parse()
    guard parser.problems.isEmpty else {
      throw RoutePatternError(problems: parser.problems.sorted { $0.offset < $1.offset })
    }
    self.text = text
    self.parameters = parser.parameters
    self.segments = parser.segments
  }
}

/// What is wrong with a pattern; never empty.
public struct RoutePatternError: Error, Sendable, Equatable, CustomStringConvertible {
  public let problems: [RoutePatternProblem]
  public var description: String { problems.map(\.message).joined(separator: "; ") }
}

/// One mistake in a path or host pattern and its place, so that a caret can point at it.
public struct RoutePatternProblem: Error, Sendable, Equatable {
  public enum Kind: Sendable, Equatable {
    case noLeadingSlash
    case tooLong(limit: Int)
    case tooManySegments(limit: Int)
    case tooManyParameters(limit: Int)
    /// `//`; matching would take it literally, but it is a slip.
    case emptySegment
    /// Requests with such a path end before routing (dot segments, backslashes, control characters, escapes that are
    /// not UTF-8); the text says why.
    case refusedPath(String)
    /// A character that cannot be part of a path: a control character, `?` or `#`.
    case invalidCharacter(String)
    case malformedEscape
    case unclosedParameter
    case strayClosingBrace
    case emptyParameterName
    case invalidParameterName(String)
    case duplicateParameter(String)
    case unknownParameterKind(String)
    /// Two parameters without text between them.
    case adjacentParameters
    /// Text beside a number that could as well belong to the number.
    case ambiguousNumber
    case restNotLast
    case restNotWholeSegment
    case unnamedRest
    /// Host patterns.
    case emptyHost
    case hostWithPort
    case hostWildcard
    case invalidHostCharacter(String)
    case invalidHostLabel
    case invalidHostAddress
  }

  public let kind: Kind
  /// First byte of the mistake, and how many bytes it covers, in the pattern's UTF-8 text.
  public let offset: Int
  public let count: Int

  /// One sentence in lower case without the place: what is wrong and what would be right.
  public var message: String {
    switch kind {
    case .noLeadingSlash: "a path pattern starts with '/'"
    case .tooLong(let limit): "the pattern is longer than \(limit) bytes"
    case .tooManySegments(let limit): "the pattern has more than \(limit) segments"
    case .tooManyParameters(let limit): "a segment has more than \(limit) parameters"
    case .emptySegment: "an empty segment ('//') is most likely a slip; remove one slash"
    case .refusedPath(let why): "requests with this path are refused before routing (\(why)), so it never matches"
    case .invalidCharacter(let found): "\(found) cannot be part of a path"
    case .malformedEscape: "'%' needs two hexadecimal digits after it (a literal percent sign is '%25')"
    case .unclosedParameter: "'{' without '}' (a literal brace is '%7B')"
    case .strayClosingBrace: "'}' without '{' (a literal brace is '%7D')"
    case .emptyParameterName: "a parameter needs a name, such as '{id}'"
    case .invalidParameterName(let name):
      "'\(name)' is not a parameter name; use letters, digits and '_', not starting with a digit"
    case .duplicateParameter(let name): "parameter '\(name)' is already used in this pattern"
    case .unknownParameterKind(let found):
      "unknown parameter kind '\(found)'; expected one of "
        + RouteParameterKind.allCases.map(\.rawValue).joined(separator: ", ")
    case .adjacentParameters: "two parameters of one segment need text between them"
    case .ambiguousNumber: "this text could also be part of the number beside it; use another separator"
    case .restNotLast: "the rest of a path can only be the last segment"
    case .restNotWholeSegment: "the rest of a path has to be a whole segment"
    case .unnamedRest: "the rest needs a name, such as '*rest' (a literal star is '%2A')"
    case .emptyHost: "a host pattern cannot be empty; leave it out to accept every host"
    case .hostWithPort: "the port takes no part in matching; remove it"
    case .hostWildcard: "'*' may only stand for the first labels, as in '*.shop.example'"
    case .invalidHostCharacter(let found):
      "\(found) cannot be part of a host name (write international names in their 'xn--' form)"
    case .invalidHostLabel: "a label of a host name has 1 to 63 characters, the whole name at most 253"
    case .invalidHostAddress: "not an IPv6 address"
    }
  }
}
