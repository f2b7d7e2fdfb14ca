import GatewayYAML

/// A place in a configuration file, in both ways a person looks for it: line and column, and key path.
public struct Location: Sendable, Hashable {
  public var mark: Mark
  /// Such as `routes[2].parameters.book_id.minimum`; empty for the whole file.
  public var keyPath: String

  public init(mark: Mark, keyPath: String) {
    self.mark = mark
    self.keyPath = keyPath
  }

  /// For values that no file says: defaults, and models made in code.
  public static let none = Location(mark: .start(ofFile: -1), keyPath: "")
}

/// Anything a diagnostic can point at.
public protocol Locatable {
  var location: Location { get }
}

extension Location: Locatable {
  public var location: Location { self }
}

/// A value, and where the file says it.
public struct Located<Value: Sendable>: Sendable, Locatable {
  public var value: Value
  public var location: Location

  public init(_ value: Value, at location: Location = .none) {
    self.value = value
    self.location = location
  }

  public func map<Other>(_ transform: (Value) -> Other) -> Located<Other> {
    Located<Other>(transform(value), at: location)
  }
}

/// Two values are the same when they say the same, wherever they say it.
extension Located: Equatable where Value: Equatable {
  public static func == (left: Located, right: Located) -> Bool { left.value == right.value }
}

extension Located: Hashable where Value: Hashable {
  public func hash(into hasher: inout Hasher) { hasher.combine(value) }
}

extension Located: ExpressibleByUnicodeScalarLiteral where Value == String {
  public init(unicodeScalarLiteral value: String) { self.init(value) }
}

extension Located: ExpressibleByExtendedGraphemeClusterLiteral where Value == String {
  public init(extendedGraphemeClusterLiteral value: String) { self.init(value) }
}

extension Located: ExpressibleByStringLiteral where Value == String {
  public init(stringLiteral value: String) { self.init(value) }
}
