/// Where a parameter stands in a request.
public enum ParameterPlace: String, Sendable {
  case path, query, header, cookie
}

/// What a handler or a provider takes and gives: the gateway validates by it, wires by it, and documents it.
///
/// Macros and the typed forms of `handler` write it; a handler without one relies on what the route declares.
public struct Signature {
  /// What the handler does, in a sentence; empty: nothing is said.
  public var summary = ""
  /// The same at length, in CommonMark; empty: nothing is said.
  public var description = ""
  /// Groups of the OpenAPI document that it belongs to.
  public var tags: [String] = []
  /// Clients should no longer use it.
  public var isDeprecated = false

  var schemas: SchemaCollector
  var needs: [NeedDeclaration] = []
  /// The provider runs before the body is read.
  public var isSecurity = false
  var securitySchemes: [(String, String)] = []
  private var parameters: [(name: String, json: String)] = []
  private var body: String?
  private var form = SchemaFields()
  private var formFieldCount = 0
  private var hasRequiredFormField = false
  private var hasFiles = false
  private var responses: [(status: Int, json: String)] = []

  init(schemas: SchemaCollector) { self.schemas = schemas }

  // MARK: inputs

  /// - Parameter name: as the request has it; of header fields in small letters.
  public mutating func parameter<Value: SchemaType>(
    _ name: String, in place: ParameterPlace, _ type: Value.Type, isRequired: Bool = true,
    default: (any SchemaType)? = nil, _ options: [FieldOption] = []
  ) {
    var schema = Value.schema(&schemas)
    schema.apply(options)
    if let value = `default` { schema["default"] = JSONWriter.text(value) }
    var entry = SchemaObject(["in": "\"\(place.rawValue)\"", "required": "\(isRequired)"])
    for keyword in schema.keywords { entry[keyword.name] = keyword.json }
    parameters.append((name, entry.json))
  }

  /// Text that the OpenAPI document does not list among the parameters.
  mutating func hiddenParameter(_ name: String, in place: ParameterPlace) {
    let entry = SchemaObject([
      "in": "\"\(place.rawValue)\"", "required": "false", "type": "\"string\"", "hidden": "true",
    ])
    parameters.append((name, entry.json))
  }

  /// The whole body, as JSON.
  ///
  /// - Parameter isRequired: without a body the request is 422.
  public mutating func body<Value: SchemaType>(
    _ type: Value.Type, isRequired: Bool = true, _ options: [FieldOption] = []
  ) {
    var schema = Value.schema(&schemas)
    schema.apply(options)
    // What need not come may come as null.
    if !isRequired { schema = schema.nullable }
    body = SchemaObject(["schema": schema.json, "required": "\(isRequired)"]).json
  }

  /// A field of a form, urlencoded or multipart.
  public mutating func formField<Value: SchemaType>(
    _ name: String, _ type: Value.Type, isRequired: Bool = true, default: (any SchemaType)? = nil,
    _ options: [FieldOption] = []
  ) {
    form.add(name, type, isRequired: isRequired, default: `default`, options, in: &schemas)
    formFieldCount += 1
    hasRequiredFormField = hasRequiredFormField || isRequired
  }

  /// A file of a multipart form.
  public mutating func file<Value: FileInput>(
    _ name: String, _ type: Value.Type, isRequired: Bool = true, _ options: [FieldOption] = []
  ) {
    form.add(name, schema: Value.fileSchema, isRequired: isRequired, options)
    formFieldCount += 1
    hasRequiredFormField = hasRequiredFormField || isRequired
    hasFiles = true
  }

  /// A dependency, by its name among the route's `needs`. They arrive in the order in which they are declared.
  public mutating func need<Value: Sendable>(_ name: String, _ type: Value.Type) {
    needs.append(Dependency<Value>(name).declaration)
  }

  // MARK: answers

  /// The answer with that status, as JSON.
  public mutating func response<Value: SchemaType>(_ status: Int, _ type: Value.Type) {
    responses.append((status, Value.schema(&schemas).json))
  }

  /// The answer with that status: the reply's value, as JSON.
  public mutating func response<Value: SchemaType>(_ status: Int, _ type: Reply<Value>.Type) {
    response(status, Value.self)
  }

  /// An answer without a body.
  public mutating func responseWithoutBody(_ status: Int) {
    responses.append((status, #"{"description":"Successful Response"}"#))
  }

  /// Nothing is known about the body of a `Response`.
  public mutating func response(_ status: Int, _ type: Response.Type) {}

  @available(*, unavailable, message: "a handler returns a @Schema type, a Reply, a Response or nothing")
  @_disfavoredOverload
  public mutating func response<Value>(_ status: Int, _ type: Value.Type) {}

  // MARK: the contract's form

  /// Keys of a route in `gateway.yaml`; empty where nothing is known.
  var json: String { json(adding: []) }

  var declaredResponses: [(status: Int, json: String)] { responses }

  /// - Parameter others: answers of statuses that it does not declare itself.
  func json(adding others: [(status: Int, json: String)]) -> String {
    var responses = responses
    for other in others where !responses.contains(where: { $0.status == other.status }) { responses.append(other) }
    var route = SchemaObject()
    if !summary.isEmpty { route["summary"] = JSONWriter.text(summary) }
    if !description.isEmpty { route["description"] = JSONWriter.text(description) }
    if !tags.isEmpty { route["tags"] = JSONWriter.text(tags) }
    if isDeprecated { route["deprecated"] = "true" }
    if !parameters.isEmpty { route["parameters"] = Self.object(parameters) }
    if let body { route["body"] = body }
    if formFieldCount > 0 { route["body"] = formBody }
    if !securitySchemes.isEmpty { route["security"] = securitySchemes.asJSONObject }
    if !responses.isEmpty { route["responses"] = Self.object(responses.map { ("\($0.status)", $0.json) }) }
    return route.keywords.isEmpty ? "" : route.json
  }

  private var formBody: String {
    let content = "{\"schema\":\(form.schema(description: nil).json)}"
    let types = hasFiles ? ["multipart/form-data"] : ["application/x-www-form-urlencoded", "multipart/form-data"]
    return SchemaObject([
      "content": Self.object(types.map { ($0, content) }), "required": "\(hasRequiredFormField)",
    ]).json
  }

  private static func object(_ members: [(name: String, json: String)]) -> String {
    "{" + members.map { JSONWriter.text($0.name) + ":" + $0.json }.joined(separator: ",") + "}"
  }
}
