/// `body:` of a route. Optional members are as written: what the file leaves out, the plugin's declaration may say.
///
/// At most one of `schema`, `content` and `embed`; none: any body up to `maxSize`, or what the plugin declares.
public struct RouteBody: Sendable, Locatable {
  public var location = Location.none
  /// Of `application/json` and types that end in `+json`.
  public var schema: SchemaReference?
  /// By media type, in the order of the file; never empty.
  public var content: [BodyContent]?
  /// Several values in one JSON object, keyed by name; never empty.
  public var embed: [EmbeddedBody]?
  /// Bytes; nil: the server's limit.
  public var maxSize: Located<Int>?
  /// Nil, and the plugin says nothing: true.
  public var isRequired: Located<Bool>?
  public var coercion: Located<Coercion>?
  /// `content-encoding` of requests that are read; empty: any is 415. Nil: all.
  public var contentEncodings: [ContentEncoding]?
  /// Nil, and the plugin says nothing: `FormLimits()`.
  public var form: FormLimits?
  /// Nil: what the profile has.
  public var duplicateKeys: DuplicateKeys?

  public init() {}
}

/// The body as one media type.
public struct BodyContent: Sendable {
  /// In lower case, without parameters: `image/png`, `image/*` or `*/*`.
  public var mediaType: Located<String>
  public var schema: SchemaReference

  public init(mediaType: Located<String>, schema: SchemaReference) {
    self.mediaType = mediaType
    self.schema = schema
  }
}

/// One of several values in a body.
public struct EmbeddedBody: NamedEntry {
  public var name: Located<String> = ""
  public var schema: SchemaReference
  /// Nil, and the plugin says nothing: true.
  public var isRequired: Located<Bool>?

  public init(schema: SchemaReference) {
    self.schema = schema
  }
}

/// Encodings of request bodies that can be undone.
public enum ContentEncoding: String, Sendable, CaseIterable {
  case gzip, deflate
}

/// What a form may hold, urlencoded or multipart. Sizes are bytes; over them 413.
public struct FormLimits: Sendable, Equatable {
  public var maxFields = 1000
  public var maxFiles = 1000
  public var maxFieldSize = 1 << 20
  /// Nil: the body's limit.
  public var maxFileSize: Int?
  /// A file above it goes to `server.temporary_directory`.
  public var memory = 1 << 20

  public init() {}
}

/// One entry of a route's `responses:`. Optional members are as written.
///
/// At most one of `schema` and `content`; neither for a status without body.
public struct RouteResponse: Sendable {
  public var status: Located<Int>
  /// Of `application/json`. A name may be a schema of the file or one that the plugin declares.
  public var schema: SchemaReference?
  /// By media type, in the order of the file; never empty.
  public var content: [BodyContent]?
  public var description: String?
  public var headers: [DeclaredHeader] = []
  /// Members that are null are left out.
  public var excludesNone: Bool?
  /// Members that have their schema's default are left out.
  public var excludesDefaults: Bool?

  public init(status: Located<Int>) {
    self.status = status
  }

  /// Informational, 204, 205 and 304 (RFC 9110 §6.4.1, §15.3.6): no body, so no schema of one.
  public static func hasBody(_ status: Int) -> Bool {
    status >= 200 && ![204, 205, 304].contains(status)
  }
}

/// A field that a response carries.
public struct DeclaredHeader: NamedEntry {
  /// In lower case.
  public var name: Located<String> = ""
  public var schema: SchemaReference?
  public var description: String?

  public init() {}
}
