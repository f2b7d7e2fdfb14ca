/// Something about a set of routes that the configuration should hear about.
public struct RouteConflict: Sendable, Equatable {
  public enum Kind: Sendable, Equatable {
    /// Two routes match the same requests and nothing says which goes first.
    case tie
    /// The first route never gets a request, because the others always go first.
    case shadowed
    /// The patterns overlap so much that one request could cost more steps than allowed.
    case tooManySteps(worst: Int, limit: Int)
  }

  public enum Severity: Sendable, Equatable { case error, warning }

  public let kind: Kind
  /// Indexes as given to `add`: both routes of a tie; the shadowed route, then those that shadow it; for too many
  /// steps some of the routes that overlap.
  public let routes: [Int]
  /// One sentence: what is wrong and what would mend it.
  public let explanation: String

  public var severity: Severity {
    switch kind {
    case .tie, .tooManySteps: .error
    case .shadowed: .warning
    }
  }
}
