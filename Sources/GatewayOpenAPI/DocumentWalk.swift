import GatewayJSON

/// The kinds of components that references may name; security schemes are named without references.
enum ComponentKind: String, CaseIterable, Hashable {
  case schemas, responses, parameters, examples, requestBodies, headers, links, callbacks, pathItems

  var shape: DocumentWalk.Shape {
    switch self {
    case .schemas: .schema
    case .responses: .object(.response)
    case .parameters: .object(.parameter)
    case .examples: .object(.example)
    case .requestBodies: .object(.requestBody)
    case .headers: .object(.header)
    case .links: .object(.link)
    case .callbacks: .object(.callback)
    case .pathItems: .object(.pathItem)
    }
  }
}

/// Copies parts of an OpenAPI 3.0 or 3.1 document written by others: checks their form, brings 3.0 up to 3.1 and leads
/// references to where the components will be. What is broken is told and left out, so that the copy is valid.
struct DocumentWalk {
  struct Component: Hashable {
    var kind: ComponentKind
    var name: String
  }

  let document: JSONValue
  /// For problems.
  let name: String?
  let is30: Bool
  /// Where references to schemas lead: `#/components/schemas/` or `#/schemas/`.
  var schemaPrefix = "#/components/schemas/"
  /// The new name of every component.
  var targets: [ComponentKind: [String: String]] = [:]
  /// The new ids of the operations that links may name; nil: links stay as they are.
  var operationIDs: [String: String]?
  private(set) var problems: [OpenAPIProblem] = []
  /// What was referred to, in the order of the first reference.
  private(set) var used: [Component] = []
  private var isUsed: Set<Component> = []

  init(document: JSONValue, name: String?, is30: Bool) {
    self.document = document
    self.name = name
    self.is30 = is30
  }

  mutating func problem(_ pointer: String, _ message: String, severity: OpenAPIProblem.Severity = .error) {
    problems.append(OpenAPIProblem(pointer, message, severity: severity, document: name))
  }

  // MARK: Forms

  indirect enum Shape {
    case data, text, flag, schema
    case list(Shape)
    case map(Shape)
    case object(ObjectKind)
  }

  enum ObjectKind: String {
    case operation, parameter, header
    case mediaType = "media type"
    case encoding
    case requestBody = "request body"
    case response
    case example, link, callback
    case pathItem = "path item"
    case externalDocumentation = "external documentation"
    case tag

    var component: ComponentKind? {
      switch self {
      case .parameter: .parameters
      case .header: .headers
      case .requestBody: .requestBodies
      case .response: .responses
      case .example: .examples
      case .link: .links
      case .callback: .callbacks
      case .pathItem: .pathItems
      default: nil
      }
    }

    var required: [String] {
      switch self {
      case .parameter: ["name", "in"]
      case .requestBody: ["content"]
      case .response: ["description"]
      case .externalDocumentation: ["url"]
      case .tag: ["name"]
      default: []
      }
    }

    fileprivate func shape(of member: String) -> Shape? {
      switch (self, member) {
      case (.callback, _): .object(.pathItem)
      case (_, "description"): self == .encoding || self == .mediaType ? nil : .text
      case (.operation, "summary"), (.operation, "operationId"), (.example, "summary"), (.pathItem, "summary"): .text
      case (.operation, "tags"): .list(.text)
      case (.operation, "externalDocs"), (.tag, "externalDocs"): .object(.externalDocumentation)
      case (.operation, "parameters"), (.pathItem, "parameters"): .list(.object(.parameter))
      case (.operation, "requestBody"): .object(.requestBody)
      case (.operation, "responses"): .map(.object(.response))
      case (.operation, "callbacks"): .map(.object(.callback))
      case (.operation, "deprecated"), (.header, "deprecated"), (.parameter, "deprecated"): .flag
      case (.operation, "security"), (.operation, "servers"), (.pathItem, "servers"): .data
      case (.pathItem, _) where DocumentBuilder.methods.contains(member): .object(.operation)
      case (.parameter, "name"), (.parameter, "in"), (.parameter, "style"), (.header, "style"): .text
      case (.parameter, "allowEmptyValue"), (.parameter, "allowReserved"): .flag
      case (.parameter, "required"), (.header, "required"), (.requestBody, "required"): .flag
      case (.parameter, "explode"), (.header, "explode"), (.encoding, "explode"): .flag
      case (.parameter, "schema"), (.header, "schema"), (.mediaType, "schema"): .schema
      case (.parameter, "content"), (.header, "content"), (.requestBody, "content"): .map(.object(.mediaType))
      case (.response, "content"): .map(.object(.mediaType))
      case (.parameter, "example"), (.header, "example"), (.mediaType, "example"): .data
      case (.parameter, "examples"), (.header, "examples"), (.mediaType, "examples"): .map(.object(.example))
      case (.mediaType, "encoding"): .map(.object(.encoding))
      case (.encoding, "contentType"), (.encoding, "style"): .text
      case (.encoding, "allowReserved"): .flag
      case (.encoding, "headers"), (.response, "headers"): .map(.object(.header))
      case (.response, "links"): .map(.object(.link))
      case (.example, "value"): .data
      case (.example, "externalValue"): .text
      case (.link, "operationId"), (.link, "operationRef"): .text
      case (.link, "parameters"), (.link, "requestBody"), (.link, "server"): .data
      case (.externalDocumentation, "url"), (.tag, "name"): .text
      default: nil
      }
    }
  }

  /// The copy; nil, with a problem, where the value has not the form.
  mutating func value(_ value: JSONValue, _ shape: Shape, at pointer: String) -> JSONValue? {
    switch shape {
    case .data: return value
    case .text:
      if value.string == nil { problem(pointer, "expected a string, found \(value.typeName)") }
      return value.string.map { .string($0) }
    case .flag:
      if value.bool == nil { problem(pointer, "expected true or false, found \(value.typeName)") }
      return value.bool.map { .bool($0) }
    case .schema: return schema(value, at: pointer)
    case .list(let item):
      guard let items = value.array else {
        problem(pointer, "expected an array, found \(value.typeName)")
        return nil
      }
      return .array(items.enumerated().compactMap { self.value($0.element, item, at: "\(pointer)/\($0.offset)") })
    case .map(let entry):
      guard let members = value.object?.members else {
        problem(pointer, "expected an object, found \(value.typeName)")
        return nil
      }
      var result = JSONObject()
      for member in members {
        result[member.name] = self.value(member.value, entry, at: Pointer.appending(member.name, to: pointer))
      }
      return .object(result)
    case .object(let kind): return object(value, kind, at: pointer).map { .object($0) }
    }
  }

  mutating func object(_ value: JSONValue, _ kind: ObjectKind, at pointer: String) -> JSONObject? {
    guard let source = value.object else {
      problem(pointer, "a \(kind.rawValue) is an object, not \(value.typeName)")
      return nil
    }
    if let component = kind.component, let reference = source["$ref"] {
      guard let target = target(of: reference, component, at: pointer + "/$ref") else { return nil }
      var result = JSONObject([("$ref", .string(target))])
      if !is30 {
        for word in ["summary", "description"] where source[word]?.string != nil { result[word] = source[word] }
      }
      return result
    }
    var result = JSONObject()
    for member in source.members {
      let place = Pointer.appending(member.name, to: pointer)
      if member.name.hasPrefix("x-") {
        if !member.name.hasPrefix("x-gateway") { result[member.name] = member.value }
      } else if let shape = kind.shape(of: member.name) {
        result[member.name] = self.value(member.value, shape, at: place)
      } else {
        problem(place, "a \(kind.rawValue) has no member `\(member.name)`", severity: .note)
      }
    }
    for name in kind.required where result[name] == nil {
      if source[name] == nil { problem(pointer, "a \(kind.rawValue) needs `\(name)`") }
      // What the standard asks for but nobody depends on is made up rather than lost.
      guard kind == .response, name == "description" else { return nil }
      result[name] = ""
    }
    return finished(result, kind, at: pointer)
  }

  // MARK: Rules between members

  private static let styles: [String: [String]] = [
    "path": ["simple", "label", "matrix"], "query": ["form", "spaceDelimited", "pipeDelimited", "deepObject"],
    "header": ["simple"], "cookie": ["form"],
  ]

  private mutating func finished(_ object: JSONObject, _ kind: ObjectKind, at pointer: String) -> JSONObject? {
    var object = object
    switch kind {
    case .parameter, .header:
      let place = kind == .header ? "header" : object["in"]?.string ?? ""
      guard let styles = Self.styles[place] else {
        problem(pointer + "/in", "a parameter is in `path`, `query`, `header` or `cookie`, not in `\(place)`")
        return nil
      }
      if kind == .parameter, place == "path", object["required"]?.bool != true {
        problem(pointer, "a path parameter is required")
        object["required"] = true
      }
      if let style = object["style"]?.string, !styles.contains(style) {
        problem(pointer + "/style", "a \(place) parameter cannot have the style `\(style)`")
        object["style"] = nil
      }
      if place != "query" {
        for word in ["allowEmptyValue", "allowReserved"] { object[word] = nil }
      }
      if object["schema"] == nil, object["content"] == nil {
        problem(pointer, "a \(kind.rawValue) needs `schema` or `content`")
        object["schema"] = true
      }
      if object["schema"] != nil, object["content"] != nil {
        problem(pointer, "a \(kind.rawValue) has `schema` or `content`, not both; `content` is left out")
        object["content"] = nil
      }
      if let content = object["content"]?.object {
        guard content.count == 1 else {
          problem(pointer + "/content", "a \(kind.rawValue) has exactly one media type")
          return nil
        }
        for word in ["style", "explode", "example", "examples"] { object[word] = nil }
      }
    case .response:
      for word in ["headers", "content", "links"] where object[word]?.object?.isEmpty == true { object[word] = nil }
    case .operation:
      guard let responses = object["responses"]?.object else { break }
      var kept = JSONObject()
      for response in responses.members {
        let name = response.name.utf8.count == 3 ? response.name.uppercased() : response.name
        if DocumentBuilder.isStatus(name) {
          kept[name] = response.value
        } else if !name.hasPrefix("x-") {
          problem(
            Pointer.appending(response.name, to: pointer + "/responses"),
            "`\(response.name)` is no status: a number from 100 to 599, `4XX` or `default`")
        }
      }
      object["responses"] = kept.isEmpty ? nil : .object(kept)
    case .link:
      guard object["operationId"] != nil || object["operationRef"] != nil else {
        problem(pointer, "a link needs `operationId` or `operationRef`")
        return nil
      }
      guard let operationIDs else { break }
      guard let identifier = object["operationId"]?.string, let new = operationIDs[identifier] else {
        problem(pointer, "the link leads to an operation that is not here", severity: .note)
        return nil
      }
      object["operationRef"] = nil
      object["operationId"] = .string(new)
    default: break
    }
    return object
  }

  // MARK: References

  /// Where a reference leads in the result; nil, with a problem, where it does not lead to such a component.
  mutating func target(of reference: JSONValue, _ kind: ComponentKind, at pointer: String) -> String? {
    guard let text = reference.string else {
      problem(pointer, "a reference is a string, not \(reference.typeName)")
      return nil
    }
    guard text.hasPrefix("#"), let fragment = Pointer.fragment(text.dropFirst()) else {
      problem(pointer, "`\(text)` leads out of this file; put everything into one file")
      return nil
    }
    let tokens = Pointer.tokens(fragment)
    guard tokens.count > 2, tokens[0] == "components", let found = ComponentKind(rawValue: tokens[1]) else {
      problem(pointer, "`\(text)` leads to no component; only `#/components/…` is followed")
      return nil
    }
    guard found == kind, Pointer.resolve(tokens, in: document) != nil, let new = targets[kind]?[tokens[2]] else {
      problem(
        pointer,
        found == kind
          ? "`\(text)` leads nowhere" : "`\(text)` leads to one of `\(found.rawValue)`, not `\(kind.rawValue)`")
      return nil
    }
    guard tokens.count == 3 || kind == .schemas else {
      problem(pointer, "`\(text)` leads into a component; refer to the whole of it")
      return nil
    }
    let component = Component(kind: kind, name: tokens[2])
    if isUsed.insert(component).inserted { used.append(component) }
    let rest = tokens.dropFirst(3).map { "/" + Pointer.escape($0) }.joined()
    return (kind == .schemas ? schemaPrefix : "#/components/\(kind.rawValue)/") + new + rest
  }

  // MARK: Schemas

  mutating func schema(_ value: JSONValue, at pointer: String) -> JSONValue? {
    switch value {
    case .bool: return value
    case .object(var object):
      if let reference = object["$ref"] {
        guard let target = target(of: reference, .schemas, at: pointer + "/$ref") else { return true }
        // In 3.0 what stands beside a reference is ignored; in 3.1 it counts.
        if is30 { return .object(JSONObject([("$ref", .string(target))])) }
        object["$ref"] = .string(target)
      }
      for member in object.members where member.name.hasPrefix("x-gateway") { object[member.name] = nil }
      discriminator(&object, at: pointer)
      object = SchemaWalk.mapChildren(object, at: pointer) { child, place in schema(child, at: place) ?? true }
      return .object(SchemaUpgrade.upgraded(object, is30: is30))
    default:
      problem(pointer, "a schema is an object or a boolean, not \(value.typeName)")
      return nil
    }
  }

  private mutating func discriminator(_ object: inout JSONObject, at pointer: String) {
    guard var discriminator = object["discriminator"]?.object, let mapping = discriminator["mapping"]?.object else {
      return
    }
    var result = JSONObject()
    for entry in mapping.members {
      guard let text = entry.value.string else { continue }
      // A plain name is allowed beside a reference (OpenAPI 3.1 §4.8.25).
      let isName = document["components"]?["schemas"]?[text] != nil
      let reference = isName ? "#/components/schemas/" + Pointer.escape(text) : text
      let place = Pointer.appending(entry.name, to: pointer + "/discriminator/mapping")
      if let target = target(of: .string(reference), .schemas, at: place) { result[entry.name] = .string(target) }
    }
    discriminator["mapping"] = .object(result)
    object["discriminator"] = .object(discriminator)
  }
}
