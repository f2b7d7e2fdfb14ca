import GatewayJSON

/// Names and values as `gateway.yaml` writes them.
enum ConfigurationText {
  /// Letters, digits, `_` and `-`, not beginning with a digit or `-`.
  static func name(_ text: String) -> String {
    let name = String(
      String.UnicodeScalarView(
        text.unicodeScalars.map { scalar in
          switch scalar {
          case "a"..."z", "A"..."Z", "0"..."9", "_", "-": scalar
          default: "_"
          }
        }))
    guard let first = name.utf8.first, first != UInt8(ascii: "-"), first &- UInt8(ascii: "0") > 9 else {
      return "_" + name
    }
    return name
  }

  /// The name of a pattern's parameter: letters, digits and `_`, not beginning with a digit.
  static func parameterName(_ text: String) -> String {
    name(String(text.map { $0 == "-" ? "_" : $0 }))
  }

  /// `${` in values would be taken for a reference; `$${` stands for the two characters.
  static func escaped(_ value: JSONValue) -> JSONValue {
    switch value {
    case .string(let text): .string(escaped(text))
    case .array(let items): .array(items.map { escaped($0) })
    case .object(let object): .object(JSONObject(object.members.map { ($0.name, escaped($0.value)) }))
    default: value
    }
  }

  static func escaped(_ text: String) -> String {
    guard text.contains("${") else { return text }
    return text.split(separator: "${", omittingEmptySubsequences: false).joined(separator: "$${")
  }

  /// A schema as a mapping, where the file allows nothing else.
  static func mapping(_ schema: JSONValue) -> JSONValue {
    switch schema {
    case .bool(true): [:]
    case .bool(false): ["not": [:]]
    default: schema
    }
  }

  /// A media type without its parameters, in lower case.
  static func mediaType(_ text: String) -> String {
    text.prefix { $0 != ";" }.filter { $0 != " " }.lowercased()
  }

  private static let fileNames = [
    "bearerFormat": "bearer_format", "openIdConnectUrl": "openid_connect_url",
    "authorizationUrl": "authorization_url", "tokenUrl": "token_url", "refreshUrl": "refresh_url",
    "clientCredentials": "client_credentials", "authorizationCode": "authorization_code",
  ]

  /// A security scheme in the spelling of the file. Scopes are names of the API's own and stay.
  static func withFileNames(_ scheme: JSONValue) -> JSONValue {
    guard let object = scheme.object else { return scheme }
    return .object(
      JSONObject(
        object.members.filter { !$0.name.hasPrefix("x-") }.map { member in
          (fileNames[member.name] ?? member.name, member.name == "scopes" ? member.value : withFileNames(member.value))
        }))
  }

  /// Host and port of an absolute `http:` or `https:` URL; nil for others, and where user information is in it.
  static func address(ofURL url: String) -> (authority: String, isTLS: Bool)? {
    guard let scheme = url.firstRange(of: "://") else { return nil }
    let name = url[..<scheme.lowerBound].lowercased()
    guard name == "http" || name == "https" else { return nil }
    let authority = url[scheme.upperBound...].prefix { !"/?#".contains($0) }
    guard !authority.isEmpty, !authority.contains(where: { "@{} ".contains($0) }) else { return nil }
    let hasPort = authority.last != "]" && authority.split(separator: "]").last?.contains(":") == true
    return (name == "https" && !hasPort ? authority + ":443" : String(authority), name == "https")
  }

  /// Why a path cannot be a pattern; nil where it can.
  static func refusal(of path: PathTemplate) -> String? {
    if path.text.utf8.count > 4096 { return "it is longer than 4096 bytes" }
    if path.text.contains("//") { return "it has an empty segment" }
    if path.text.contains("?") || path.text.contains("#") { return "it holds `?` or `#`" }
    if path.text.split(separator: "/").contains(where: { $0 == "." || $0 == ".." }) { return "it has a dot segment" }
    var names: Set<String> = []
    var wasParameter = false
    for part in path.parts {
      switch part {
      case .literal: wasParameter = false
      case .parameter(let name, _):
        if wasParameter { return "two parameters have no text between them" }
        if !names.insert(name).inserted { return "it names `\(name)` twice" }
        wasParameter = true
      }
    }
    return nil
  }
}
