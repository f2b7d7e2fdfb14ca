import GatewayJSON

/// Reads parameters that are more than one scalar: lists, objects, unions, nullable ones; and parameter objects ("models"),
/// which gather one object from many names, form bodies among them. One scalar is `ParameterSchema`'s, which is faster.
///
/// Texts become JSON strings in the shape that the schema and style ask for, and lax coercion does the rest. Splitting is
/// done here; percent-decoding and finding occurrences is the caller's. Pass to `read`:
///
/// | what | occurrences |
/// |---|---|
/// | path | the one segment, decoded |
/// | one name in query, header, cookie, form | every occurrence of that name, in order |
/// | style `deepObject` | every pair whose name starts with `name[` |
/// | an exploded object of style `form`, a parameter object, a form body | every pair there is, in order |
///
/// A separator that was percent-encoded cannot be told from a bare one after decoding; values that hold separators want
/// the exploded form. Without a style, FastAPI's rules hold: lists are repeated names (header lines are not split), and of
/// repeated scalars the last counts (of header fields the first). Empty texts of a form's scalars count as absent.
public final class ParameterReader: Sendable {
  public let name: String
  public let location: ParameterLocation
  /// Nil: FastAPI's rules.
  public let style: ParameterStyle?
  public let explode: Bool
  /// One object from many names.
  public let gathers: Bool
  /// Every pair of its location must be passed, not only those of its name.
  public let needsAllPairs: Bool
  /// The schema's `default`, as written.
  public let defaultValue: JSONValue?
  let schema: Schema

  enum Shape { case scalar, list, object }

  /// - Parameters:
  ///   - name: As clients write it; any for a parameter object.
  ///   - explode: By default true for `form` and `deepObject`, false for others, as in OpenAPI.
  ///   - gathers: One object from all names of the location.
  public static func compile(
    _ value: JSONValue, name: String, location: ParameterLocation, style: ParameterStyle? = nil, explode: Bool? = nil,
    gathers: Bool = false, named: [String: JSONValue] = [:], documents: [String: JSONValue] = [:],
    options: SchemaCompiler.Options = SchemaCompiler.Options()
  ) -> (reader: ParameterReader?, problems: [SchemaProblem], warnings: [SchemaProblem]) {
    let compilation = SchemaCompiler.compile(value, named: named, documents: documents, options: options)
    var problems = compilation.problems
    if let style, !style.isAllowed(in: location) {
      problems.append(
        SchemaProblem(pointer: "", message: "style '\(style.rawValue)' is not for \(location.rawValue) parameters"))
    }
    guard let schema = compilation.schema, problems.isEmpty else { return (nil, problems, compilation.warnings) }
    let reader = ParameterReader(
      schema, name, location, style, explode ?? (style == .form || style == .deepObject), gathers, value["default"])
    if gathers && reader.shape(schema.coercion.root) != .object {
      problems.append(SchemaProblem(pointer: "/type", message: "a parameter object must have a schema of type object"))
    }
    if style == .deepObject && reader.shape(schema.coercion.root) != .object {
      problems.append(SchemaProblem(pointer: "/type", message: "style 'deepObject' is for objects only"))
    }
    return (problems.isEmpty ? reader : nil, problems, compilation.warnings)
  }

  private init(
    _ schema: Schema, _ name: String, _ location: ParameterLocation, _ style: ParameterStyle?, _ explode: Bool,
    _ gathers: Bool, _ defaultValue: JSONValue?
  ) {
    self.schema = schema
    self.name = name
    self.location = location
    self.style = style
    self.explode = explode
    self.gathers = gathers
    self.defaultValue = defaultValue
    needsAllPairs =
      gathers || style == .form && explode && ParameterReader.shape(schema, schema.coercion.root) == .object
  }

  /// Reads the occurrences. Work and memory are linear in their bytes.
  public func read(
    _ occurrences: [ParameterOccurrence], limit: Int = 100, into memory: inout ParameterMemory
  ) -> ParameterOutcome {
    guard build(occurrences, &memory) else { return .absent }
    guard memory.finishInput() else {
      var violations = Violations()
      violations.entries = [Violation(path: [], schemaName: nil, schemaPointer: "", kind: .tooComplex, input: .root)]
      return .invalid(violations)
    }
    switch memory.coerce(schema, limit) {
    case .invalid(let violations): return .invalid(gathers && location == .header ? named(violations) : violations)
    case .unchanged, .rewritten: return .value
    }
  }

  /// A member `x_token` of a header model is told as the field that clients send.
  private func named(_ violations: Violations) -> Violations {
    var violations = violations
    for index in violations.entries.indices {
      guard case .member(let name)? = violations.entries[index].path.first else { continue }
      violations.entries[index].path[0] = .member(String(name.map { $0 == "_" ? "-" : $0 }))
    }
    return violations
  }

  func shape(_ node: Int32) -> Shape { ParameterReader.shape(schema, node) }

  static func shape(_ schema: Schema, _ index: Int32) -> Shape {
    let plan = schema.coercion
    let node = plan.nodes.base[Int(index)]
    switch node.kind {
    case .list, .set, .tuple: return .list
    case .model, .map, .taggedUnion: return .object
    case .nullable: return shape(schema, node.item)
    case .union:
      // All alternatives alike; otherwise it is one text, and the schema decides what that may be.
      let shapes = (0..<Int(node.childCount)).map { shape(schema, plan.indexes.base[Int(node.children) + $0]) }
      guard let first = shapes.first, shapes.allSatisfy({ $0 == first }) else { return .scalar }
      return first
    default: return .scalar
    }
  }
}

/// What readers write to; made to be kept, one for each parameter that is in use at a time.
public struct ParameterMemory: ~Copyable {
  /// The texts as sent, in the shape of the schema: what violations point into.
  var source = CoercedDocument()
  var output = CoercedDocument()
  private var isRewritten = false

  public init() {}

  /// What was sent; pass it to `FastAPIViolationFormat.write` with `["query", name]`, or `["query"]` for an object that
  /// gathers.
  public var input: JSONDocument {
    _read { yield source.document }
  }

  /// The value after `.value`; lend its tape.
  public var value: JSONDocument {
    _read {
      if isRewritten { yield output.document } else { yield source.document }
    }
  }

  public mutating func reset() {
    source.reset()
    output.reset()
    isRewritten = false
  }

  mutating func begin() -> JSONWriter {
    isRewritten = false
    source.clear()
    return JSONWriter(appendingTo: source.takeBytes())
  }

  mutating func end(_ writer: consuming JSONWriter) { source.bytes = writer.bytes }

  mutating func finishInput() -> Bool { source.finish() }

  mutating func coerce(_ schema: Schema, _ limit: Int) -> CoercionOutcome {
    let outcome = schema.coerce(source.document, mode: .lax, limit: limit, into: &output)
    if case .rewritten = outcome { isRewritten = true }
    return outcome
  }
}
