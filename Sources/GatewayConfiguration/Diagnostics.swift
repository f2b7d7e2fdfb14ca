import GatewayYAML

/// Collects diagnostics. Each stage of start-up takes one and adds to it, so that all mistakes are told in one run.
///
///     diagnostics.error(
///       .unknownReference, "plugin `bookshop` has no handler `getBok`", at: reference.member,
///       suggestion: NearestWord.of("getBok", among: names))
public struct Diagnostics: Sendable {
  /// In the order of discovery, each once.
  public private(set) var all: [Diagnostic] = []
  public internal(set) var sources: SourceMap
  /// How many were left out after `limit`.
  public private(set) var omitted = 0

  /// More than anybody reads; a generated file may hold a hundred thousand mistakes.
  public static let limit = 1000

  /// An aliased part of the file is decoded wherever it is used, but its mistakes are told once.
  private var seen: Set<Identity> = []

  private struct Identity: Hashable {
    var code: DiagnosticCode
    var message: String
    var file: Int
    var offset: Int
  }

  private var errorPlaces: Set<Place> = []

  private struct Place: Hashable {
    var code: DiagnosticCode?
    var file: Int
    var offset: Int
  }

  public init(sources: SourceMap = SourceMap()) {
    self.sources = sources
  }

  public var hasErrors: Bool { all.contains { $0.severity == .error } }

  /// Whether there is an error that points into this part of a file. A later stage that looks at the same text with
  /// other eyes asks this before it tells the same mistake again.
  public func hasError(within place: any Locatable) -> Bool {
    let mark = place.location.mark
    return errorPlaces.contains { $0.file == mark.file && $0.offset >= mark.offset && $0.offset < mark.end }
  }

  func contains(_ code: DiagnosticCode, at place: Location) -> Bool {
    errorPlaces.contains(Place(code: code, file: place.mark.file, offset: place.mark.offset))
  }

  /// A further fact for a diagnostic, with its own place where it has one.
  public struct Note: Sendable {
    public var message: String
    public var location: Location?

    public init(_ message: String, at place: (any Locatable)? = nil) {
      self.message = message
      location = place?.location
    }
  }

  public mutating func error(
    _ code: DiagnosticCode, _ message: String, at place: any Locatable, found: String? = nil, expected: String? = nil,
    suggestion: String? = nil, help: String? = nil, notes: [Note] = []
  ) {
    add(
      Diagnostic(
        severity: .error, code: code, message: message, found: found, expected: expected, suggestion: suggestion,
        help: help), at: place.location, notes)
  }

  public mutating func warning(
    _ code: DiagnosticCode, _ message: String, at place: any Locatable, found: String? = nil, expected: String? = nil,
    suggestion: String? = nil, help: String? = nil, notes: [Note] = []
  ) {
    add(
      Diagnostic(
        severity: .warning, code: code, message: message, found: found, expected: expected, suggestion: suggestion,
        help: help), at: place.location, notes)
  }

  /// Adds a diagnostic about a file that is not part of the load: one that could not even be opened.
  public mutating func error(_ code: DiagnosticCode, _ message: String, file: String, help: String? = nil) {
    var diagnostic = Diagnostic(severity: .error, code: code, message: message, file: file, help: help)
    diagnostic.redact(sources.secrets)
    all.append(diagnostic)
  }

  private mutating func add(_ diagnostic: Diagnostic, at location: Location, _ notes: [Note]) {
    var diagnostic = diagnostic
    let mark = location.mark
    let identity = Identity(
      code: diagnostic.code, message: diagnostic.message, file: mark.file, offset: mark.offset)
    guard seen.insert(identity).inserted else { return }
    if diagnostic.severity == .error {
      errorPlaces.insert(Place(code: nil, file: mark.file, offset: mark.offset))
      errorPlaces.insert(Place(code: diagnostic.code, file: mark.file, offset: mark.offset))
    }
    guard all.count < Diagnostics.limit else {
      omitted += 1
      return
    }
    diagnostic.file = sources[mark.file]?.name ?? ""
    diagnostic.span = sources.span(of: mark)
    diagnostic.keyPath = location.keyPath
    diagnostic.notes = notes.map { note in
      Diagnostic.Note(
        sources.secrets.redacted(note.message), file: note.location.flatMap { sources[$0.mark.file]?.name },
        span: note.location.flatMap { sources.span(of: $0.mark) })
    }
    diagnostic.redact(sources.secrets)
    all.append(diagnostic)
  }

  /// By file and place, for people who read a file from top to bottom.
  public func sorted() -> [Diagnostic] {
    let order = Dictionary(sources.sources.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
    let keys = all.enumerated().map { index, diagnostic in
      (order[diagnostic.file] ?? -1, diagnostic.span?.line ?? 0, diagnostic.span?.column ?? 0, index)
    }
    return keys.sorted { $0 < $1 }.map { all[$0.3] }
  }
}

extension Diagnostic {
  fileprivate mutating func redact(_ secrets: SecretRedactor) {
    guard !secrets.isEmpty else { return }
    message = secrets.redacted(message)
    found = found.map(secrets.redacted)
    expected = expected.map(secrets.redacted)
    suggestion = suggestion.map(secrets.redacted)
    help = help.map(secrets.redacted)
  }
}
