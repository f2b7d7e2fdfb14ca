/// A mistake, or something doubtful, in a schema; points into it.
public struct SchemaProblem: Sendable, Hashable, CustomStringConvertible {
  /// The named schema it is in; nil in the schema that was compiled.
  public var resource: String?
  /// JSON Pointer (RFC 6901) to the offending keyword or value.
  public var pointer: String
  public var message: String

  public init(resource: String? = nil, pointer: String, message: String) {
    self.resource = resource
    self.pointer = pointer
    self.message = message
  }

  public var description: String { "\(resource ?? "")#\(pointer): \(message)" }
}

/// What compiling gave. `schema` is nil exactly where there are problems; warnings never stop anything.
public struct SchemaCompilation: Sendable {
  public var schema: Schema?
  public var problems: [SchemaProblem]
  public var warnings: [SchemaProblem]
}
