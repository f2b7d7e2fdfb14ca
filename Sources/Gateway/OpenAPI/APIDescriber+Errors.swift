import GatewayConfiguration
import GatewayJSON
import GatewayOpenAPI

/// What the document says of errors that the configuration writes itself.
extension APIDescriber {
  func bodies(_ responses: [ErrorResponse], _ shape: APIErrorShape) -> [APIErrorBody] {
    responses.map { response in
      let status: APIErrorBody.Status =
        switch response.status {
        case .code(let code): .code(Int(code))
        case .range(let digit): .range(Int(digit))
        case .any: .any
        }
      let type = response.headers.first { $0.name.value == "content-type" }?.value.value
      switch response.body {
      case .none: return APIErrorBody(status, mediaType: nil, schema: nil)
      case .text:
        // OpenAPI names media types without their parameters.
        let essence = type.map { String($0.prefix { $0 != ";" }.filter { $0 != " " }) }
        return APIErrorBody(status, mediaType: essence ?? "text/plain", schema: ["type": "string"])
      case .json(let template):
        return APIErrorBody(status, mediaType: type ?? "application/json", schema: Self.schema(of: template, shape))
      }
    }
  }

  /// The schema of what a template becomes.
  private static func schema(of template: JSONValue, _ shape: APIErrorShape) -> JSONValue {
    switch template {
    case .string(let text):
      switch ErrorPlaceholder(whole: text) {
      case nil: return ["const": template]
      case .status: return ["type": "integer", "minimum": 400, "maximum": 599]
      case .title, .requestID, .method, .path: return ["type": "string"]
      // A plugin may throw any JSON for it.
      case .detail: return [:]
      case .errors: return ["type": "array", "items": shape.violation]
      }
    case .array(let items):
      guard !items.isEmpty else { return ["const": template] }
      return ["type": "array", "prefixItems": .array(items.map { schema(of: $0, shape) })]
    case .object(let object):
      return [
        "type": "object", "required": .array(object.members.map { .string($0.name) }),
        "properties": .object(JSONObject(object.members.map { ($0.name, schema(of: $0.value, shape)) })),
      ]
    default: return ["const": template]
    }
  }
}

extension APIErrorShape {
  init(_ shape: ErrorShape?) { self = shape == .problem ? .problem : .detail }
}
