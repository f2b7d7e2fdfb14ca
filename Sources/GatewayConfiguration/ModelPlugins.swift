import GatewayJSON

/// `plugins.<name>`: a library and what it is told.
public struct PluginEntry: NamedEntry {
  public var name: Located<String> = ""
  /// The base name: `Bookshop` stands for `libBookshop.so` on the plugin path. The entry's own name where the file
  /// gives none.
  public var library: Located<String> = ""
  /// The file itself; replaces the search.
  public var path: Located<String>?
  /// 64 hexadecimal digits: the SHA-256 that its file must have.
  public var sha256: Located<String>?
  /// Handed to the plugin as JSON; an empty object where the file says nothing.
  public var config = LocatedJSON(.object(JSONObject()))

  public init() {}
}

/// `plugin.name`, a handler or a provider inside a plugin. That the plugin is declared is checked here; that it has
/// such a member can only be seen once it is open.
public struct PluginReference: Sendable, Equatable, Locatable {
  public var plugin: Located<String> = ""
  public var member: Located<String> = ""
  /// The whole reference.
  public var location = Location.none

  public init() {}
}

extension PluginReference: CustomStringConvertible {
  public var description: String { plugin.value + "." + member.value }
}

public enum DependencyScope: String, Sendable, CaseIterable {
  case app, request, handler
}

/// `dependencies.<name>`: who makes it, how long it lives, what it is made of.
public struct Dependency: NamedEntry {
  public var name: Located<String> = ""
  public var provider = PluginReference()
  /// Nil: the provider's own scope.
  public var scope: Located<DependencyScope>?
  public var needs: [Need] = []
  public var config = LocatedJSON(.object(JSONObject()))
  /// False: every reference to it gets a value of its own.
  public var cache: Located<Bool>?
  /// It is made while other dependencies of the same request are.
  public var parallel: Located<Bool>?
  /// How many of its values may be there at once, in the whole process.
  public var maxConcurrency: Located<Int>?
  /// How many requests may wait for one of them.
  public var queue: Located<Int>?

  /// `queue` where the file says nothing.
  public static let standardQueue = 100

  public init() {}
}

/// Which dependency an input of a handler or provider gets.
public struct Need: Sendable, Equatable {
  /// The name in the handler or provider.
  public var input: Located<String>
  /// The name under `dependencies:`.
  public var dependency: Located<String>
  /// False: the input gets a value of its own.
  public var cache: Located<Bool>?
  /// What security providers on the way are told to ask for.
  public var scopes: [Located<String>]

  public init(
    input: Located<String>, dependency: Located<String>, cache: Located<Bool>? = nil, scopes: [Located<String>] = []
  ) {
    self.input = input
    self.dependency = dependency
    self.cache = cache
    self.scopes = scopes
  }
}
