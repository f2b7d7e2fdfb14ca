import CGatewayPlugin

/// The items of an array, one after the other.
public struct JSONItems: ~Copyable {
  let nodes: UnsafePointer<gw_json_node>
  let bytes: UnsafePointer<UInt8>
  var next: Int
  let end: Int
  let depth: Int
  /// A hint for reserving room, at most 4096: what a client announces is not yet what it gets.
  let count: Int
  private var position = -1

  init(
    nodes: UnsafePointer<gw_json_node>, bytes: UnsafePointer<UInt8>, next: Int, end: Int, depth: Int, count: Int
  ) {
    self.nodes = nodes
    self.bytes = bytes
    self.next = next
    self.end = end
    self.depth = depth
    self.count = min(count, 4096)
  }

  /// The next item; nil after the last one.
  public mutating func nextItem() -> JSONView? {
    guard next < end else { return nil }
    defer { next = nodes[next].isContainer ? nodes[next].end : next + 1 }
    position += 1
    return JSONView(nodes: nodes, bytes: bytes, index: next, depth: depth)
  }

  /// Decodes the next item; a failure tells its index.
  public mutating func decodeNext<Value: SchemaType>(_ type: Value.Type) throws(DecodingFailure) -> Value? {
    guard let item = nextItem() else { return nil }
    do {
      return try Value(from: item)
    } catch { throw error.within(.index(position)) }
  }
}

/// The members of an object, in the order sent. Of two with one name only the last is seen.
public struct JSONMembers: ~Copyable {
  let nodes: UnsafePointer<gw_json_node>
  let bytes: UnsafePointer<UInt8>
  var next: Int
  let end: Int
  let depth: Int
  let count: Int

  init(
    nodes: UnsafePointer<gw_json_node>, bytes: UnsafePointer<UInt8>, next: Int, end: Int, depth: Int, count: Int
  ) {
    self.nodes = nodes
    self.bytes = bytes
    self.next = next
    self.end = end
    self.depth = depth
    self.count = min(count, 4096)
  }

  /// The next member; nil after the last one. Of members with one name only the last is given.
  public mutating func nextMember() -> JSONMember? {
    while next < end {
      let name = next
      let value = name + 1
      next = nodes[value].isContainer ? nodes[value].end : value + 1
      guard !nodes[name].isShadowed else { continue }
      return JSONMember(nodes: nodes, bytes: bytes, index: name, depth: depth)
    }
    return nil
  }
}

/// A name and its value.
public struct JSONMember: ~Copyable {
  let nodes: UnsafePointer<gw_json_node>
  let bytes: UnsafePointer<UInt8>
  let index: Int
  let depth: Int

  /// With its escapes resolved.
  public var name: String {
    let raw = nodes[index].text(in: bytes)
    guard nodes[index].isEscaped else { return String(decoding: raw, as: UTF8.self) }
    return String(unsafeUninitializedCapacity: raw.count) { JSONEscapes.decode(raw, into: $0) }
  }

  /// Bytes of the name in UTF-8, escapes decoded.
  public var nameCount: Int {
    guard nodes[index].isEscaped else { return nodes[index].textCount }
    return name.utf8.count
  }

  /// Whether the name is this one, without making a String of it.
  public func isNamed(_ expected: StaticString) -> Bool {
    nodes[index].isEscaped ? equals(name, expected) : equals(nodes[index].text(in: bytes), expected)
  }

  /// Valid as long as the object that it is in.
  public var value: JSONView { JSONView(nodes: nodes, bytes: bytes, index: index + 1, depth: depth) }

  /// Decodes the value; a failure tells the member's name.
  public func decode<Value: SchemaType>(_ type: Value.Type) throws(DecodingFailure) -> Value {
    do {
      return try Value(from: value)
    } catch { throw error.within(.name(name)) }
  }

  private func equals(_ name: UnsafeBufferPointer<UInt8>, _ expected: StaticString) -> Bool {
    name.count == expected.utf8CodeUnitCount
      && name.elementsEqual(UnsafeBufferPointer(start: expected.utf8Start, count: expected.utf8CodeUnitCount))
  }

  private func equals(_ name: String, _ expected: StaticString) -> Bool {
    var name = name
    return name.withUTF8 { equals($0, expected) }
  }
}
