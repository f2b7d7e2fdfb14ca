/// A private copy of a plugin that was checked, to be opened in another process. It is there as long as this is.
public struct CheckedCopy: Sendable {
  let copy: PluginCopy
  public let digest: FileDigest
  public let note: PluginNote
  /// Found on the way.
  public let warnings: [PluginProblem]

  public var path: String { copy.path }
}
