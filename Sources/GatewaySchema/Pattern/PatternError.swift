/// Why a pattern cannot be compiled. A mistake in the configuration, never one of a request.
public struct PatternError: Error, Sendable, Hashable, CustomStringConvertible {
  public var message: String
  /// Code points before the mistake.
  public var position: Int

  public var description: String { "\(message) (at character \(position + 1))" }
}
