/// What a form may hold, in bytes and numbers. The defaults are FastAPI's where it has one.
public struct FormLimits: Sendable, Equatable {
  /// Fields of a urlencoded form; parts of a multipart form that are not files.
  public var fields = 1000
  public var files = 1000
  /// Bytes of one field's value, and of one urlencoded field with its name before decoding.
  public var fieldSize = 1 << 20
  /// Bytes of one file.
  public var fileSize = Int.max
  /// Bytes of a multipart form that have to be in memory: the values of all fields and the heads of all parts.
  public var text = 4 << 20
  /// Bytes of the whole body, framing included.
  public var total = Int.max
  /// Bytes of the header lines of one part.
  public var partHead = 8 << 10

  public init() {}
}
