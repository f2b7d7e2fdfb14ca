/// How a provider's values may be taken by another plugin than its own: one entry of `provides` in its declaration.
public struct ProvidedView: Sendable, Locatable {
  public enum Kind: String, Sendable { case json, service }

  public var kind = Kind.json
  public var name: Located<String> = ""
  /// `MAJOR.MINOR`.
  public var version: Located<String> = ""
  /// What the JSON always fits; nil: nothing is known.
  public var schema: LocatedJSON?
  /// A provider of the same plugin that makes the value from such JSON, given as its `config`.
  public var decoder: Located<String>?
  public var location = Location.none

  public init() {}
}

/// What an input of type `json:` is held against: one entry of `requires` in a declaration.
public struct RequiredView: Sendable {
  /// The input.
  public var name: Located<String> = ""
  public var schema = LocatedJSON(.bool(true))

  public init() {}
}
