/// Walks a raw query (without `?`) as FastAPI splits it: on `&` only (`;` is data), the first `=` ends the name, a
/// piece without `=` has the value "", empty pieces are skipped. Names and values come as ranges of raw bytes;
/// `PercentCoding.decodeForm` makes text of them.
///
/// Holds a pointer: use it inside the closure that gave the bytes.
public struct QueryIterator: Sequence, IteratorProtocol {
  public struct Pair: Sendable, Equatable {
    public var name: ByteRange
    /// Empty, at the piece's end, where there is no `=`.
    public var value: ByteRange
  }

  private let bytes: UnsafeRawBufferPointer
  private var position = 0

  public init(_ query: UnsafeRawBufferPointer) { bytes = query }

  public mutating func next() -> Pair? {
    while position < bytes.count {
      let start = position
      let end = ByteScan.byte(UInt8(ascii: "&"), bytes, from: start, to: bytes.count)
      position = end + 1
      if end == start { continue }
      let equals = ByteScan.byte(UInt8(ascii: "="), bytes, from: start, to: end)
      return Pair(
        name: ByteRange(from: start, to: equals), value: ByteRange(from: Swift.min(equals + 1, end), to: end))
    }
    return nil
  }
}
