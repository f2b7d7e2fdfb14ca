/// What one message may cost. Every limit answers an abuse; sizes are bytes.
public struct HTTPLimits: Sendable, Equatable {
  /// Start line without its line end; over it a request is 414.
  public var startLine = 8 * 1024
  /// Whole head; over it a request is 431.
  public var head = 32 * 1024
  /// Fields in a head; over it a request is 431.
  public var fields = 100
  /// Trailer section (bytes) and its fields count against `fields`; over it 431.
  public var trailers = 8 * 1024
  /// Bytes of a chunk-size line, extension included, and all chunk framing together may not exceed
  /// the body by more than `chunkOverhead` (extension floods, CVE-2024-22019's class).
  public var chunkLine = 256
  public var chunkOverhead = 16 * 1024
  /// Informational (1xx) heads that an upstream may send before its final one; over it the response is refused.
  public var informationalHeads = 16

  public init() {}
}
