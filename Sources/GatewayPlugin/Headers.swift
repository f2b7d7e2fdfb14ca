/// Header fields of a response or an error, in order; names may repeat.
///
/// `content-length`, `date`, `connection`, `transfer-encoding` and the like are the gateway's and are refused there.
public struct Headers: Sendable, ExpressibleByDictionaryLiteral {
  // One run of bytes and the lengths in it, so that lending all fields to the host needs no String.
  var bytes: [UInt8] = []
  var lengths: [(name: Int, value: Int)] = []

  /// No fields.
  public init() {}

  /// Fields in the order in which they are written.
  public init(dictionaryLiteral elements: (String, String)...) {
    for (name, value) in elements { append(name, value) }
  }

  /// Adds a field behind those that are there. A name or value that HTTP does not allow makes the answer a 500.
  public mutating func append(_ name: String, _ value: String) {
    bytes.append(contentsOf: name.utf8)
    bytes.append(contentsOf: value.utf8)
    lengths.append((name.utf8.count, value.utf8.count))
  }

  /// Whether there is no field.
  public var isEmpty: Bool { lengths.isEmpty }
}
