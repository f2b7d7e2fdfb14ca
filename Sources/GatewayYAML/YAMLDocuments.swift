/// What a file holds, and what is wrong with it.
public struct YAMLDocuments: Sendable {
  public var source: SourceText
  /// One for each document; after an issue that stops the parser, what was complete before it.
  public var documents: [YAMLNode]
  public var issues: [YAMLIssue]

  /// Reads every document of a stream. `file` goes into the marks.
  public static func parse(
    _ bytes: [UInt8], name: String, file: Int = 0, limits: YAMLLimits = YAMLLimits()
  ) -> YAMLDocuments {
    let source = SourceText(name: name, bytes: bytes)
    var composer = YAMLComposer(source: source, file: file, limits: limits)
    composer.run()
    return YAMLDocuments(source: source, documents: composer.documents, issues: composer.issues)
  }

  /// Reads a file that is to hold exactly one document: none, or a second one, is an issue.
  public static func parseOne(
    _ bytes: [UInt8], name: String, file: Int = 0, limits: YAMLLimits = YAMLLimits()
  ) -> (root: YAMLNode?, source: SourceText, issues: [YAMLIssue]) {
    var stream = parse(bytes, name: name, file: file, limits: limits)
    if let second = stream.documents.dropFirst().first, let first = stream.documents.first {
      stream.issues.append(
        YAMLIssue(
          .severalDocuments, "a second document begins here; the file must hold one", mark: second.mark,
          help: "remove the `---` between the two, or keep them in files of their own",
          related: [.init("the first document is here", mark: first.mark)]))
    }
    if stream.issues.isEmpty, stream.documents.first.map({ $0.isNull && $0.mark.offset == $0.mark.end }) ?? true {
      stream.issues.append(YAMLIssue(.emptyDocument, "the file is empty", mark: .start(ofFile: file)))
      return (nil, stream.source, stream.issues)
    }
    return (stream.documents.first, stream.source, stream.issues)
  }
}
