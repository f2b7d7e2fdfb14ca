import GatewayJSON

/// Security scheme objects (OpenAPI 3.1 §4.8.27), checked member by member: the standard's schema allows no others.
enum SecuritySchemes {
  /// Nil, with problems, where the scheme cannot be published.
  static func normalized(_ value: JSONValue, at pointer: String, _ problems: inout [OpenAPIProblem]) -> JSONValue? {
    guard let source = value.object.map(withStandardNames) else {
      problems.append(OpenAPIProblem(pointer, "a security scheme is an object, not \(value.typeName)"))
      return nil
    }
    let type = source["type"]?.string ?? ""
    let required: [String]
    var allowed = ["type", "description"]
    switch type {
    case "apiKey": required = ["name", "in"]
    case "http":
      required = ["scheme"]
      if source["scheme"]?.string?.lowercased() == "bearer" { allowed.append("bearerFormat") }
    case "oauth2": required = ["flows"]
    case "openIdConnect": required = ["openIdConnectUrl"]
    case "mutualTLS": required = []
    default:
      problems.append(
        OpenAPIProblem(
          pointer + "/type",
          "a security scheme's type is `apiKey`, `http`, `oauth2`, `openIdConnect` or `mutualTLS`"))
      return nil
    }
    allowed += required
    var result = JSONObject()
    var isComplete = true
    for name in required where source[name] == nil {
      problems.append(OpenAPIProblem(pointer, "a security scheme of type `\(type)` needs `\(name)`"))
      isComplete = false
    }
    if type == "apiKey", let place = source["in"], !["query", "header", "cookie"].contains(place.string) {
      problems.append(OpenAPIProblem(pointer + "/in", "an API key is in `query`, `header` or `cookie`"))
      isComplete = false
    }
    for member in source.members {
      let place = Pointer.appending(member.name, to: pointer)
      if member.name.hasPrefix("x-") {
        if !member.name.hasPrefix("x-gateway") { result[member.name] = member.value }
      } else if !allowed.contains(member.name) {
        problems.append(
          OpenAPIProblem(place, "`\(member.name)` is no member of a scheme of type `\(type)`", severity: .note))
      } else if member.name == "flows" {
        guard let flows = flows(member.value, at: place, &problems) else {
          isComplete = false
          continue
        }
        result["flows"] = flows
      } else if member.value.string == nil {
        problems.append(OpenAPIProblem(place, "`\(member.name)` is a string, not \(member.value.typeName)"))
        isComplete = false
      } else {
        result[member.name] = member.value
      }
    }
    return isComplete ? .object(result) : nil
  }

  private static func flows(
    _ value: JSONValue, at pointer: String, _ problems: inout [OpenAPIProblem]
  ) -> JSONValue? {
    let urls = [
      "implicit": ["authorizationUrl"], "password": ["tokenUrl"], "clientCredentials": ["tokenUrl"],
      "authorizationCode": ["authorizationUrl", "tokenUrl"],
    ]
    guard let flows = value.object.map(withStandardNames) else {
      problems.append(OpenAPIProblem(pointer, "`flows` is an object, not \(value.typeName)"))
      return nil
    }
    var result = JSONObject()
    var isComplete = true
    for flow in flows.members {
      let place = Pointer.appending(flow.name, to: pointer)
      guard let needed = urls[flow.name], let source = flow.value.object.map(withStandardNames) else {
        if !flow.name.hasPrefix("x-") {
          problems.append(OpenAPIProblem(place, "a flow is one of \(urls.keys.sorted().joined(separator: ", "))"))
          isComplete = false
        }
        continue
      }
      var members = JSONObject()
      for name in needed + ["refreshUrl"] {
        if let url = source[name], url.string != nil {
          members[name] = url
        } else if name != "refreshUrl" || source[name] != nil {
          problems.append(OpenAPIProblem(place, "the flow needs `\(name)`, a URL"))
          isComplete = false
        }
      }
      var scopes = JSONObject()
      for scope in source["scopes"]?.object?.members ?? [] { scopes[scope.name] = .string(scope.value.string ?? "") }
      members["scopes"] = .object(scopes)
      result[flow.name] = .object(members)
    }
    return isComplete ? .object(result) : nil
  }

  private static let standardNames = [
    "bearer_format": "bearerFormat", "openid_connect_url": "openIdConnectUrl",
    "authorization_url": "authorizationUrl", "token_url": "tokenUrl", "refresh_url": "refreshUrl",
    "client_credentials": "clientCredentials", "authorization_code": "authorizationCode",
  ]

  private static func withStandardNames(_ object: JSONObject) -> JSONObject {
    JSONObject(object.members.map { (standardNames[$0.name] ?? $0.name, $0.value) })
  }
}
