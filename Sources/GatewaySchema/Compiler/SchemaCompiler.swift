import GatewayJSON

/// Turns a schema as written into a `Schema` that can be run, and finds everything wrong with it in one go.
public enum SchemaCompiler {
  public struct Options: Sendable {
    /// Checks the formats of `StringFormat`; otherwise `format` is an annotation, as the standard's default has it.
    public var assertsFormats: Bool
    /// Schema objects in one compiled schema, all it refers to included.
    public var maximumNodes: Int

    public init(assertsFormats: Bool = true, maximumNodes: Int = 100_000) {
      self.assertsFormats = assertsFormats
      self.maximumNodes = maximumNodes
    }
  }

  /// Compiles `root`.
  ///
  /// - Parameters:
  ///   - name: The name of `root` among `named`, so that it can refer to itself by it.
  ///   - named: Schemas that `$ref` may name: plainly (`NewBook`), or as `#/schemas/NewBook` or
  ///     `#/components/schemas/NewBook` where that leads nowhere inside the referring schema.
  public static func compile(
    _ root: JSONValue, name: String? = nil, named: [String: JSONValue] = [:], options: Options = Options()
  ) -> SchemaCompilation {
    var builder = SchemaBuilder(named: named, options: options)
    let resource = builder.addResource(root, name: name)
    let index = builder.schema(root, at: SchemaLocation(resource: resource, pointer: ""))
    builder.compilePending()
    let coercion = CoercionCompiler.compile(&builder, root: index)
    var compilation = builder.finish(root: index)
    compilation.schema = compilation.schema.map { Schema($0.program, coercion: coercion) }
    return compilation
  }
}

/// Where a schema stands: the memory of what is compiled already goes by it.
struct SchemaLocation: Hashable {
  var resource: Int
  var pointer: String

  func appending(_ token: String) -> SchemaLocation {
    SchemaLocation(resource: resource, pointer: pointer + "/" + JSONPointer.escape(token))
  }

  func appending(_ index: Int) -> SchemaLocation {
    SchemaLocation(resource: resource, pointer: "\(pointer)/\(index)")
  }
}

/// A compilation in progress: the tables as they grow. Keywords are in the extensions.
struct SchemaBuilder {
  /// A schema document: the root, or a named schema that was referred to.
  struct Resource {
    var name: String?
    var value: JSONValue
    /// `$id` of the document's root.
    var identifier: String?
    /// `$anchor` to JSON Pointer.
    var anchors: [String: String] = [:]
  }

  let named: [String: JSONValue]
  let options: SchemaCompiler.Options

  var resources: [Resource] = []
  var resourceIndexes: [String: Int] = [:]
  var compiled: [SchemaLocation: Int32] = [:]
  var problems: [SchemaProblem] = []
  var warnings: [SchemaProblem] = []
  var depth = 0
  /// Targets of references, to be compiled once what refers to them is done: models that refer to each other by the
  /// hundred must not nest that deep here.
  var pending: [(object: JSONObject, location: SchemaLocation, index: Int32)] = []

  var nodes: [SchemaNode] = [SchemaNode()]
  var information = [NodeInformation(resource: nil, pointer: "", label: "any", isFloat: false)]
  /// Each node's schema as written and where, parallel to `nodes`: coercion reads words that validation does not need.
  var written: [JSONValue] = [.null]
  var locations = [SchemaLocation(resource: 0, pointer: "")]
  var numeric: [NumericRules] = []
  var strings: [StringRules] = []
  var arrays: [ArrayRules] = []
  var objects: [ObjectRules] = []
  var enumerations: [EnumerationRules] = []
  var applicators: [Applicator] = []
  var schemaIndexes: [Int32] = []
  var patternProperties: [PatternProperty] = []
  var dependencies: [DependencyRule] = []
  var nameSlots: [Int32] = []
  var nameEntries: [NameEntry] = []
  var nameBytes: [UInt8] = []
  var patterns: [Pattern] = []
  var patternIndexes: [ExactText: Int32] = [:]
  var numbers: [JSONNumber] = []
  var constants: [JSONValue] = []
  var texts: [String] = []

  /// Compiling recurses once a level of a schema as written; references do not count.
  static let maximumDepth = 256

  init(named: [String: JSONValue], options: SchemaCompiler.Options) {
    self.named = named
    self.options = options
  }

  mutating func problem(_ location: SchemaLocation, _ message: String) {
    problems.append(
      SchemaProblem(resource: resources[location.resource].name, pointer: location.pointer, message: message))
  }

  mutating func warning(_ location: SchemaLocation, _ message: String) {
    warnings.append(
      SchemaProblem(resource: resources[location.resource].name, pointer: location.pointer, message: message))
  }

  /// The index of the compiled schema; 0, which accepts everything, where it is broken (and a problem is noted).
  mutating func schema(_ value: JSONValue, at location: SchemaLocation, isDeferred: Bool = false) -> Int32 {
    if let known = compiled[location] { return known }
    switch value {
    case .bool(true):
      compiled[location] = 0
      return 0
    case .bool(false):
      let index = reserve(value, at: location)
      nodes[Int(index)].types = []
      return index
    case .object(let object):
      guard depth < SchemaBuilder.maximumDepth else {
        problem(location, "schemas are nested more than \(SchemaBuilder.maximumDepth) deep")
        return 0
      }
      guard nodes.count < options.maximumNodes else {
        if nodes.count == options.maximumNodes {
          problem(location, "schema is too large: more than \(options.maximumNodes) parts")
          nodes.append(SchemaNode())
          written.append(.null)
          locations.append(location)
          information.append(information[0])
        }
        return 0
      }
      let index = reserve(value, at: location)
      guard !isDeferred else {
        pending.append((object, location, index))
        return index
      }
      depth += 1
      defer { depth -= 1 }
      let node = compile(object, at: location)
      nodes[Int(index)] = node
      return index
    default:
      problem(location, "a schema must be an object or a boolean, found \(value.typeName)")
      return 0
    }
  }

  mutating func compilePending() {
    while let next = pending.popLast() {
      let node = compile(next.object, at: next.location)
      nodes[Int(next.index)] = node
    }
  }

  private mutating func reserve(_ value: JSONValue, at location: SchemaLocation) -> Int32 {
    let index = Int32(truncatingIfNeeded: nodes.count)
    compiled[location] = index
    nodes.append(SchemaNode())
    written.append(value)
    locations.append(location)
    information.append(
      NodeInformation(
        resource: resources[location.resource].name, pointer: location.pointer, label: label(of: value, at: location),
        isFloat: value["type"] == "number" || value["type"]?.array?.contains("number") == true))
    return index
  }

  private mutating func compile(_ object: JSONObject, at location: SchemaLocation) -> SchemaNode {
    checkKeywords(object, at: location)
    compileDefinitions(object, at: location)
    var node = SchemaNode()
    if isSecret(object) { node.flags.insert(.secret) }

    // A schema that is nothing but a reference is its target, so that names cost nothing when running.
    if let reference = object["$ref"] {
      let target = self.reference(reference, at: location.appending("$ref"))
      let isBare = object.members.allSatisfy { $0.name == "$ref" || !SchemaBuilder.isAssertion($0.name) }
      if isBare && !node.flags.contains(.secret) {
        node.flags.insert(.alias)
        node.applicators = target
        return node
      }
      var applicators = [Applicator(operation: .reference, first: target)]
      compileKeywords(object, at: location, &node, &applicators)
      return node
    }
    var applicators: [Applicator] = []
    compileKeywords(object, at: location, &node, &applicators)
    return node
  }

  private mutating func compileKeywords(
    _ object: JSONObject, at location: SchemaLocation, _ node: inout SchemaNode, _ applied: inout [Applicator]
  ) {
    compileTypes(object, at: location, &node)
    compileConstants(object, at: location, &node)
    compileNumeric(object, at: location, &node)
    compileString(object, at: location, &node)
    compileArray(object, at: location, &node)
    compileObject(object, at: location, &node)
    compileApplicators(object, at: location, &applied)
    node.applicators = Int32(truncatingIfNeeded: applicators.count)
    node.applicatorCount = Int32(truncatingIfNeeded: applied.count)
    applicators += applied
  }

  static func isAssertion(_ keyword: String) -> Bool {
    SchemaKeywords.assertions.contains(keyword) || SchemaKeywords.list.contains(keyword)
      || SchemaKeywords.notSupportedYet.contains(keyword)
      || SchemaKeywords.single.contains(keyword) && keyword != "contentSchema"
      || ["properties", "patternProperties", "dependentSchemas"].contains(keyword)
  }

  private func isSecret(_ object: JSONObject) -> Bool {
    object["writeOnly"] == .bool(true) || object["format"] == .string("password")
  }

  /// Unknown words are annotations, but a slip of the finger must not silently switch a check off.
  private mutating func checkKeywords(_ object: JSONObject, at location: SchemaLocation) {
    for member in object.members {
      let word = member.name
      // The usual ones first: this runs for every keyword of every schema at load.
      if SchemaKeywords.assertions.contains(word) { continue }
      if SchemaKeywords.notSupportedYet.contains(word) {
        problem(location.appending(word), "'\(word)' is not supported yet")
      } else if let replacement = SchemaKeywords.renamed[word] {
        warning(location.appending(word), "'\(word)' is no keyword of JSON Schema 2020-12: use \(replacement)")
      } else if !SchemaKeywords.known.contains(word), !word.hasPrefix("x-") {
        guard let nearest = NearestWord.of(word, among: SchemaKeywords.known) else { continue }
        warning(location.appending(word), "unknown keyword '\(word)' has no effect; did you mean '\(nearest)'?")
      }
    }
    if let dialect = object["$schema"], location.pointer.isEmpty {
      let text = dialect.string ?? ""
      if text != "https://json-schema.org/draft/2020-12/schema"
        && text != "https://json-schema.org/draft/2020-12/schema#"
      {
        problem(
          location.appending("$schema"),
          "only https://json-schema.org/draft/2020-12/schema is supported; other dialects are not supported yet")
      }
    }
  }

  /// Definitions nobody refers to are compiled too: a mistake in them is a mistake.
  private mutating func compileDefinitions(_ object: JSONObject, at location: SchemaLocation) {
    guard let definitions = object["$defs"] else { return }
    let place = location.appending("$defs")
    guard case .object(let members) = definitions else {
      problem(place, "'$defs' must be an object of schemas, found \(definitions.typeName)")
      return
    }
    for member in members.members { _ = schema(member.value, at: place.appending(member.name)) }
  }
}
