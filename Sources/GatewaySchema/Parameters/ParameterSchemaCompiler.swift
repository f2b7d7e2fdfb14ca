import GatewayJSON

/// What compiling a parameter's schema gave. `schema` is nil exactly where there are problems.
public struct ParameterCompilation: Sendable {
  public var schema: ParameterSchema?
  public var problems: [SchemaProblem]
  public var warnings: [SchemaProblem]
}

extension ParameterSchema {
  /// Compiles the schema of one scalar parameter. `named` as in `SchemaCompiler`.
  ///
  /// Lists, objects and unions of types other than with null or string are problems: `ParameterReader` reads them.
  public static func compile(
    _ value: JSONValue, named: [String: JSONValue] = [:], documents: [String: JSONValue] = [:],
    options: SchemaCompiler.Options = SchemaCompiler.Options()
  ) -> ParameterCompilation {
    let compilation = SchemaCompiler.compileWithoutCoercion(value, named: named, documents: documents, options: options)
    var problems = compilation.problems
    guard let schema = compilation.schema else {
      return ParameterCompilation(schema: nil, problems: problems, warnings: compilation.warnings)
    }
    let program = schema.program
    let node = program.tables.nodes[program.root]
    func problem(_ keyword: String, _ message: String) {
      let place = program.information[Int(program.root)]
      problems.append(SchemaProblem(resource: place.resource, pointer: place.pointer + keyword, message: message))
    }
    if node.applicatorCount > 0 {
      problem(
        "",
        "'allOf', 'anyOf', 'oneOf', 'not', 'if' and '$ref' beside other keywords are not for one scalar")
    }
    guard let target = target(of: node.types, problem) else {
      return ParameterCompilation(schema: nil, problems: problems, warnings: compilation.warnings)
    }
    guard problems.isEmpty else {
      return ParameterCompilation(schema: nil, problems: problems, warnings: compilation.warnings)
    }
    return ParameterCompilation(
      schema: ParameterSchema(schema, target: target, defaultValue: value["default"]), problems: [],
      warnings: compilation.warnings)
  }

  private static func target(of types: SchemaTypes, _ problem: (String, String) -> Void) -> Target? {
    // No type: any text will do. Null never comes from text. Text fits a string as it is, so a union with it is text.
    if types == .all { return .text }
    let scalar = types.subtracting(.null)
    if scalar.contains(.array) || scalar.contains(.object) {
      problem("/type", "lists and objects are no scalars")
      return nil
    }
    if scalar.contains(.string) { return .text }
    switch scalar {
    case .integer: return .integer
    case .number, [.number, .integer]: return .number
    case .boolean: return .boolean
    case []:
      problem("/type", "a parameter that is always null cannot be sent")
      return nil
    default:
      problem("/type", "unions of \(scalar.names.joined(separator: " and ")) are no scalar")
      return nil
    }
  }
}
