import GatewayConfiguration
import GatewayJSON

/// What a plugin says of one of its handlers (`gw_handler.declaration`), in the values that a route of the file has.
struct PluginDeclaration: Sendable {
  var summary: String?
  var description: String?
  var tags: [String]?
  var isDeprecated = false
  var parameters: [DeclaredParameter] = []
  var body: RouteBody?
  var responses: [RouteResponse] = []

  /// What is wrong, with a JSON Pointer into the declaration.
  struct Problem: Error, Sendable, Equatable {
    var pointer: String
    var message: String
  }

  init() {}

  /// - Parameter rename: gives a schema of the plugin its name among all schemas.
  init(_ text: [UInt8], rename: @escaping (JSONValue) -> JSONValue, problems: inout [Problem]) {
    guard !text.isEmpty else { return }
    let value: JSONValue
    do {
      value = try JSONValue(parsing: text)
    } catch {
      problems.append(Problem(pointer: "", message: "is not JSON: \(error)"))
      return
    }
    guard case .object(let object) = value else {
      problems.append(Problem(pointer: "", message: "must be an object, found \(value.typeName)"))
      return
    }
    var reader = DeclarationReader(rename: rename)
    for member in object.members {
      let place = "/" + member.name
      switch member.name {
      case "summary": summary = reader.string(member.value, place)
      case "description": description = reader.string(member.value, place)
      case "deprecated": isDeprecated = reader.bool(member.value, place) ?? false
      case "tags": tags = reader.strings(member.value, place)
      case "parameters":
        parameters = reader.members(member.value, place).compactMap { reader.parameter($0.name, $0.value, $0.place) }
      case "body": body = reader.body(member.value, place)
      case "responses":
        responses = reader.members(member.value, place).compactMap { reader.response($0.name, $0.value, $0.place) }
      // Later minors may say more; what this gateway does not know it cannot honour, and does not need to.
      default: continue
      }
    }
    problems += reader.problems
  }
}

/// Reads the parts of a declaration and notes what does not fit.
private struct DeclarationReader {
  typealias Entry = (name: String, value: JSONValue, place: String)

  let rename: (JSONValue) -> JSONValue
  var problems: [PluginDeclaration.Problem] = []

  init(rename: @escaping (JSONValue) -> JSONValue) { self.rename = rename }

  private mutating func problem(_ place: String, _ expected: String, _ found: JSONValue) {
    problems.append(.init(pointer: place, message: "must be \(expected), found \(found.typeName)"))
  }

  mutating func string(_ value: JSONValue, _ place: String) -> String? {
    if value.string == nil { problem(place, "a string", value) }
    return value.string
  }

  mutating func bool(_ value: JSONValue, _ place: String) -> Bool? {
    if value.bool == nil { problem(place, "a boolean", value) }
    return value.bool
  }

  mutating func strings(_ value: JSONValue, _ place: String) -> [String]? {
    guard let items = value.array else {
      problem(place, "a list of strings", value)
      return nil
    }
    return items.enumerated().compactMap { string($1, "\(place)/\($0)") }
  }

  mutating func members(_ value: JSONValue, _ place: String) -> [Entry] {
    guard let object = value.object else {
      problem(place, "an object", value)
      return []
    }
    return object.members.map { ($0.name, $0.value, "\(place)/\($0.name)") }
  }

  private mutating func schema(_ value: JSONValue, _ place: String) -> SchemaReference? {
    switch value {
    case .object, .bool: return .inline(LocatedJSON(rename(value)))
    default:
      problem(place, "a schema", value)
      return nil
    }
  }

  mutating func parameter(_ name: String, _ value: JSONValue, _ place: String) -> DeclaredParameter? {
    guard var schema = value.object else {
      problem(place, "an object", value)
      return nil
    }
    var parameter = DeclaredParameter()
    parameter.name = Located(name)
    func take(_ key: String) -> JSONValue? {
      defer { schema[key] = nil }
      return schema[key]
    }
    if let word = take("in") {
      guard let source = word.string.flatMap(ParameterPlace.init(rawValue:)) else {
        problems.append(.init(pointer: place + "/in", message: "must be path, query, header or cookie"))
        return nil
      }
      parameter.writtenPlace = Located(source)
      parameter.place = source
    }
    if let word = take("style") {
      guard let style = word.string.flatMap(ParameterStyle.init(rawValue:)), parameter.place.styles.contains(style)
      else {
        problems.append(
          .init(
            pointer: place + "/style",
            message: "must be one of \(parameter.place.styles.map(\.rawValue).joined(separator: ", "))"))
        return nil
      }
      parameter.style = Located(style)
    }
    parameter.isRequired = take("required").flatMap { bool($0, place + "/required") }.map { Located($0) }
    parameter.alias = take("alias").flatMap { string($0, place + "/alias") }.map { Located($0) }
    parameter.explode = take("explode").flatMap { bool($0, place + "/explode") }.map { Located($0) }
    parameter.gather = take("gather").flatMap { bool($0, place + "/gather") }.map { Located($0) }
    parameter.convertsUnderscores =
      take("convert_underscores").flatMap { bool($0, place + "/convert_underscores") }.map { Located($0) }
    parameter.isHidden = take("hidden").flatMap { bool($0, place + "/hidden") }
    parameter.schema = LocatedJSON(rename(.object(schema)))
    return parameter
  }

  mutating func body(_ value: JSONValue, _ place: String) -> RouteBody? {
    var body = RouteBody()
    for member in members(value, place) {
      switch member.name {
      case "schema": body.schema = schema(member.value, member.place)
      case "content": body.content = content(member.value, member.place)
      case "embed":
        body.embed = members(member.value, member.place).compactMap { entry in
          guard let inner = entry.value["schema"], let reference = schema(inner, entry.place + "/schema") else {
            problem(entry.place, "an object with `schema`", entry.value)
            return nil
          }
          var part = EmbeddedBody(schema: reference)
          part.name = Located(entry.name)
          part.isRequired =
            entry.value["required"].flatMap { bool($0, entry.place + "/required") }.map { Located($0) }
          return part
        }
      case "required": body.isRequired = bool(member.value, member.place).map { Located($0) }
      default: problems.append(.init(pointer: member.place, message: "is not known here"))
      }
    }
    return body
  }

  private mutating func content(_ value: JSONValue, _ place: String) -> [BodyContent] {
    members(value, place).compactMap { entry in
      // A schema, or an object that holds one, as in the file.
      let inner = entry.value["schema"] ?? entry.value
      return schema(inner, entry.place).map {
        BodyContent(mediaType: Located(entry.name.lowercased()), schema: $0)
      }
    }
  }

  mutating func response(_ name: String, _ value: JSONValue, _ place: String) -> RouteResponse? {
    guard let status = Int(name), (100...599).contains(status) else {
      problems.append(.init(pointer: place, message: "must be named by a status from 100 to 599"))
      return nil
    }
    var response = RouteResponse(status: Located(status))
    guard let object = value.object, object["schema"] != nil || object["description"] != nil || object["content"] != nil
    else {
      response.schema = schema(value, place)
      return response
    }
    if let inner = object["schema"] { response.schema = schema(inner, place + "/schema") }
    if let text = object["description"] { response.description = string(text, place + "/description") }
    if let types = object["content"] { response.content = content(types, place + "/content") }
    return response
  }
}

/// A parameter as the file or a plugin declares it; `GatewayRouting` has a `RouteParameter` of its own.
typealias DeclaredParameter = GatewayConfiguration.RouteParameter
