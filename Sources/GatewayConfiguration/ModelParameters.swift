import GatewayJSON

public enum ParameterPlace: String, Sendable, CaseIterable {
  case path, query, header, cookie
}

/// How a parameter that is a list or an object is written (OpenAPI 3.1 §4.8.12.1).
public enum ParameterStyle: String, Sendable, CaseIterable {
  case form, spaceDelimited, pipeDelimited, deepObject, simple, label, matrix
}

extension ParameterPlace {
  /// The default first.
  public var styles: [ParameterStyle] {
    switch self {
    case .path: [.simple, .label, .matrix]
    case .query: [.form, .spaceDelimited, .pipeDelimited, .deepObject]
    case .header: [.simple]
    case .cookie: [.form]
    }
  }
}

/// One entry of a route's `parameters:`. Optional members are as written: what the file leaves out, the plugin's
/// declaration may say. What holds where neither says anything is what the computed members give.
public struct RouteParameter: NamedEntry {
  public var name: Located<String> = ""
  public var writtenPlace: Located<ParameterPlace>?
  /// As written; else `path` where the pattern has a parameter of this name, else `query`.
  public var place = ParameterPlace.query
  /// As written. A path parameter is always required, and never says that it is not.
  public var isRequired: Located<Bool>?
  /// The exact name on the wire, where it is another.
  public var alias: Located<String>?
  /// As written, and possible in `place`.
  public var style: Located<ParameterStyle>?
  public var explode: Located<Bool>?
  /// An object whose members are read from all names of the place. Then there are neither alias nor style nor explode.
  public var gather: Located<Bool>?
  /// Header fields only: `x_token` is read from `x-token`. As written.
  public var convertsUnderscores: Located<Bool>?
  /// Kept out of the document. As written.
  public var isHidden: Bool?
  /// The entry without its other keys: at least `{}`.
  public var schema = LocatedJSON(.object(JSONObject()))

  public init() {}
}

extension RouteParameter {
  /// What is looked for in the request: the alias as it is written, else the name; in a header with `-` for `_`. Field
  /// names are compared without case, so they are in lower case here.
  public var wireName: String {
    guard place == .header else { return (alias ?? name).value }
    if let alias { return alias.value.lowercased() }
    let name = name.value.lowercased()
    return convertsUnderscores?.value ?? true ? String(name.map { $0 == "_" ? "-" : $0 }) : name
  }

  public var gathers: Bool { gather?.value ?? false }

  public var effectiveStyle: ParameterStyle { style?.value ?? place.styles[0] }

  /// As written, else true for `form` and for `deepObject`, which means nothing otherwise.
  public var explodes: Bool { explode?.value ?? (effectiveStyle == .form || effectiveStyle == .deepObject) }
}
