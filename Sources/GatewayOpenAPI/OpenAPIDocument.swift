import GatewayJSON

/// Makes OpenAPI 3.1 documents.
public enum OpenAPIDocument {
  public struct Result: Sendable {
    /// Always a valid document, whatever the problems: what could not be said is not in it.
    public var document: JSONValue
    public var problems: [OpenAPIProblem]
  }

  /// The document of an API. The same description gives the same bytes.
  ///
  /// Rules:
  /// - Paths are in the order of the operations, components in the order of their names. HEAD and OPTIONS are listed
  ///   only
  ///   where a route names them; methods that OpenAPI 3.1 has no word for are left out, with a note.
  /// - Two patterns that differ only in names or kinds are one path, under the first one's names.
  /// - `operationId`: the route's own, else FastAPI's `name_path_method`; a number is added where that is taken.
  /// - 422 is listed where the operation has a parameter or a body and none of 422, 4XX and `default` is declared; 401
  ///   where credentials are needed, 403 where scopes are; 404 where the pattern itself constrains a parameter
  ///   (`{id:int}`); 415 where the body names its media types, 413 where the route limits it; 502, 503 and 504 for
  ///   proxies. All but 422 refer to shared responses.
  /// - Hosts: with `host` the document is the one for that host: the routes of other hosts are left out, and of two for
  ///   the same path the one that the gateway would choose is described. Without, every route is in; one that is bound
  ///   to a host says so by `servers`, and of two for the same path the first is described and the other noted.
  public static func make(from description: APIDescription, host: String? = nil) -> Result {
    var builder = DocumentBuilder(description, host: host)
    return builder.build()
  }

  /// The document as JSON text, with two blanks a level and a line break at the end where it is `pretty`.
  public static func bytes(of document: JSONValue, pretty: Bool = false) -> [UInt8] {
    guard !pretty else { return PrettyJSON.bytes(of: document) }
    var writer = JSONWriter(reservingCapacity: 16 * 1024)
    writer.value(document)
    return writer.bytes
  }

  /// A strong entity tag of the bytes, with its quotes.
  public static func entityTag(of bytes: [UInt8]) -> String {
    let digits = DocsPageHash.digest(bytes).prefix(16).map { byte in
      let text = String(byte, radix: 16)
      return text.count == 1 ? "0" + text : text
    }
    return "\"\(digits.joined())\""
  }
}

/// Indented JSON, for people and for line-by-line comparison.
enum PrettyJSON {
  static func bytes(of value: JSONValue) -> [UInt8] {
    var bytes: [UInt8] = []
    append(value, depth: 0, to: &bytes)
    bytes.append(UInt8(ascii: "\n"))
    return bytes
  }

  private static func append(_ value: JSONValue, depth: Int, to bytes: inout [UInt8]) {
    switch value {
    case .array(let items) where !items.isEmpty:
      bytes.append(UInt8(ascii: "["))
      for (index, item) in items.enumerated() {
        line(depth + 1, isFirst: index == 0, to: &bytes)
        append(item, depth: depth + 1, to: &bytes)
      }
      line(depth, isFirst: true, to: &bytes)
      bytes.append(UInt8(ascii: "]"))
    case .object(let object) where !object.isEmpty:
      bytes.append(UInt8(ascii: "{"))
      for (index, member) in object.members.enumerated() {
        line(depth + 1, isFirst: index == 0, to: &bytes)
        scalar(.string(member.name), to: &bytes)
        bytes += [UInt8(ascii: ":"), UInt8(ascii: " ")]
        append(member.value, depth: depth + 1, to: &bytes)
      }
      line(depth, isFirst: true, to: &bytes)
      bytes.append(UInt8(ascii: "}"))
    default: scalar(value, to: &bytes)
    }
  }

  private static func line(_ depth: Int, isFirst: Bool, to bytes: inout [UInt8]) {
    if !isFirst { bytes.append(UInt8(ascii: ",")) }
    bytes.append(UInt8(ascii: "\n"))
    bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: depth * 2))
  }

  private static func scalar(_ value: JSONValue, to bytes: inout [UInt8]) {
    var writer = JSONWriter(appendingTo: bytes)
    bytes = []
    writer.value(value)
    bytes = writer.bytes
  }
}
