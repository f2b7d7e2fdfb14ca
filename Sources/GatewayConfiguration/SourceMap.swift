import GatewayYAML

/// The files that a load has read: the configuration file first, then the files it names.
public struct SourceMap: Sendable {
  public private(set) var sources: [SourceText] = []

  /// What diagnostics must not tell, wherever it got to.
  public internal(set) var secrets = SecretRedactor()
  /// Names of files whose text is not shown, because any line of them may be a secret.
  private(set) var confidential: Set<String> = []

  public init() {}

  /// As `add`, for a `.env` file: places in it are told, its text is not.
  mutating func addConfidential(_ source: SourceText) -> Int {
    confidential.insert(source.name)
    return add(source)
  }

  /// A line to be shown; nil where there is none or nobody may see it.
  func excerpt(of name: String, line: Int) -> String? {
    guard !confidential.contains(name) else { return nil }
    return named(name)?.line(line).map(secrets.masked)
  }

  /// Returns the number that marks use for this file.
  public mutating func add(_ source: SourceText) -> Int {
    sources.append(source)
    return sources.count - 1
  }

  public subscript(file: Int) -> SourceText? {
    sources.indices.contains(file) ? sources[file] : nil
  }

  public func named(_ name: String) -> SourceText? {
    sources.first { $0.name == name }
  }

  /// Nil where the mark is of no file, or stands for a file as a whole (`Mark.start`).
  func span(of mark: Mark) -> Diagnostic.Span? {
    guard let source = self[mark.file], mark.end > 0 else { return nil }
    let end = source.position(of: mark.end)
    return Diagnostic.Span(line: mark.line, column: mark.column, endLine: end.line, endColumn: end.column)
  }
}
