import GatewayJSON

/// Where a schema stands: the memory of what is compiled already goes by it.
struct SchemaLocation: Hashable {
  var document: Int
  /// The innermost resource around it, which the document and pointer decide.
  var resource: Int
  /// The dynamic scope it is reached in: into `SchemaBuilder.scopes`.
  var scope: Int
  /// From the root of the document.
  var pointer: String

  static func == (a: SchemaLocation, b: SchemaLocation) -> Bool {
    a.document == b.document && a.scope == b.scope && ExactText.same(a.pointer, b.pointer)
  }

  func hash(into hasher: inout Hasher) {
    hasher.combine(document)
    hasher.combine(scope)
    hasher.combine(ExactText(pointer))
  }

  func appending(_ token: String) -> SchemaLocation {
    var result = self
    result.pointer += "/"
    result.pointer += JSONPointer.escape(token)
    return result
  }

  func appending(_ index: Int) -> SchemaLocation { appending(String(index)) }
}

/// A compilation in progress: the tables as they grow. Keywords are in the extensions.
struct SchemaBuilder {
  /// The root, a named schema that was referred to, or a document that was given by address.
  struct Document {
    /// What problems call it: the schema's name or the document's address.
    var name: String?
    var value: JSONValue
    /// Where resources begin in it: at its root, and wherever `$id` stands.
    var resources: [ExactText: Int] = [:]
    /// Places beside the usual ones that a reference led to, searched for `$id` and anchors already.
    var extraPlaces: Set<ExactText> = []
  }

  /// A schema resource (Core §4.3.5): what `$id` names, with anchors of its own.
  struct Resource {
    var document: Int
    /// From the root of the document.
    var pointer: String
    /// Absolute where anything around it is; references are seen from here.
    var base: String
    var vocabularies: SchemaVocabularies
    /// Anchors of both kinds, each with the pointer from the root of the document.
    var anchors: [String: String] = [:]
    var dynamicAnchors: [String] = []
  }

  /// What `$dynamicRef` would find: dynamic anchors, each with the outermost resource entered so far that has it (Core
  /// §8.2.3.2). Schemas are compiled once for each scope they are reached in, so evaluation need not keep one.
  typealias Scope = [String: Int]

  let named: [String: JSONValue]
  let given: [String: JSONValue]
  let address: String
  let options: SchemaCompiler.Options

  var documents: [Document] = []
  var resources: [Resource] = []
  var scopes: [Scope] = [[:]]
  var scopeIndexes: [Scope: Int] = [[:]: 0]
  var namedDocuments: [String: Int] = [:]
  /// Resources by address: `$id`, and where a document was found.
  var resourceIndexes: [String: Int] = [:]
  var hasAddedAllGiven = false
  var compiled: [SchemaLocation: Int32] = [:]
  var definitionsDone: Set<SchemaLocation> = []
  var problems: [SchemaProblem] = []
  var warnings: [SchemaProblem] = []
  /// A schema reached in several scopes is compiled several times; its mistakes are told once.
  var told: Set<SchemaProblem> = []
  var isTooLarge = false
  var hasReferences = false
  var depth = 0
  /// Targets of references, to be compiled once what refers to them is done: models that refer to each other by the
  /// hundred must not nest that deep here.
  var pending: [(object: JSONObject, location: SchemaLocation, index: Int32)] = []

  var nodes: [SchemaNode] = [SchemaNode()]
  var information = [NodeInformation(resource: nil, pointer: "", label: "any", isFloat: false)]
  /// Each node's schema as written and where, parallel to `nodes`: coercion reads words that validation does not need.
  var written: [JSONValue] = [.null]
  var locations = [SchemaLocation(document: 0, resource: 0, scope: 0, pointer: "")]
  var numeric: [NumericRules] = []
  var strings: [StringRules] = []
  var arrays: [ArrayRules] = []
  var objects: [ObjectRules] = []
  var enumerations: [EnumerationRules] = []
  var applicators: [Applicator] = []
  var schemaIndexes: [Int32] = []
  var patternProperties: [PatternProperty] = []
  var dependencies: [DependencyRule] = []
  var discriminators: [DiscriminatorRules] = []
  var contents: [ContentRules] = []
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

  init(
    named: [String: JSONValue], documents: [String: JSONValue], address: String, options: SchemaCompiler.Options
  ) {
    self.named = named
    given = documents
    self.address = address
    self.options = options
  }

  mutating func problem(_ location: SchemaLocation, _ message: String) {
    let problem = SchemaProblem(
      resource: documents[location.document].name, pointer: location.pointer, message: message)
    if told.insert(problem).inserted { problems.append(problem) }
  }

  mutating func warning(_ location: SchemaLocation, _ message: String) {
    let warning = SchemaProblem(
      resource: documents[location.document].name, pointer: location.pointer, message: message)
    if told.insert(warning).inserted { warnings.append(warning) }
  }

  /// The index of the compiled schema; 0, which accepts everything, where it is broken (and a problem is noted).
  mutating func schema(_ value: JSONValue, at place: SchemaLocation, isDeferred: Bool = false) -> Int32 {
    let location = entered(place)
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
        if !isTooLarge { problem(location, "schema is too large: more than \(options.maximumNodes) parts") }
        isTooLarge = true
        return 0
      }
      let index = reserve(value, at: location)
      guard !isDeferred else {
        pending.append((object, location, index))
        return index
      }
      depth += 1
      defer { depth -= 1 }
      let node = compile(object, at: location, index)
      nodes[Int(index)] = node
      return index
    default:
      problem(location, "a schema must be an object or a boolean, found \(value.typeName)")
      return 0
    }
  }

  mutating func compilePending() {
    while let next = pending.popLast() {
      let node = compile(next.object, at: next.location, next.index)
      nodes[Int(next.index)] = node
    }
  }

  private mutating func reserve(_ value: JSONValue, at location: SchemaLocation) -> Int32 {
    let index = Int32(truncatingIfNeeded: nodes.count)
    compiled[location] = index
    nodes.append(SchemaNode())
    information.append(
      NodeInformation(
        resource: documents[location.document].name, pointer: location.pointer, label: label(of: value, at: location),
        isFloat: false))
    written.append(value)
    locations.append(location)
    return index
  }

  private mutating func compile(_ written: JSONObject, at location: SchemaLocation, _ index: Int32) -> SchemaNode {
    let object = usable(written, at: location)
    let groups = checkKeywords(object, at: location)
    if groups.contains(.definitions) { compileDefinitions(object, at: location) }
    var node = SchemaNode()
    if groups.contains(.secret), isSecret(object) { node.flags.insert(.secret) }

    var applied: [Applicator] = []
    if groups.contains(.reference) {
      if let reference = object["$ref"] {
        applied.append(
          Applicator(operation: .reference, first: self.reference(reference, at: location.appending("$ref"))))
      }
      if let reference = object["$dynamicRef"] {
        let target = dynamicReference(reference, at: location.appending("$dynamicRef"))
        applied.append(Applicator(operation: .reference, first: target))
      }
      // A schema that is nothing but a reference is its target, so that names cost nothing when running.
      if applied.count == 1 && groups.isDisjoint(with: .rules) && !node.flags.contains(.secret) {
        node.flags.insert(.alias)
        node.applicators = applied[0].first
        return node
      }
    }
    compileKeywords(object, groups, at: location, &node, &applied)
    information[Int(index)].isFloat = groups.contains(.types) && node.types.contains(.number)
    guard groups.contains(.unevaluated) else { return node }
    return withUnevaluated(node, object, at: location, index)
  }

  private mutating func compileKeywords(
    _ object: JSONObject, _ groups: KeywordGroups, at location: SchemaLocation, _ node: inout SchemaNode,
    _ applied: inout [Applicator]
  ) {
    if groups.contains(.types) { compileTypes(object, at: location, &node) }
    if groups.contains(.constants) { compileConstants(object, at: location, &node) }
    if groups.contains(.numeric) { compileNumeric(object, at: location, &node) }
    if groups.contains(.string) { compileString(object, at: location, &node) }
    if groups.contains(.array) { compileArray(object, at: location, &node) }
    if groups.contains(.object) { compileObject(object, at: location, &node) }
    if groups.contains(.applicators) { compileApplicators(object, at: location, &applied) }
    if groups.contains(.content) { compileContent(object, at: location, &applied) }
    node.applicators = Int32(truncatingIfNeeded: applicators.count)
    node.applicatorCount = Int32(truncatingIfNeeded: applied.count)
    applicators += applied
  }

  private func isSecret(_ object: JSONObject) -> Bool {
    object["writeOnly"] == .bool(true) || object["format"] == .string("password")
  }

  /// Without the keywords of vocabularies that the document's meta-schema leaves out (Core §8.1.2).
  private func usable(_ object: JSONObject, at location: SchemaLocation) -> JSONObject {
    let vocabularies = resources[location.resource].vocabularies
    guard !vocabularies.isSuperset(of: .standard) else { return object }
    return JSONObject(
      object.members.filter { member in
        SchemaVocabularies.vocabulary(of: member.name).map { !$0.isDisjoint(with: vocabularies) } ?? true
      }.map { ($0.name, $0.value) })
  }

  /// Unknown words are annotations, but a slip of the finger must not silently switch a check off.
  private mutating func checkKeywords(_ object: JSONObject, at location: SchemaLocation) -> KeywordGroups {
    var groups: KeywordGroups = []
    for member in object.members {
      let word = member.name
      // Renamed words may be known ones: `definitions` is searched for anchors.
      if let group = SchemaKeywords.groups[word], !group.isEmpty || SchemaKeywords.renamed[word] == nil {
        groups.formUnion(group)
      } else if let replacement = SchemaKeywords.renamed[word] {
        warning(location.appending(word), "'\(word)' is no keyword of JSON Schema 2020-12: use \(replacement)")
      } else if !word.hasPrefix("x-") {
        guard let nearest = NearestWord.of(word, among: SchemaKeywords.known) else { continue }
        warning(location.appending(word), "unknown keyword '\(word)' has no effect; did you mean '\(nearest)'?")
      }
    }
    return groups
  }

  /// Definitions nobody refers to are compiled too: a mistake in them is a mistake. Once is enough for that.
  private mutating func compileDefinitions(_ object: JSONObject, at location: SchemaLocation) {
    guard let definitions = object["$defs"] else { return }
    let place = location.appending("$defs")
    var anyScope = location
    anyScope.scope = 0
    guard definitionsDone.insert(anyScope).inserted else { return }
    guard case .object(let members) = definitions else {
      problem(place, "'$defs' must be an object of schemas, found \(definitions.typeName)")
      return
    }
    for member in members.members { _ = schema(member.value, at: place.appending(member.name)) }
  }
}
