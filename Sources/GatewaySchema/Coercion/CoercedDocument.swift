import GatewayJSON

#if canImport(Glibc)
  import Glibc
#endif

/// Where coerced values go: a document over text of its own. Made to be kept (one for each event loop): once its memory
/// is big enough, coercing a valid document allocates little or nothing.
public struct CoercedDocument: ~Copyable {
  /// The coerced value after a call that answered `.rewritten`; empty otherwise. Valid until the next use.
  public private(set) var document: JSONDocument
  var bytes: [UInt8] = []
  // The parser keeps addresses into its text, so that lies in memory of its own; an array's may move.
  private var text: UnsafeMutableRawBufferPointer

  public init() {
    // What comes out can be deeper than what came in only by the depth of a default.
    document = JSONDocument(limits: JSONLimits(depth: JSONLimits.maximumDepth, duplicateKeys: .lastWins))
    text = .allocate(byteCount: 256, alignment: 8)
  }

  deinit { text.deallocate() }

  /// Bytes of the coerced value as compact JSON; nil where there is none.
  public var byteCount: Int { document.byteCount }

  /// Gives back what one large body has taken: more than `maximumBytes` of text, and a tape of that size.
  public mutating func reset(keepingAtMost maximumBytes: Int = 65_536) {
    document.reset(keepingAtMost: maximumBytes / 16)
    if bytes.capacity > maximumBytes { bytes = [] }
    bytes.removeAll(keepingCapacity: true)
    guard text.count > maximumBytes else { return }
    text.deallocate()
    text = .allocate(byteCount: 256, alignment: 8)
  }

  /// Parses what has been written to `bytes`. False where it is not JSON within limits: nested too deep, or over 2 GiB.
  mutating func finish() -> Bool {
    if text.count < bytes.count {
      text.deallocate()
      text = .allocate(byteCount: max(bytes.count, text.count &* 2), alignment: 8)
    }
    text.copyBytes(from: bytes)
    do throws(JSONSyntaxError) {
      try document.parse(UnsafeRawBufferPointer(rebasing: text[..<bytes.count]))
      return true
    } catch {
      return false
    }
  }

  /// Nothing in it.
  mutating func clear() {
    document.reset(keepingAtMost: .max)
    bytes.removeAll(keepingCapacity: true)
  }
}
