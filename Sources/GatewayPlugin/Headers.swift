/// Header fields of a response or an error, in order; names may repeat.
///
/// `content-length`, `date`, `connection`, `transfer-encoding` and the like are the gateway's and are refused there.
public struct Headers: Sendable, ExpressibleByDictionaryLiteral {
  // One run of bytes and the lengths in it, so that lending all fields to the host needs no String.
  var bytes: [UInt8] = []
  var lengths: [(name: Int, value: Int)] = []

  public init() {}

  public init(dictionaryLiteral elements: (String, String)...) {
    for (name, value) in elements { append(name, value) }
  }

  public mutating func append(_ name: String, _ value: String) {
    bytes.append(contentsOf: name.utf8)
    bytes.append(contentsOf: value.utf8)
    lengths.append((name.utf8.count, value.utf8.count))
  }

  public var isEmpty: Bool { lengths.isEmpty }
}
