import GatewayJSON

/// Turns a schema as written into a `Schema` that can be run, and finds everything wrong with it in one go.
public enum SchemaCompiler {
  public struct Options: Sendable {
    /// Checks the formats of `StringFormat`; otherwise `format` is an annotation, as the standard's default has it.
    public var assertsFormats: Bool
    /// Checks `contentEncoding: base64`, JSON in `contentMediaType`, and `contentSchema`; otherwise they are
    /// annotations, as the standard has it (Validation §8).
    public var assertsContent: Bool
    /// Schema objects in one compiled schema, all it refers to included.
    public var maximumNodes: Int

    public init(assertsFormats: Bool = true, assertsContent: Bool = false, maximumNodes: Int = 100_000) {
      self.assertsFormats = assertsFormats
      self.assertsContent = assertsContent
      self.maximumNodes = maximumNodes
    }
  }

  /// Compiles `root`. Does no I/O: what references lead to is given here.
  ///
  /// - Parameters:
  ///   - name: The name of `root` among `named`, so that it can refer to itself by it.
  ///   - named: Schemas that `$ref` may name: plainly (`NewBook`), or as `#/schemas/NewBook` or
  ///     `#/components/schemas/NewBook` where that leads nowhere inside the referring schema.
  /// - documents: Other documents by address, meta-schemas that `$schema` names included: a URI without fragment, or a
  ///     path relative to the same place as `address`. A document's own `$id` is known too.
  ///   - address: Where `root` comes from; relative references without an `$id` around them are seen from there.
  public static func compile(
    _ root: JSONValue, name: String? = nil, named: [String: JSONValue] = [:], documents: [String: JSONValue] = [:],
    address: String = "", options: Options = Options()
  ) -> SchemaCompilation {
    var (builder, index) = read(root, name, named, documents, address, options)
    let coercion = CoercionCompiler.compile(&builder, root: index)
    return builder.finish(root: index, coercion: coercion)
  }

  /// Everything that is wrong with `root`, as `compile` tells it, in half the time: for schemas that nothing is checked
  /// against. Arguments as there.
  public static func check(
    _ root: JSONValue, named: [String: JSONValue] = [:], documents: [String: JSONValue] = [:],
    options: Options = Options()
  ) -> (problems: [SchemaProblem], warnings: [SchemaProblem]) {
    var (builder, index) = read(root, nil, named, documents, "", options)
    builder.check(root: index)
    return (builder.problems, builder.warnings)
  }

  /// A schema that can be asked `isValid` and `violations`, but not to coerce.
  static func compileWithoutCoercion(
    _ root: JSONValue, named: [String: JSONValue], documents: [String: JSONValue], options: Options
  ) -> SchemaCompilation {
    var (builder, index) = read(root, nil, named, documents, "", options)
    return builder.finish(root: index, coercion: .empty)
  }

  private static func read(
    _ root: JSONValue, _ name: String?, _ named: [String: JSONValue], _ documents: [String: JSONValue],
    _ address: String, _ options: Options
  ) -> (builder: SchemaBuilder, root: Int32) {
    var builder = SchemaBuilder(named: named, documents: documents, address: address, options: options)
    let location = builder.addDocument(root, name: name, address: address)
    // Other documents may refer back to it.
    if !address.isEmpty { builder.resourceIndexes[address] = location.resource }
    let index = builder.schema(root, at: location)
    builder.compilePending()
    return (builder, index)
  }
}
