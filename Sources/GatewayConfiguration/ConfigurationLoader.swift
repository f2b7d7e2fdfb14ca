import GatewayYAML

/// Reads `gateway.yaml` and tells every mistake in it in one run.
public enum ConfigurationLoader {
  /// What a load gives. Nothing may be served from `file` while `diagnostics.hasErrors`; later stages still take it,
  /// to add what they find.
  public struct Result: Sendable {
    /// Nil where the text is no YAML, or no mapping at all.
    public var file: GatewayFile?
    /// Holds the sources too, so that later stages add to it and render it.
    public var diagnostics: Diagnostics

    public var sources: SourceMap { diagnostics.sources }

    public init(file: GatewayFile?, diagnostics: Diagnostics) {
      self.file = file
      self.diagnostics = diagnostics
    }
  }

  /// `path` is shown in diagnostics as given; relative paths in the file start at its directory.
  /// `overlays` change what it says, in their order.
  public static func load(
    path: String, overlays: [OverlaySource] = [], environment: Environment, limits: YAMLLimits = YAMLLimits()
  ) -> Result {
    switch environment.read(path, limits.size) {
    case .success(let bytes):
      return load(bytes, path: path, overlays: overlays, environment: environment, limits: limits)
    case .failure(let problem):
      var diagnostics = Diagnostics()
      diagnostics.error(
        .unreadableFile, "the file `\(path)` \(problem.sentence)", file: path,
        help: problem == .isDirectory
          ? "name the file itself, such as `\(path.hasSuffix("/") ? path : path + "/")gateway.yaml`" : nil)
      return Result(file: nil, diagnostics: diagnostics)
    }
  }

  /// The same for text that is at hand.
  public static func load(
    _ bytes: [UInt8], path: String, overlays: [OverlaySource] = [], environment: Environment,
    limits: YAMLLimits = YAMLLimits()
  ) -> Result {
    let (root, source, issues) = YAMLDocuments.parseOne(bytes, name: path, limits: limits)
    var sources = SourceMap()
    _ = sources.add(source)
    var diagnostics = Diagnostics(sources: sources)
    diagnostics.add(issues)
    // A tree that stops in the middle would only produce mistakes that are none.
    guard let root, !issues.contains(where: \.isFatal) else { return Result(file: nil, diagnostics: diagnostics) }

    let overlay = OverlayReader(overlays, environment: environment, limits: limits, diagnostics: &diagnostics)
    let directory = Paths.directory(of: path)
    let decoder = FileDecoder(
      diagnostics: diagnostics, environment: environment, directory: directory,
      refused: Set(issues.map(\.mark.offset)))
    decoder.overlaySettings = overlay.settings
    decoder.hasPartialOverlays = overlay.isPartial
    decoder.readSettings(Cursor(root))
    let cursor = Cursor(CompositeReferences.resolve(in: root, decoder))
    // Without a version the rest is still looked at: its mistakes are told too.
    guard var file = GatewayFile.section.readParts(cursor, decoder)?.root else {
      return Result(file: nil, diagnostics: decoder.diagnostics)
    }
    if cursor.child("plugin_path") == nil {
      file.pluginPath = [
        Located(directory + "plugins"), Located(directory.isEmpty ? "." : String(directory.dropLast())),
      ]
    }
    if cursor.child("server")?.child("temporary_directory") == nil,
      let directory = decoder.environment.variables["TMPDIR"], !directory.isEmpty
    {
      file.server.temporaryDirectory = Located(directory)
    }
    // Before the checks: a setting that only an overlay uses is used. Plugins of overlays come after those of the file.
    var overlaid = file
    overlay.apply(to: &overlaid, root: cursor, decoder)
    var checks = ModelChecks(file: file, root: cursor, decoder: decoder)
    checks.overrides = overlaid.overrides
    checks.run()
    file.plugins = overlaid.plugins
    file.overrides = overlaid.overrides
    decoder.checkEnvFiles()
    file.secrets = decoder.diagnostics.sources.secrets
    file.loadSchemaDocuments(decoder)
    return Result(file: file, diagnostics: decoder.diagnostics)
  }
}

extension YAMLIssue {
  /// What comes after it in the text was not read.
  var isFatal: Bool {
    switch kind {
    case .encoding, .syntax, .recursiveAlias, .limit, .emptyDocument: true
    case .duplicateKey, .compositeKey, .mergeKey, .unknownAlias, .unknownTag, .tagMismatch, .severalDocuments: false
    }
  }
}

extension Diagnostics {
  /// The mistakes of the text itself.
  mutating func add(_ issues: [YAMLIssue]) {
    for issue in issues {
      let code: DiagnosticCode =
        switch issue.kind {
        case .encoding: .encoding
        case .limit: .limit
        case .duplicateKey: .duplicateKey
        case .emptyDocument: .emptyFile
        default: .syntax
        }
      error(
        code, issue.message, at: Location(mark: issue.mark, keyPath: ""), help: issue.help,
        notes: issue.related.map { Note($0.message, at: Location(mark: $0.mark, keyPath: "")) })
    }
  }
}
