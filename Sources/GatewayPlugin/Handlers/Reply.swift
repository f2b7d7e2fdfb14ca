/// A value as the answer of a typed handler, with header fields or a status of its own beside it.
///
///     return Reply(book, headers: ["location": "/books/\(book.id)"])
public struct Reply<Value: SchemaType>: Sendable {
  /// Written as JSON.
  public var value: Value
  /// Instead of the handler's declared status.
  public var status: Int?
  /// Further fields.
  public var headers: Headers

  /// - Parameter status: the handler's declared one where nil.
  public init(_ value: Value, status: Int? = nil, headers: Headers = [:]) {
    self.value = value
    self.status = status
    self.headers = headers
  }
}

extension Response {
  /// A value as JSON.
  public static func json(_ value: some SchemaType, status: Int = 200, headers: Headers = [:]) -> Response {
    var json = JSONWriter()
    value.write(to: &json)
    return .json(json.finish(), status: status, headers: headers)
  }

  // What a typed handler returned, as its answer. The macros call these.

  /// The value as JSON.
  public static func of(_ value: some SchemaType, status: Int) -> Response { .json(value, status: status) }
  /// The reply's value as JSON, with its own status where it has one.
  public static func of(_ reply: Reply<some SchemaType>, status: Int) -> Response {
    .json(reply.value, status: reply.status ?? status, headers: reply.headers)
  }
  /// The response as it is; its own status counts.
  public static func of(_ response: Response, status: Int) -> Response { response }
  /// An answer without a body.
  public static func of(_ nothing: Void, status: Int) -> Response { Response(status: status) }

  @available(*, unavailable, message: "a handler returns a @Schema type, a Reply, a Response or nothing")
  @_disfavoredOverload
  public static func of<Value>(_ value: Value, status: Int) -> Response { Response(status: 500) }
}
