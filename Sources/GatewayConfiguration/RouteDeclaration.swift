import GatewayYAML

/// What a plugin says that one of its handlers takes and gives: a JSON object with the keys that a route of the file
/// has, read by the same rules, so that the two can be compared.
///
/// Members are as written, as those of `Route` are. Names of schemas may be the plugin's own.
public struct RouteDeclaration: Sendable {
  public var summary: String?
  public var description: String?
  public var tags: [Located<String>]?
  public var isDeprecated: Bool?
  /// `place` is `query` where `writtenPlace` is nil: the route's pattern is not known here.
  public var parameters: [RouteParameter] = []
  public var body: RouteBody?
  public var responses: [RouteResponse] = []
  /// Of a provider: security schemes by name, each as in OpenAPI.
  public var security: LocatedJSON?
  /// Of a provider: how other plugins may take its values.
  public var provides: [ProvidedView] = []
  /// What inputs from other plugins have to look like.
  public var requires: [RequiredView] = []

  public init() {}

  /// Reads a declaration. `name` is what diagnostics call it, such as "the declaration of `bookshop.getBook`"; it
  /// becomes one of their sources, so that locations of the result can be pointed at. Nil with an error in
  /// `diagnostics`. `${…}` means nothing here.
  public static func read(_ bytes: [UInt8], name: String, diagnostics: inout Diagnostics) -> RouteDeclaration? {
    let (root, source, issues) = YAMLDocuments.parseOne(bytes, name: name, file: diagnostics.sources.sources.count)
    _ = diagnostics.sources.add(source)
    diagnostics.add(issues)
    guard let root, issues.isEmpty else { return nil }
    let before = diagnostics.errorCount
    // A plugin's words reach no file of this machine.
    let decoder = FileDecoder(
      diagnostics: diagnostics, environment: Environment(), directory: "", isInterpolating: false)
    let declaration = draft(Cursor(root), decoder)
    diagnostics = decoder.diagnostics
    return diagnostics.errorCount == before ? declaration : nil
  }

  private static func draft(_ cursor: Cursor, _ decoder: FileDecoder) -> RouteDeclaration? {
    guard let draft = RouteDeclarationDraft.section.read(cursor, decoder) else { return nil }
    var declaration = draft.declaration
    declaration.parameters = draft.parameters.compactMap { decoder.parameter($0, path: nil) }
    decoder.checkGathering(declaration.parameters)
    return declaration
  }
}

extension Diagnostics {
  /// Those that were left out may have been errors.
  fileprivate var errorCount: Int { all.count { $0.severity == .error } + omitted }
}

/// A declaration before the rules that span several keys of a parameter are checked.
struct RouteDeclarationDraft: Sendable {
  var declaration = RouteDeclaration()
  var parameters: [ParameterDraft] = []

  static let section = Section<RouteDeclarationDraft>(
    "declaration", "What a handler takes and gives, as its plugin says it.", make: RouteDeclarationDraft()
  ) {
    Option("summary", optional: \.declaration.summary, .string("a sentence"), "What it does, in a sentence.")
    Option("description", optional: \.declaration.description, .string("text"), "What it does at length.")
    Option("tags", optional: \.declaration.tags, .list(of: Kind<String>.string("a tag").located), "Its groups.")
    Option("deprecated", optional: \.declaration.isDeprecated, .boolean, "Clients should no longer use it.")
    Option("parameters", \.parameters, .parameters, "Parameters with their schemas.")
    Option("body", optional: \.declaration.body, .body, "The request body.")
    Option("responses", \.declaration.responses, .responses, "Status → response.")
    Option("security", optional: \.declaration.security, .json, "Security schemes by name, each as in OpenAPI.")
    Option("provides", \.declaration.provides, .providedViews, "Of a provider: views of its values for other plugins.")
    Option("requires", \.declaration.requires, .requiredViews, "What inputs from other plugins have to look like.")
  }
}
