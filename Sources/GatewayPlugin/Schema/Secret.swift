/// A text that is not told by accident: a password, a key, a token. It prints as stars, in texts, dumps, errors and
/// JSON; `reveal()` is the one way to what it holds, and easy to search for.
///
///     @Schema struct StoreConfig { var user: String; var password: Secret }
///
/// In the schema it is a string with `format: password` and `writeOnly`, so the gateway does not repeat it either where
/// it reports a mistake. It is not `Codable`: an encoder would give it away.
public struct Secret: SchemaType, Equatable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  private let text: String

  public init(_ text: String) { self.text = text }

  /// What it holds. Do not put it into messages.
  public func reveal() -> String { text }

  /// UTF-8 bytes.
  public var count: Int { text.utf8.count }

  public var description: String { "**********" }
  public var debugDescription: String { description }
  public var customMirror: Mirror { Mirror(self, children: EmptyCollection<Mirror.Child>()) }

  /// Takes as long for a wrong guess as for a right one of the same length, so that time says nothing about how much of
  /// it was right.
  public static func == (left: Secret, right: Secret) -> Bool {
    var difference: UInt8 = left.count == right.count ? 0 : 1
    for (a, b) in zip(left.text.utf8, right.text.utf8) { difference |= a ^ b }
    return difference == 0
  }

  public static func schema(_ schemas: inout SchemaCollector) -> SchemaObject {
    SchemaObject(["type": "\"string\"", "format": "\"password\"", "writeOnly": "true"])
  }

  public init(from value: borrowing JSONView) throws(DecodingFailure) { text = try value.string() }

  /// Writes the stars: an answer that holds a secret is a mistake that should not give it away.
  public func write(to json: inout JSONWriter) { json.string(description) }
}
