import CGatewayPlugin

/// The six kinds of JSON values.
public enum JSONKind: Sendable {
  case null, boolean, number, string, array, object
}

/// A JSON value, lent: parsed and validated by the gateway, read in place.
///
/// It cannot be copied or kept; what it gives out (strings, numbers, decoded types) can. Nothing is allocated but the
/// strings that are asked for.
public struct JSONView: ~Copyable {
  // The tape is the host's and as the contract describes it: every index in it leads into it. Only its depth is a
  // matter of what a client sent, and `maximumDepth` bounds that.
  let nodes: UnsafePointer<gw_json_node>
  let bytes: UnsafePointer<UInt8>
  let index: Int
  let depth: Int

  /// Containers within containers that are decoded. Decoding a recursive type takes stack for each level.
  static let maximumDepth = 512

  init(nodes: UnsafePointer<gw_json_node>, bytes: UnsafePointer<UInt8>, index: Int, depth: Int) {
    self.nodes = nodes
    self.bytes = bytes
    self.index = index
    self.depth = depth
  }

  /// Nil where there is no value.
  init?(_ value: gw_json_borrowed) {
    guard let nodes = value.nodes, value.node_count > 0, let bytes = value.bytes else { return nil }
    self.init(nodes: nodes, bytes: bytes, index: 0, depth: 0)
  }

  var node: gw_json_node { nodes[index] }

  /// What the value is.
  public var kind: JSONKind {
    switch node.head & 7 {
    case 0: .null
    case 1, 2: .boolean
    case 3: .number
    case 4: .string
    case 5: .array
    default: .object
    }
  }

  /// Whether it is null.
  public var isNull: Bool { node.head & 7 == 0 }

  // MARK: scalars

  /// Throws where it is none.
  public func boolean() throws(DecodingFailure) -> Bool {
    switch node.head & 7 {
    case 1: return false
    case 2: return true
    default: throw mismatch("a boolean")
    }
  }

  /// With its escapes resolved. Throws where it is no string.
  public func string() throws(DecodingFailure) -> String {
    guard node.isString else { throw mismatch("a string") }
    let raw = node.text(in: bytes)
    guard node.isEscaped else { return String(decoding: raw, as: UTF8.self) }
    // An escape is never shorter than what it stands for.
    return String(unsafeUninitializedCapacity: raw.count) { JSONEscapes.decode(raw, into: $0) }
  }

  /// Lends a string's bytes (UTF-8, escapes decoded) without making a String.
  public func withText<Result>(
    _ read: (UnsafeRawBufferPointer) throws(DecodingFailure) -> Result
  ) throws(DecodingFailure) -> Result {
    guard node.isString else { throw mismatch("a string") }
    let raw = node.text(in: bytes)
    guard node.isEscaped else { return try read(UnsafeRawBufferPointer(raw)) }
    let decoded = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: raw.count)
    defer { decoded.deallocate() }
    let count = JSONEscapes.decode(raw, into: decoded)
    return try read(UnsafeRawBufferPointer(UnsafeMutableBufferPointer(rebasing: decoded[..<count])))
  }

  /// The value where it is whole (`1`, `1.0`, `10e-1`) and fits.
  public func integer<Integer: FixedWidthInteger>(
    _ type: Integer.Type = Integer.self
  ) throws(DecodingFailure) -> Integer {
    let node = node
    guard node.isNumber else { throw mismatch("an integer") }
    if node.isSmall {
      guard let whole = node.wholeMantissa else { throw mismatch("an integer") }
      guard let value = Integer(exactly: whole) else { throw outOfRange(Integer.self) }
      return value
    }
    switch JSONDigits.integer(node.text(in: bytes), as: Integer.self) {
    case .value(let value): return value
    case .fraction: throw mismatch("an integer")
    case .overflow: throw outOfRange(Integer.self)
    }
  }

  /// The nearest double. Refuses numbers beyond its range, which would become infinite.
  public func double() throws(DecodingFailure) -> Double {
    let node = node
    guard node.isNumber else { throw mismatch("a number") }
    if node.isSmall, let value = node.smallDouble { return value }
    guard let value = Double(try numberText()), value.isFinite else { throw outOfRange(Double.self) }
    return value
  }

  /// A number as it was written, every digit of it.
  public func numberText() throws(DecodingFailure) -> String {
    guard node.isNumber else { throw mismatch("a number") }
    // An integer parameter has no text.
    guard node.textCount > 0 else { return "\(node.mantissa)" }
    return String(decoding: node.text(in: bytes), as: UTF8.self)
  }

  // MARK: containers

  /// The items of an array, one after the other. Throws where it is none.
  public func items() throws(DecodingFailure) -> JSONItems {
    guard node.head & 7 == 5 else { throw mismatch("an array") }
    return JSONItems(nodes: nodes, bytes: bytes, next: index + 1, end: node.end, depth: try deeper(), count: node.count)
  }

  /// The members of an object, one after the other. Throws where it is none.
  public func members() throws(DecodingFailure) -> JSONMembers {
    guard node.head & 7 == 6 else { throw mismatch("an object") }
    return JSONMembers(nodes: nodes, bytes: bytes, next: index + 1, end: node.end, depth: try deeper(), count: node.count)
  }

  private func deeper() throws(DecodingFailure) -> Int {
    guard depth < Self.maximumDepth else {
      throw DecodingFailure("values are nested deeper than \(Self.maximumDepth)", type: "recursion_loop")
    }
    return depth + 1
  }

  // MARK: failures

  /// "expected …, found …", to be thrown by types that decode themselves.
  public func mismatch(_ expected: String) -> DecodingFailure {
    DecodingFailure("expected \(expected), found \(kind.article)", type: "type_error")
  }

  func outOfRange(_ type: Any.Type) -> DecodingFailure {
    DecodingFailure("the number does not fit into \(type)", type: "value_error")
  }
}

extension JSONKind {
  var article: String {
    switch self {
    case .null: "null"
    case .boolean: "a boolean"
    case .number: "a number"
    case .string: "a string"
    case .array: "an array"
    case .object: "an object"
    }
  }
}
