/// What an answer has to know of a file.
public struct FileState: Sendable, Equatable {
  /// Bytes.
  public let size: Int
  /// Seconds since the epoch, and the rest of the time of the last change.
  public var modified: Int
  public var modifiedNanoseconds: Int

  public init(size: Int, modified: Int, modifiedNanoseconds: Int = 0) {
    self.size = max(size, 0)
    self.modified = modified
    self.modifiedNanoseconds = modifiedNanoseconds
  }
}
