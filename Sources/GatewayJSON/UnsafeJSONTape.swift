/// A parsed document as bare pointers, for code that reads many values and has checked its indexes by construction.
///
/// Unsafe in two ways, both the caller's duty: it is valid only inside the `withTape` call that handed it out, and
/// indexes must come from it (`0`, `firstChild`, `next`). Everything else uses `JSONDocument`, which checks.
@frozen
public struct UnsafeJSONTape {
  public let nodes: UnsafePointer<JSONNode>
  public let count: Int
  public let bytes: UnsafeRawPointer

  // Inlinable: the tape is read in the schema's inner loops, in another module.
  @inlinable
  public init(nodes: UnsafePointer<JSONNode>, count: Int, bytes: UnsafeRawPointer) {
    self.nodes = nodes
    self.count = count
    self.bytes = bytes
  }

  @inlinable
  public subscript(_ index: Int) -> JSONNode { nodes[index] }

  /// The index after `index` and everything below it.
  @inlinable
  public func next(_ index: Int) -> Int {
    let node = nodes[index]
    return node.rawKind >= JSONKind.array.rawValue ? Int(node.payload >> 32) : index &+ 1
  }

  /// Items of an array or members of an object, shadowed ones included.
  @inlinable
  public func childCount(_ index: Int) -> Int {
    let detail = nodes[index].head >> JSONNode.detailShift
    return detail == JSONNode.saturatedCount ? countChildren(index) : Int(detail)
  }

  @usableFromInline
  func countChildren(_ index: Int) -> Int {
    let isObject = nodes[index].rawKind == JSONKind.object.rawValue
    let end = next(index)
    var child = index + 1
    var total = 0
    while child < end {
      child = next(isObject ? child + 1 : child)
      total += 1
    }
    return total
  }

  /// The text of any value as it was sent: a string with its quotes.
  @inlinable
  public func rawText(_ index: Int) -> UnsafeRawBufferPointer {
    let node = nodes[index]
    if node.rawKind == JSONKind.string.rawValue {
      return UnsafeRawBufferPointer(start: bytes + (node.start &- 1), count: node.stringLength &+ 2)
    }
    return UnsafeRawBufferPointer(start: bytes + node.start, count: node.length)
  }

  /// The raw text between a string's quotes.
  @inlinable
  public func stringText(_ index: Int) -> UnsafeRawBufferPointer {
    let node = nodes[index]
    return UnsafeRawBufferPointer(start: bytes + node.start, count: node.stringLength)
  }

  @inlinable
  public func scalars(_ index: Int) -> JSONScalarCursor {
    let node = nodes[index]
    return JSONScalarCursor(bytes + node.start, count: node.stringLength, hasEscapes: node.isEscaped)
  }

  /// Code points of a string. Free for plain ASCII, linear otherwise.
  @inlinable
  public func scalarCount(_ index: Int) -> Int {
    let node = nodes[index]
    return node.isASCII && !node.isEscaped ? node.stringLength : countScalars(index)
  }

  @usableFromInline
  func countScalars(_ index: Int) -> Int {
    var cursor = scalars(index)
    var total = 0
    while cursor.next() != nil { total += 1 }
    return total
  }

  /// Hands out a string's decoded bytes; copies them only where the raw text holds escapes.
  public func withString<R>(_ index: Int, _ body: (UnsafeRawBufferPointer) -> R) -> R {
    let raw = stringText(index)
    guard nodes[index].isEscaped else { return body(raw) }
    return withUnsafeTemporaryAllocation(byteCount: raw.count, alignment: 1) { scratch in
      guard let start = scratch.baseAddress else { return body(raw) }
      return body(UnsafeRawBufferPointer(start: start, count: JSONText.decode(raw, into: start)))
    }
  }

  public func string(_ index: Int) -> String {
    withString(index) { String(decoding: $0, as: UTF8.self) }
  }

  /// Compares a string's decoded text.
  public func stringEquals(_ index: Int, _ text: UnsafeRawBufferPointer) -> Bool {
    withString(index) { decoded in
      guard decoded.count == text.count else { return false }
      guard let a = decoded.baseAddress, let b = text.baseAddress else { return true }
      return JSONKeyHash.equal(a, b, count: decoded.count)
    }
  }

  /// The number as an exact decimal over the document's bytes.
  public func decimal(_ index: Int) -> JSONDecimal {
    JSONDecimal(rawText(index))
  }

  /// The value of the member called `name`; nil where there is none.
  public func member(_ name: String, of object: Int) -> Int? {
    guard nodes[object].rawKind == JSONKind.object.rawValue else { return nil }
    var name = name
    return name.withUTF8 { text in
      let text = UnsafeRawBufferPointer(text)
      let hash = JSONKeyHash.of(text.baseAddress ?? bytes, count: text.count)
      let end = next(object)
      var key = object + 1
      while key < end {
        let node = nodes[key]
        if node.keyHash == hash && !node.isShadowed && stringEquals(key, text) { return key + 1 }
        key = next(key + 1)
      }
      return nil
    }
  }
}
