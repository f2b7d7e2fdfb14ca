import NIOCore

/// A run of bytes inside a message's received bytes, counted from the first readable byte of that message's buffer.
///
/// Names, values and targets stay ranges until someone asks for text, so a request that nobody looks at costs no copy.
public struct ByteRange: Sendable, Equatable {
  public var start: UInt32
  public var count: UInt32

  @inlinable
  public init(start: UInt32, count: UInt32) {
    self.start = start
    self.count = count
  }

  @inlinable
  public init(_ range: Range<Int>) {
    self.start = UInt32(truncatingIfNeeded: range.lowerBound)
    self.count = UInt32(truncatingIfNeeded: range.count)
  }

  @inlinable public var lowerBound: Int { Int(start) }
  @inlinable public var upperBound: Int { Int(start) + Int(count) }
  @inlinable public var isEmpty: Bool { count == 0 }
}

extension UnsafeRawBufferPointer {
  /// The bytes that `range` names; empty where the range does not lie inside this buffer.
  @inlinable
  public subscript(_ range: ByteRange) -> UnsafeRawBufferPointer {
    guard range.upperBound <= count else { return UnsafeRawBufferPointer(start: nil, count: 0) }
    return UnsafeRawBufferPointer(rebasing: self[range.lowerBound..<range.upperBound])
  }
}
