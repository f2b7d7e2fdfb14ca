import GatewayBodies
import GatewayConfiguration
import GatewayHTTP
import GatewayJSON
import GatewaySchema

extension Assembler {
  /// What the route wants of a body: JSON by one schema, by media type, or several values in one object.
  mutating func bodyPlan(_ route: Route) -> BodyPlan {
    let limit =
      route.body?.maxSize?.value ?? file.limits(of: route).body?.value ?? file.server.limits.body
    var plan = BodyPlan(limit: limit)
    guard let body = route.body else { return plan }
    plan.isRequired = body.isRequired?.value ?? true
    plan.duplicateKeys = file.duplicateKeys(of: route) == .last ? .lastWins : .refuse
    if let codings = body.contentEncodings {
      plan.acceptsGzip = codings.contains(.gzip)
      plan.acceptsDeflate = codings.contains(.deflate)
    }
    let form = body.form ?? GatewayConfiguration.FormLimits()
    plan.forms.fields = form.maxFields
    plan.forms.files = form.maxFiles
    plan.forms.fieldSize = form.maxFieldSize
    plan.forms.fileSize = form.maxFileSize ?? limit
    plan.forms.total = limit
    plan.formMemory = form.memory
    plan.readsOtherTypesAsText = file.validation.profile == .fastapi
    let mode: CoercionMode = file.coercion(of: route) == .lax ? .lax : .strict
    let place = "body of \(route.match.path.value)"
    if let schema = body.schema {
      add("application/json", schema, mode, place, route.plugin, &plan)
    } else if let embed = body.embed {
      plan.embedded = embed.map { ($0.name.value, $0.isRequired?.value ?? true) }
      let schema = EmbeddedSchema.of(embed, names, route.plugin)
      add("application/json", .inline(LocatedJSON(schema, at: body.location)), mode, place, route.plugin, &plan)
    }
    for entry in body.content ?? [] {
      add(entry.mediaType.value, entry.schema, mode, "\(place) as \(entry.mediaType.value)", route.plugin, &plan)
    }
    if file.validation.profile == .fastapi { addOtherForm(body.content ?? [], &plan) }
    plan.accept = MediaTypePattern.accept(plan.contents.map(\.pattern))
    return plan
  }

  private mutating func add(
    _ type: String, _ reference: SchemaReference, _ mode: CoercionMode, _ place: String, _ plugin: String?,
    _ plan: inout BodyPlan
  ) {
    // The file's own types were checked when it was read.
    guard let pattern = MediaTypePattern(type), let schema = compiled(reference, plugin, place) else { return }
    let written = written(reference, plugin)
    let needsValue = Self.needsValue(written)
    if needsValue, !Self.isReadable(type) {
      diagnostics.error(
        "schema", "\(place): a schema cannot be held against `\(type)`: only JSON, forms and text are read", at: position(reference),
        help: "leave the schema empty (`{}`)")
    }
    let mayBeForm = Self.formTypes.contains { Self.covers(type, $0) }
    let hints = file.validation.hints && file.validation.profile != .fastapi
    let content = BodyContentPlan(
      pattern: pattern, isJSON: type == "application/json", schema: schema, mode: mode,
      form: mayBeForm ? formReader(reference, plugin, place, isForm: Self.formTypes.contains(type)) : nil,
      files: mayBeForm ? fileMembers(written) : [], needsValue: needsValue,
      internalNames: hints ? InternalNames.collect(written, names: names) : [:])
    plan.contents.append(content)
  }

  /// FastAPI reads a form in either encoding, whichever its document names.
  private func addOtherForm(_ content: [BodyContent], _ plan: inout BodyPlan) {
    let named = Self.formTypes.filter { type in content.contains { $0.mediaType.value == type } }
    guard named.count == 1, let other = Self.formTypes.first(where: { $0 != named[0] }),
      let pattern = MediaTypePattern(other), let form = plan.contents.first(where: { $0.form != nil })
    else { return }
    plan.contents.append(form.as(pattern))
  }

  /// The schema as written, behind its name.
  private func written(_ reference: SchemaReference, _ plugin: String?) -> JSONValue {
    var schema: JSONValue
    switch reference {
    case .inline(let json): schema = json.value
    case .named(let name): schema = SchemaNames.reference(to: names.resolve(name.value, plugin: plugin) ?? name.value)
    }
    for _ in 0..<16 {
      guard let target = schema["$ref"]?.string, target.hasPrefix("#/schemas/"),
        let named = names.all[JSONPointerText.unescape(String(target.dropFirst("#/schemas/".count)))]
      else { break }
      schema = named
    }
    return schema
  }

  private func position(_ reference: SchemaReference) -> Location {
    switch reference {
    case .inline(let json): json.location
    case .named(let name): name.location
    }
  }

  /// False for schemas that describe bytes: nothing, or a string and how it is encoded.
  private static func needsValue(_ schema: JSONValue) -> Bool {
    guard let object = schema.object else { return schema == .bool(false) }
    let harmless: Set<String> = ["contentMediaType", "contentEncoding", "$comment"]
    return object.members.contains { member in
      switch (member.name, member.value) {
      case ("type", .string("string")), ("format", .string("binary")): false
      default: !harmless.contains(member.name) && !SchemaWords.annotations.contains(member.name)
      }
    }
  }

  /// Whether bodies of this type become values. Of a pattern some may; the others are refused when they come.
  private static func isReadable(_ type: String) -> Bool {
    type.hasSuffix("/*") || type.hasPrefix("text/") || type.hasSuffix("json") || formTypes.contains(type)
  }

  private func fileMembers(_ schema: JSONValue) -> Set<String> {
    func isFile(_ schema: JSONValue) -> Bool {
      schema["format"] == "binary" || schema["contentMediaType"] != nil && schema["contentEncoding"] == nil
        || schema["items"].map(isFile) ?? false
        || (schema["anyOf"]?.array ?? []).contains(where: isFile)
    }
    var files: Set<String> = []
    for member in (schema["properties"]?.object ?? JSONObject()).members where isFile(member.value) {
      files.insert(member.name)
    }
    for part in schema["allOf"]?.array ?? [] { files.formUnion(fileMembers(written(.inline(LocatedJSON(part)), nil))) }
    return files
  }

  private static let formTypes = ["application/x-www-form-urlencoded", "multipart/form-data"]

  private static func covers(_ pattern: String, _ type: String) -> Bool {
    pattern == type || pattern == "*/*" || pattern.hasSuffix("/*") && type.hasPrefix(pattern.dropLast())
  }

  /// The compiled schema behind a name or a schema in place; nil with a diagnostic.
  mutating func compiled(_ reference: SchemaReference, _ plugin: String?, _ place: String) -> Schema? {
    switch reference {
    case .named(let name): return names.resolve(name.value, plugin: plugin).flatMap { schemas[$0] }
    case .inline(let json):
      // A schema that is nothing but a name is compiled once.
      if let object = json.value.object, object.count == 1, let target = object["$ref"]?.string,
        target.hasPrefix("#/schemas/"),
        let known = schemas[JSONPointerText.unescape(String(target.dropFirst("#/schemas/".count)))]
      {
        return known
      }
      return compile(json, of: place)
    }
  }

  /// A pattern such as `*/*` may or may not mean forms: then a schema that is no object is no mistake.
  private mutating func formReader(
    _ reference: SchemaReference, _ plugin: String?, _ place: String, isForm: Bool
  ) -> ParameterReader? {
    let json: LocatedJSON
    switch reference {
    case .inline(let schema): json = schema
    case .named(let name):
      guard let full = names.resolve(name.value, plugin: plugin) else { return nil }
      json = LocatedJSON(SchemaNames.reference(to: full), at: name.location)
    }
    let made = ParameterReader.compile(
      json.value, name: "body", location: .form, gathers: true, named: names.all, documents: schemaDocuments)
    if made.reader == nil, isForm {
      for problem in made.problems where problem.resource == nil {
        diagnostics.error("schema", "\(place): \(problem.message)", at: json.location(forPointer: problem.pointer))
      }
    }
    return made.reader
  }
}

extension ViolationStyle {
  init(_ file: GatewayFile) {
    isFastAPI = file.validation.profile == .fastapi
    limit = file.validation.entryLimit
    hints = file.validation.hints && !isFastAPI
    tell(in: file.errors.shape ?? .detail)
  }

  mutating func tell(in errors: ErrorShape) {
    switch errors {
    case .detail: shape = .detail(FastAPIViolationFormat(profile: isFastAPI ? .fastapi : .gateway))
    case .problem: shape = .problem(ProblemViolationFormat())
    }
  }
}
