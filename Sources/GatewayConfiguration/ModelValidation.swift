/// `validation:`: how requests and responses are checked, and how mistakes in them are told.
///
/// What holds for one route comes from several keys: ask `GatewayFile.coercion(of:)` and its siblings.
public struct ValidationSettings: Sendable, Equatable {
  public var profile = ValidationProfile.default
  /// As written; nil: what the profile has.
  public var coercion: Coercion?
  /// Entries of a 422; what is found beyond them is not told. From 1 to 1000. Nil: see `entryLimit`.
  public var maxErrors: Int?
  /// Entries may carry a hint, such as that a member was sent by its internal name instead of its alias.
  public var hints = true
  /// Entries of a 422 are written to the log in full.
  public var log = false
  public var responses = ResponseValidation.off

  public init() {}

  /// As written, else 100; FastAPI tells all, so its profile gets as many as there may be.
  public var entryLimit: Int { maxErrors ?? (profile == .fastapi ? 1000 : 100) }
}

public enum ValidationProfile: String, Sendable, CaseIterable {
  /// JSON Schema's own semantics.
  case `default`
  /// Answers as FastAPI gives them: lax bodies, its wording and order, the last of duplicate keys.
  case fastapi
}

/// Whether a body's value may be read as another type than it has.
public enum Coercion: String, Sendable, CaseIterable {
  /// `"1"` is no integer.
  case strict
  /// Pydantic's table: `"1"` is the integer 1.
  case lax
}

/// What is done about responses that do not fit their schema.
public enum ResponseValidation: String, Sendable, CaseIterable {
  case off
  /// They are sent, and the log says what is wrong.
  case log
  /// 500 without internals; the log says what is wrong.
  case enforce
}

/// What JSON that names a member twice is.
public enum DuplicateKeys: String, Sendable, CaseIterable {
  /// 422 at the second.
  case refuse
  /// The last one counts.
  case last
}

/// `validation:` of one route. Nil members: the file's.
public struct RouteValidation: Sendable, Equatable {
  public var coercion: Located<Coercion>?
  public var log: Bool?
  public var responses: ResponseValidation?

  public init() {}
}

// MARK: What holds for a route

extension GatewayFile {
  /// The body's own key, then the route's, then the file's, then the profile's.
  public func coercion(of route: Route) -> Coercion {
    route.body?.coercion?.value ?? route.validation.coercion?.value ?? validation.coercion
      ?? (validation.profile == .fastapi ? .lax : .strict)
  }

  /// The body's own key, then the profile's.
  public func duplicateKeys(of route: Route) -> DuplicateKeys {
    route.body?.duplicateKeys ?? (validation.profile == .fastapi ? .last : .refuse)
  }

  public func logsViolations(of route: Route) -> Bool { route.validation.log ?? validation.log }

  public func responseValidation(of route: Route) -> ResponseValidation {
    route.validation.responses ?? validation.responses
  }
}
