/// Why a listener could not be opened: what happened, where, and what mends it.
public struct ListenError: Error, Sendable, Equatable, CustomStringConvertible {
  public enum Kind: Sendable, Equatable {
    case inUse
    /// A port that only a privileged process may open, or a directory that may not be written.
    case permission
    /// The machine has no such address.
    case notAvailable
    case unknownName
    /// A Unix socket's path that is too long, has no directory, or belongs to something else than a dead socket.
    case badPath
    /// Not enough file descriptors for the listeners and at least a few connections.
    case descriptors
    case system
  }

  public var kind: Kind
  /// The listener as written, or empty where none is meant.
  public var address: String
  public var message: String
  public var remedy: String?

  public init(_ kind: Kind, address: String, message: String, remedy: String? = nil) {
    self.kind = kind
    self.address = address
    self.message = message
    self.remedy = remedy
  }

  public var description: String {
    let start = address.isEmpty ? message : "cannot listen on \(address): \(message)"
    return remedy.map { "\(start); \($0)" } ?? start
  }
}
