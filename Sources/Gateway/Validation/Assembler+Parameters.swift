import CGatewayPlugin
import GatewayConfiguration
import GatewayJSON
import GatewayRouting
import GatewaySchema

extension Assembler {
  /// Names of the pattern first, in its order, then the others as declared: path, query, header, cookie.
  mutating func compileParameters(_ route: Route, _ pattern: RoutePattern) -> ParameterPlan {
    var plan = ParameterPlan()
    // As declared, because that is the order of violations; then what the pattern has beside.
    let declared = route.parameters.filter { $0.place == .path }.map(\.wireName)
    let order = pattern.parameters.enumerated().sorted { a, b in
      let first = declared.firstIndex(of: a.element.name) ?? declared.count + a.offset
      return first < declared.firstIndex(of: b.element.name) ?? declared.count + b.offset
    }
    for (index, captured) in order {
      let declared = route.parameters.first { $0.place == .path && $0.wireName == captured.name }
      let source = CompiledParameter.Source.path(index, isRest: captured.kind == .path)
      let compiled = declared.map { compile($0) }
      plan.parameters.append(
        CompiledParameter(
          name: declared?.name.value ?? captured.name, wireName: captured.name, source: source,
          schema: compiled?.schema, reader: compiled?.reader, isRequired: true, fallback: nil))
    }
    for place in [ParameterPlace.query, .header, .cookie] {
      for parameter in route.parameters where parameter.place == place {
        let compiled = compile(parameter)
        guard compiled.schema != nil || compiled.reader != nil else { continue }
        let fallback = compiled.schema?.defaultValue ?? compiled.reader?.defaultValue
        let isRequired = (parameter.isRequired?.value ?? false) && fallback == nil
        plan.parameters.append(
          CompiledParameter(
            name: parameter.name.value, wireName: parameter.wireName, publicName: parameter.publicName,
            source: place.source, schema: compiled.schema, reader: compiled.reader, isRequired: isRequired, fallback: fallback.flatMap { .init($0) },
            internalName: parameter.alias == nil ? nil : parameter.name.value,
            others: parameter.gathers
              ? route.parameters.filter { $0.place == place && !$0.gathers }.map(\.wireName) : []))
      }
    }
    for parameter in route.parameters where parameter.place == .path {
      let name = (parameter.alias ?? parameter.name)
      if !pattern.parameterNames.contains(name.value) {
        diagnostics.error(
          .unknownReference, "the path has no parameter `{\(name.value)}`", at: name,
          expected: pattern.parameterNames.isEmpty ? "it has none" : pattern.parameterNames.joined(separator: ", "),
          suggestion: NearestWord.of(name.value, among: pattern.parameterNames),
          help: "write `{\(name.value)}` into `match`, or say `in: query`")
      }
    }
    return plan
  }

  /// One scalar where the schema is one: that is the short path. Everything else is read by a reader.
  private mutating func compile(
    _ parameter: DeclaredParameter
  ) -> (schema: ParameterSchema?, reader: ParameterReader?) {
    if !parameter.gathers, parameter.style == nil || parameter.effectiveStyle == parameter.place.styles[0],
      !convertsText(parameter.schema.value)
    {
      let scalar = ParameterSchema.compile(parameter.schema.value, named: names.all, documents: schemaDocuments)
      if let schema = scalar.schema {
        warn(scalar.warnings, parameter)
        return (schema, nil)
      }
    }
    let location = ParameterLocation(rawValue: parameter.place.rawValue) ?? .query
    let made = ParameterReader.compile(
      parameter.schema.value, name: parameter.wireName, location: location,
      // Without a style of its own FastAPI's rules hold: lists are repeated names. A path has one text.
      style: parameter.style.flatMap { GatewaySchema.ParameterStyle(rawValue: $0.value.rawValue) }
        ?? (parameter.explode == nil && parameter.place != .path ? nil : GatewaySchema.ParameterStyle(rawValue: parameter.effectiveStyle.rawValue)),
      explode: parameter.explode?.value, gathers: parameter.gathers, named: names.all, documents: schemaDocuments)
    for problem in made.problems where problem.resource == nil {
      diagnostics.error(
        "schema", "parameter `\(parameter.name.value)`: \(problem.message)",
        at: parameter.schema.location(forPointer: problem.pointer))
    }
    warn(made.warnings, parameter)
    return (nil, made.reader)
  }

  /// Texts that come in several spellings and are handed on in one.
  private func convertsText(_ schema: JSONValue) -> Bool {
    guard let format = schema["format"]?.string else { return false }
    return ["date", "date-time", "time", "duration", "uuid"].contains(format)
  }

  private mutating func warn(_ warnings: [SchemaProblem], _ parameter: DeclaredParameter) {
    for warning in warnings where warning.resource == nil {
      diagnostics.warning(
        "schema", "parameter `\(parameter.name.value)`: \(warning.message)",
        at: parameter.schema.location(forPointer: warning.pointer))
    }
  }
}

extension DeclaredParameter {
  /// `wireName` with the letters that the file uses: what violations and clients call it.
  fileprivate var publicName: String {
    guard place == .header else { return wireName }
    if let alias { return alias.value }
    return convertsUnderscores?.value ?? true ? String(name.value.map { $0 == "_" ? "-" : $0 }) : name.value
  }
}

extension ParameterPlace {
  fileprivate var source: CompiledParameter.Source {
    switch self {
    case .header: .header
    case .cookie: .cookie
    case .query, .path: .query
    }
  }
}

extension CompiledParameter.Fallback {
  /// Nil for null: the parameter is absent then.
  init?(_ value: JSONValue) {
    switch value {
    case .null: return nil
    case .bool(let value):
      self.init(text: LentText(value ? "true" : "false"), kind: GW_PARAMETER_BOOLEAN, integer: value ? 1 : 0, number: 0)
    case .number(let number):
      if let integer = number.int64 {
        self.init(text: LentText(number.text), kind: GW_PARAMETER_INTEGER, integer: integer, number: Double(integer))
      } else {
        self.init(text: LentText(number.text), kind: GW_PARAMETER_NUMBER, integer: 0, number: number.double ?? 0)
      }
    case .string(let text): self.init(text: LentText(text), kind: GW_PARAMETER_TEXT, integer: 0, number: 0)
    case .array, .object:
      var writer = JSONWriter()
      writer.value(value)
      self.init(text: LentText(""), kind: GW_PARAMETER_JSON, integer: 0, number: 0, json: LentJSON(writer.bytes))
    }
  }
}
