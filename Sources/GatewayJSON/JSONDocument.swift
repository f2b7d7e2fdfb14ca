/// Points at one value of a parsed document. It means nothing to any other document.
public struct JSONIndex: Hashable, Sendable {
  public let position: Int

  public init(position: Int) { self.position = position }
  public static let root = JSONIndex(position: 0)
}

/// A parsed JSON text: a flat tape of 16-byte words over bytes that stay where they are.
///
/// Made to be kept: once the tape is big enough, parsing allocates nothing. The parser is iterative, so depth costs no
/// stack, and every limit is in `JSONLimits`. The tape takes at most 16 bytes a byte of text (`[0,0,0,…]`, and capacity
/// doubles), usually one or two.
///
/// Access through `JSONIndex` checks bounds: an index from elsewhere reads as an absent value, never out of the tape.
public struct JSONDocument: ~Copyable {
  public var limits: JSONLimits

  // Plain memory instead of arrays: the parser writes through one pointer without bounds or uniqueness checks, and
  // readers pay no retain. Owned by this value alone (`~Copyable`), freed in `deinit`; `count` words are initialized.
  var nodes: UnsafeMutablePointer<JSONNode>
  var capacity: Int
  var count: Int
  var source: UnsafeRawBufferPointer
  var ownedSource: UnsafeMutableRawBufferPointer?
  var duplicates: DuplicateKeys

  static let initialCapacity = 64

  public init(limits: JSONLimits = JSONLimits()) {
    self.limits = limits
    nodes = .allocate(capacity: JSONDocument.initialCapacity)
    capacity = JSONDocument.initialCapacity
    count = 0
    source = UnsafeRawBufferPointer(start: nil, count: 0)
    ownedSource = nil
    duplicates = DuplicateKeys()
  }

  /// Parses a copy of `text`, which the document keeps.
  public init(_ text: some Collection<UInt8>, limits: JSONLimits = JSONLimits()) throws(JSONSyntaxError) {
    self.init(limits: limits)
    try parse(copying: text)
  }

  deinit {
    nodes.deallocate()
    ownedSource?.deallocate()
  }

  /// Parses `text`, replacing what the document held. On an error the document is empty.
  ///
  /// Nothing is copied: `text` must stay valid and unchanged for as long as values of this document are read.
  public mutating func parse(_ text: UnsafeRawBufferPointer) throws(JSONSyntaxError) {
    ownedSource?.deallocate()
    ownedSource = nil
    try parseSource(text)
  }

  /// Parses a copy of `text` that lives as long as this document or until the next parse.
  public mutating func parse(copying text: some Collection<UInt8>) throws(JSONSyntaxError) {
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: max(text.count, 1), alignment: 8)
    copy.copyBytes(from: text)
    ownedSource?.deallocate()
    ownedSource = copy
    try parseSource(UnsafeRawBufferPointer(rebasing: copy[..<text.count]))
  }

  /// Forgets the parsed text, and gives memory back where the tape has grown beyond `maximumNodes` words (16 bytes
  /// each): one large body should not be paid for by an idle connection.
  public mutating func reset(keepingAtMost maximumNodes: Int = 4096) {
    count = 0
    source = UnsafeRawBufferPointer(start: nil, count: 0)
    ownedSource?.deallocate()
    ownedSource = nil
    duplicates.release()
    guard capacity > max(maximumNodes, JSONDocument.initialCapacity) else { return }
    nodes.deallocate()
    nodes = .allocate(capacity: JSONDocument.initialCapacity)
    capacity = JSONDocument.initialCapacity
  }

  /// True before the first parse and after a failed one.
  public var isEmpty: Bool { count == 0 }
  /// Words on the tape.
  public var nodeCount: Int { count }
  /// Bytes of the parsed text.
  public var byteCount: Int { source.count }

  /// Fast, unchecked access; nil for an empty document.
  @inlinable
  public borrowing func withTape<R>(_ body: (UnsafeJSONTape) -> R) -> R? {
    guard let tape = unsafeTape else { return nil }
    return body(tape)
  }

  /// See `UnsafeJSONTape` for what the caller must hold to; prefer `withTape`.
  public var unsafeTape: UnsafeJSONTape? {
    guard count > 0, let bytes = source.baseAddress else { return nil }
    return UnsafeJSONTape(nodes: UnsafePointer(nodes), count: count, bytes: bytes)
  }

  @inline(never)
  mutating func grow(keeping count: Int) {
    let larger = UnsafeMutablePointer<JSONNode>.allocate(capacity: capacity * 2)
    larger.update(from: nodes, count: count)
    nodes.deallocate()
    nodes = larger
    capacity *= 2
  }
}
