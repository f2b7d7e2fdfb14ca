import CGatewayPlugin
import GatewayConfiguration
import GatewayJSON
import GatewayRouting
import GatewaySchema

extension Assembler {
  /// Names of the pattern first, in its order, then the others as declared: path, query, header, cookie.
  mutating func compileParameters(_ route: Route, _ pattern: RoutePattern) -> ParameterPlan {
    var plan = ParameterPlan()
    for (index, captured) in pattern.parameters.enumerated() {
      let declared = route.parameters.first { $0.place == .path && ($0.alias ?? $0.name).value == captured.name }
      let source = CompiledParameter.Source.path(index, isRest: captured.kind == .path)
      plan.parameters.append(
        CompiledParameter(
          name: declared?.name.value ?? captured.name, wireName: captured.name, source: source,
          schema: declared.flatMap { compile($0) }, isRequired: true, fallback: nil))
    }
    for place in [ParameterPlace.query, .header, .cookie] {
      for parameter in route.parameters where parameter.place == place {
        guard let schema = compile(parameter) else { continue }
        plan.parameters.append(
          CompiledParameter(
            name: parameter.name.value, wireName: parameter.wireName, source: place.source, schema: schema,
            isRequired: (parameter.isRequired?.value ?? false) && schema.defaultValue == nil,
            fallback: schema.defaultValue.flatMap { CompiledParameter.Fallback($0) }))
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

  private mutating func compile(_ parameter: GatewayConfiguration.RouteParameter) -> ParameterSchema? {
    let compilation = ParameterSchema.compile(parameter.schema.value, named: names.all)
    for problem in compilation.problems {
      diagnostics.error(
        "schema", "parameter `\(parameter.name.value)`: \(problem.message)",
        at: parameter.schema.location(forPointer: problem.pointer))
    }
    for warning in compilation.warnings {
      diagnostics.warning(
        "schema", "parameter `\(parameter.name.value)`: \(warning.message)",
        at: parameter.schema.location(forPointer: warning.pointer))
    }
    return compilation.schema
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
      let text = String(decoding: writer.bytes, as: UTF8.self)
      self.init(text: LentText(text), kind: GW_PARAMETER_JSON, integer: 0, number: 0)
    }
  }
}
