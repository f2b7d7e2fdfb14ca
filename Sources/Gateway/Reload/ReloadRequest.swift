/// What is to be read again.
public enum ReloadRequest: Sendable, Hashable, CustomStringConvertible {
  /// The configuration, and every plugin's file. A plugin that was rolled back stays where it is while its file is still the
  /// one that it was rolled back from.
  case everything
  /// The configuration, and the files of these plugins; the other plugins keep the content that they run with.
  case plugins(Set<String>)
  /// Nothing: that plugin's generation before the present one comes back.
  case rollback(String)

  public var description: String {
    switch self {
    case .everything: "reload"
    case .plugins(let names): "reload of \(names.sorted().joined(separator: ", "))"
    case .rollback(let name): "rollback of \(name)"
    }
  }
}
