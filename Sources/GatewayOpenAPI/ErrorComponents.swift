import GatewayJSON

/// The components for errors that the gateway itself makes, in the configured shape. Only what is asked for is listed.
struct ErrorComponents {
  /// The failures that a route is known to have.
  enum Failure: Int, CaseIterable {
    case unauthorized = 401
    case forbidden = 403
    case notFound = 404
    case contentTooLarge = 413
    case unsupportedMediaType = 415
    case badGateway = 502
    case serviceUnavailable = 503
    case gatewayTimeout = 504

    fileprivate var name: String {
      switch self {
      case .unauthorized: "Unauthorized"
      case .forbidden: "Forbidden"
      case .notFound: "NotFound"
      case .contentTooLarge: "ContentTooLarge"
      case .unsupportedMediaType: "UnsupportedMediaType"
      case .badGateway: "BadGateway"
      case .serviceUnavailable: "ServiceUnavailable"
      case .gatewayTimeout: "GatewayTimeout"
      }
    }

    fileprivate var description: String {
      switch self {
      case .unauthorized: "Credentials are missing or not valid"
      case .forbidden: "The credentials do not allow this"
      case .notFound: "Nothing is found at this path"
      case .contentTooLarge: "The request body is too large"
      case .unsupportedMediaType: "The request body has a media type that is not accepted"
      case .badGateway: "The upstream gave no valid response"
      case .serviceUnavailable: "No upstream is available"
      case .gatewayTimeout: "The upstream did not answer in time"
      }
    }

    fileprivate var header: (name: String, description: String, schema: JSONValue)? {
      switch self {
      case .unauthorized: ("WWW-Authenticate", "The schemes that are accepted", ["type": "string"])
      case .serviceUnavailable: ("Retry-After", "Seconds to wait", ["type": "integer", "minimum": 0])
      default: nil
      }
    }
  }

  private let shape: APIErrorShape
  private(set) var responses: [String: JSONValue] = [:]
  private var names: [Failure: String] = [:]
  /// Components: of any error, of 422, and of one entry of it.
  private let error: String
  private let validation: String
  private let entry: String
  private var isValidationUsed = false

  /// Takes all names at once, before any upstream's document can: whether a component is listed does not change the
  /// names of others.
  init(_ shape: APIErrorShape, _ catalog: inout SchemaCatalog, _ responseNames: inout ComponentNames) {
    self.shape = shape
    for failure in Failure.allCases { names[failure] = responseNames.take(failure.name, owner: "gateway") }
    error = catalog.take(shape == .detail ? "HTTPError" : "Problem", owner: "gateway")
    validation = catalog.take(shape == .detail ? "HTTPValidationError" : "ValidationProblem", owner: "gateway")
    entry = catalog.take(shape == .detail ? "ValidationError" : "ValidationProblemEntry", owner: "gateway")
  }

  private var mediaType: String { shape == .detail ? "application/json" : "application/problem+json" }

  /// A reference to the shared response.
  mutating func response(_ failure: Failure) -> JSONValue {
    let name = names[failure] ?? failure.name
    if responses[name] == nil {
      var response = JSONObject([("description", .string(failure.description))])
      if let header = failure.header {
        response["headers"] = .single(
          header.name, ["description": .string(header.description), "schema": header.schema])
      }
      response["content"] = content(SchemaCatalog.reference(error))
      responses[name] = .object(response)
    }
    return ["$ref": .string("#/components/responses/" + name)]
  }

  /// 422, as FastAPI writes it: in place, with the schema as a component.
  mutating func validationResponse() -> JSONValue {
    isValidationUsed = true
    return ["description": "Validation Error", "content": content(SchemaCatalog.reference(validation))]
  }

  private func content(_ schema: JSONValue) -> JSONValue {
    .single(mediaType, ["schema": schema])
  }

  /// Puts those that are referred to among the components.
  func addSchemas(to catalog: inout SchemaCatalog) {
    if isValidationUsed {
      catalog.add(validationSchema, as: validation)
      catalog.add(shape == .detail ? ErrorComponents.validationError : ErrorComponents.problemEntry, as: entry)
    }
    guard !responses.isEmpty || isValidationUsed && shape == .problem else { return }
    catalog.add(shape == .detail ? ErrorComponents.detailError : ErrorComponents.problem, as: error)
  }

  private var validationSchema: JSONValue {
    let entries = SchemaCatalog.reference(entry)
    return switch shape {
    case .detail:
      [
        "type": "object", "title": "HTTPValidationError",
        "properties": ["detail": ["type": "array", "title": "Detail", "items": entries]],
      ]
    case .problem:
      [
        "type": "object", "title": "ValidationProblem", "allOf": [SchemaCatalog.reference(error)],
        "properties": ["errors": ["type": "array", "items": entries]],
      ]
    }
  }

  private static let detailError: JSONValue = [
    "type": "object", "title": "HTTPError", "required": ["detail"],
    "properties": ["detail": ["type": "string", "title": "Detail"]],
  ]

  private static let validationError: JSONValue = [
    "type": "object", "title": "ValidationError", "required": ["loc", "msg", "type"],
    "properties": [
      "loc": [
        "type": "array", "title": "Location", "items": ["anyOf": [["type": "string"], ["type": "integer"]]],
      ],
      "msg": ["type": "string", "title": "Message"],
      "type": ["type": "string", "title": "Error Type"],
      "input": ["title": "Input"],
      "ctx": ["type": "object", "title": "Context"],
    ],
  ]

  /// RFC 9457 §3.1; further members are allowed (§3.2).
  private static let problem: JSONValue = [
    "type": "object", "title": "Problem",
    "properties": [
      "type": ["type": "string", "format": "uri-reference", "default": "about:blank"],
      "title": ["type": "string"],
      "status": ["type": "integer", "minimum": 100, "maximum": 599],
      "detail": ["type": "string"],
      "instance": ["type": "string", "format": "uri-reference"],
      "request_id": ["type": "string"],
    ],
  ]

  /// RFC 9457 §3, the example of a validation problem: what is wrong and a JSON Pointer to it.
  private static let problemEntry: JSONValue = [
    "type": "object", "required": ["detail"],
    "properties": [
      "detail": ["type": "string"],
      "pointer": ["type": "string", "description": "A JSON Pointer (RFC 6901) into the request"],
      "type": ["type": "string"],
    ],
  ]
}
