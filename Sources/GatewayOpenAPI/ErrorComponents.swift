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
  private let bodies: [APIErrorBody]
  private(set) var responses: [String: JSONValue] = [:]
  private var names: [Failure: String] = [:]
  /// Components: of any error, of 422, and of one entry of it.
  private let error: String
  private let validation: String
  private let entry: String
  private var isValidationUsed = false
  private var isErrorUsed = false

  /// Takes all names at once, before any upstream's document can: whether a component is listed does not change the
  /// names of others.
  init(
    _ shape: APIErrorShape, _ bodies: [APIErrorBody], _ catalog: inout SchemaCatalog, _ responseNames: inout ComponentNames
  ) {
    self.shape = shape
    self.bodies = bodies
    for failure in Failure.allCases { names[failure] = responseNames.take(failure.name, owner: "gateway") }
    error = catalog.take(shape == .detail ? "HTTPError" : "Problem", owner: "gateway")
    validation = catalog.take(shape == .detail ? "HTTPValidationError" : "ValidationProblem", owner: "gateway")
    entry = catalog.take(shape == .detail ? "ValidationError" : "ValidationProblemEntry", owner: "gateway")
  }

  private func mediaType(_ shape: APIErrorShape) -> String { shape == .detail ? "application/json" : "application/problem+json" }

  /// A reference to the shared response, or the response itself where the operation has errors of its own.
  mutating func response(_ failure: Failure, of operation: APIOperation) -> JSONValue {
    if let own = operation.errors {
      var response = head(failure)
      response["content"] = content(failure.rawValue, own.bodies, own.shape, Self.inPlace(own.shape, nil))
      return .object(response)
    }
    let name = names[failure] ?? failure.name
    if responses[name] == nil {
      var response = head(failure)
      isErrorUsed = isErrorUsed || APIErrorBody.of(failure.rawValue, bodies) == nil
      response["content"] = content(failure.rawValue, bodies, shape, SchemaCatalog.reference(error))
      responses[name] = .object(response)
    }
    return ["$ref": .string("#/components/responses/" + name)]
  }

  /// 422, as FastAPI writes it: in place, with the schema as a component.
  mutating func validationResponse(of operation: APIOperation) -> JSONValue {
    var response = JSONObject([("description", "Validation Error")])
    if let own = operation.errors {
      response["content"] = content(422, own.bodies, own.shape, Self.inPlace(own.shape, own.shape.violation))
    } else {
      isValidationUsed = isValidationUsed || APIErrorBody.of(422, bodies) == nil
      response["content"] = content(422, bodies, shape, SchemaCatalog.reference(validation))
    }
    return .object(response)
  }

  private func head(_ failure: Failure) -> JSONObject {
    var response = JSONObject([("description", .string(failure.description))])
    if let header = failure.header {
      response["headers"] = .single(
        header.name, ["description": .string(header.description), "schema": header.schema])
    }
    return response
  }

  /// Nil where nothing is known of the body.
  private func content(
    _ status: Int, _ bodies: [APIErrorBody], _ shape: APIErrorShape, _ standard: JSONValue
  ) -> JSONValue? {
    guard let body = APIErrorBody.of(status, bodies) else { return .single(mediaType(shape), ["schema": standard]) }
    return body.mediaType.map { .single($0, body.schema.map { .single("schema", $0) } ?? [:]) }
  }

  /// The schema of an error without components.
  private static func inPlace(_ shape: APIErrorShape, _ entry: JSONValue?) -> JSONValue {
    guard let entry else { return shape == .detail ? detailError : problem }
    let entries: JSONValue = ["type": "array", "items": entry]
    if shape == .detail { return ["type": "object", "properties": ["detail": entries]] }
    return ["allOf": [problem], "properties": ["errors": entries]]
  }

  /// Puts those that are referred to among the components.
  func addSchemas(to catalog: inout SchemaCatalog) {
    if isValidationUsed {
      catalog.add(validationSchema, as: validation)
      catalog.add(shape == .detail ? ErrorComponents.validationError : ErrorComponents.problemEntry, as: entry)
    }
    guard isErrorUsed || isValidationUsed && shape == .problem else { return }
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

  fileprivate static let validationError: JSONValue = [
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
  fileprivate static let problemEntry: JSONValue = [
    "type": "object", "required": ["detail"],
    "properties": [
      "detail": ["type": "string"],
      "pointer": ["type": "string", "description": "A JSON Pointer (RFC 6901) into the request"],
      "type": ["type": "string"],
    ],
  ]
}

/// The body of an error that the configuration writes itself.
public struct APIErrorBody: Sendable {
  public enum Status: Sendable, Equatable {
    case code(Int)
    /// By the first digit.
    case range(Int)
    case any
  }

  public var status: Status
  /// Nil where nothing is known, as where a plugin answers.
  public var mediaType: String?
  public var schema: JSONValue?

  public init(_ status: Status, mediaType: String?, schema: JSONValue?) {
    self.status = status
    self.mediaType = mediaType
    self.schema = schema
  }

  static func of(_ status: Int, _ bodies: [APIErrorBody]) -> APIErrorBody? {
    for wanted in [Status.code(status), .range(status / 100), .any] {
      if let body = bodies.first(where: { $0.status == wanted }) { return body }
    }
    return nil
  }
}

extension APIErrorShape {
  /// The schema of one entry of a 422.
  public var violation: JSONValue { self == .detail ? ErrorComponents.validationError : ErrorComponents.problemEntry }
}
