import GatewayJSON

/// The shape of the bodies of errors that the gateway makes.
public enum ErrorShape: String, Sendable, CaseIterable {
  /// `{"detail": …}`, as FastAPI has it.
  case detail
  /// RFC 9457 problem details.
  case problem
}

/// `errors:` of the file or of a route: how errors are answered that the gateway makes, or that plugins throw.
public struct ErrorSettings: Sendable {
  /// Nil: of the file, else `detail`.
  public var shape: ErrorShape?
  /// Answers of their own, by status.
  public var responses: [ErrorResponse] = []
  /// How long an error handler of a plugin may take; nil: of the file, else 2 s.
  public var handlerTimeout: Duration?

  public init() {}
}

/// Which errors an entry is for.
public enum ErrorStatus: Sendable, Hashable {
  case code(UInt16)
  /// By the first digit: `4xx` or `5xx`.
  case range(UInt16)
  /// Those that no other entry is for.
  case any
}

extension ErrorStatus: CustomStringConvertible {
  public var description: String {
    switch self {
    case .code(let code): "\(code)"
    case .range(let digit): "\(digit)xx"
    case .any: "default"
    }
  }
}

/// One entry of `errors.responses`: a body, or who answers.
public struct ErrorResponse: Sendable, Locatable {
  public var location = Location.none
  public var status = ErrorStatus.any
  public var headers: [ResponseHeader] = []
  public var body = ErrorBody.none
  /// An error handler of a plugin; then there is no body.
  public var handler: PluginReference?

  public init() {}
}

public enum ErrorBody: Sendable {
  case none
  case text(String)
  /// Strings that are a placeholder are replaced, others are as they are.
  case json(JSONValue)
}

/// What of an error may stand in its answer: `{status}` and its siblings.
public enum ErrorPlaceholder: String, Sendable, CaseIterable {
  /// A number.
  case status
  /// The status in words.
  case title
  /// What the client is told; a string, unless a plugin threw something else.
  case detail
  /// The entries of a 422; empty for other errors.
  case errors
  case requestID = "request_id"
  case method
  /// As routes see it: normalised, percent-encoded.
  case path

  public init?(whole text: String) {
    guard text.hasPrefix("{"), text.hasSuffix("}") else { return nil }
    self.init(rawValue: String(text.dropFirst().dropLast()))
  }

  public enum Part: Sendable, Equatable {
    case text(String)
    case placeholder(ErrorPlaceholder)
  }

  /// Text around placeholders. Braces around anything else are text.
  public static func split(_ text: String) -> [Part] {
    var parts: [Part] = []
    var literal = ""
    var rest = text[...]
    while let open = rest.firstIndex(of: "{") {
      literal += rest[..<open]
      let after = rest.index(after: open)
      // The innermost braces count: `{{status}}` is a placeholder in braces.
      if let close = rest[after...].firstIndex(where: { $0 == "}" || $0 == "{" }), rest[close] == "}",
        let placeholder = ErrorPlaceholder(rawValue: String(rest[after..<close]))
      {
        if !literal.isEmpty { parts.append(.text(literal)) }
        literal = ""
        parts.append(.placeholder(placeholder))
        rest = rest[rest.index(after: close)...]
      } else {
        literal += "{"
        rest = rest[after...]
      }
    }
    literal += rest
    if !literal.isEmpty { parts.append(.text(literal)) }
    return parts
  }
}

extension GatewayFile {
  /// The route's shape, then the file's.
  public func errorShape(of route: Route) -> ErrorShape { route.errors?.shape ?? errors.shape ?? .detail }
}
