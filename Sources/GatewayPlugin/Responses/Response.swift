/// An answer: a handler returns it, a provider throws it to end the exchange with it.
///
///     guard let user else { throw Response.redirect(to: "/login", status: 303) }
public struct Response: Sendable, Error {
  enum Body: Sendable {
    case empty
    case fixed(StaticString)
    case bytes([UInt8])
    case text(String)
    /// A file of the gateway's file system, by path.
    case file(String)
    case stream(@Sendable (ResponseWriter) async throws -> Void)
  }

  /// 200 to 599. Anything else becomes a 500, and the log says why.
  public var status: Int
  /// Sent as `content-type` unless nil.
  public var contentType: StaticString?
  /// Further fields.
  public var headers: Headers
  var body: Body

  init(status: Int, contentType: StaticString?, headers: Headers, body: Body) {
    self.status = status
    self.contentType = contentType
    self.headers = headers
    self.body = body
  }

  /// Without a body.
  public init(status: Int, headers: Headers = [:]) {
    self.init(status: status, contentType: nil, headers: headers, body: .empty)
  }

  /// With a body of bytes.
  public init(
    status: Int = 200, contentType: StaticString = "application/octet-stream", headers: Headers = [:], bytes: [UInt8]
  ) {
    self.init(status: status, contentType: contentType, headers: headers, body: .bytes(bytes))
  }

  /// Text in UTF-8.
  public static func text(_ text: String, status: Int = 200, headers: Headers = [:]) -> Response {
    Response(status: status, contentType: "text/plain; charset=utf-8", headers: headers, body: .text(text))
  }

  /// JSON that is written already, in UTF-8.
  public static func json(_ json: [UInt8], status: Int = 200, headers: Headers = [:]) -> Response {
    Response(status: status, contentType: "application/json", headers: headers, body: .bytes(json))
  }

  /// JSON that is written already.
  public static func json(text: String, status: Int = 200, headers: Headers = [:]) -> Response {
    Response(status: status, contentType: "application/json", headers: headers, body: .text(text))
  }

  /// JSON that never changes; costs no copy in the plugin.
  public static func json(fixed: StaticString, status: Int = 200, headers: Headers = [:]) -> Response {
    Response(status: status, contentType: "application/json", headers: headers, body: .fixed(fixed))
  }

  /// Empty for files and streams.
  var wholeBody: [UInt8] {
    switch body {
    case .empty, .file, .stream: []
    case .fixed(let text): text.withUTF8Buffer { [UInt8]($0) }
    case .bytes(let bytes): bytes
    case .text(let text): [UInt8](text.utf8)
    }
  }

  /// 204.
  public static var noContent: Response { Response(status: 204) }
}
