import GatewayJSON

/// Something that could not be described, merged or imported, and where. Nothing here ends a run: what is sound in the
/// input is in the output.
public struct OpenAPIProblem: Error, Sendable, Hashable, CustomStringConvertible {
  public enum Severity: String, Sendable, Hashable {
    /// The output is right but leaves something out, or says it in another way.
    case note
    /// The input contradicts itself or the standard.
    case error
  }

  public var severity: Severity
  /// The name of the document that is meant, as the caller gave it; nil for the `APIDescription` itself.
  public var document: String?
  /// A JSON Pointer (RFC 6901) into that document. For an `APIDescription` into its members, lists by index and
  /// schemas by name: `/operations/3/parameters/0`, `/schemas/bookshop.Book/properties/title`.
  public var pointer: String
  /// One sentence in lower case, without the place.
  public var message: String

  public init(_ pointer: String, _ message: String, severity: Severity = .error, document: String? = nil) {
    self.severity = severity
    self.document = document
    self.pointer = pointer
    self.message = message
  }

  public var description: String {
    "\(document ?? "")#\(pointer): \(message)"
  }
}

/// JSON Pointers as text (RFC 6901).
enum Pointer {
  static func escape(_ token: String) -> String {
    guard token.utf8.contains(where: { $0 == UInt8(ascii: "~") || $0 == UInt8(ascii: "/") }) else { return token }
    var text = ""
    for scalar in token.unicodeScalars {
      switch scalar {
      case "~": text += "~0"
      case "/": text += "~1"
      default: text.unicodeScalars.append(scalar)
      }
    }
    return text
  }

  /// §4: `~1` is undone before `~0`, so that `~01` becomes `~1`.
  static func unescape(_ token: some StringProtocol) -> String {
    guard token.utf8.contains(UInt8(ascii: "~")) else { return String(token) }
    var text = ""
    var rest = Substring(token).unicodeScalars
    while let scalar = rest.popFirst() {
      switch (scalar, rest.first) {
      case ("~", "0"?):
        text += "~"
        rest.removeFirst()
      case ("~", "1"?):
        text += "/"
        rest.removeFirst()
      default: text.unicodeScalars.append(scalar)
      }
    }
    return text
  }

  static func appending(_ token: String, to pointer: String) -> String { pointer + "/" + escape(token) }

  /// The unescaped tokens of `/a/b`; none for the empty pointer.
  static func tokens(_ pointer: some StringProtocol) -> [String] {
    pointer.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map { unescape($0) }
  }

  static func resolve(_ tokens: some Collection<String>, in value: JSONValue) -> JSONValue? {
    var value = value
    for token in tokens {
      switch value {
      case .object(let object):
        guard let member = object[token] else { return nil }
        value = member
      case .array(let items):
        guard let index = Int(token), items.indices.contains(index) else { return nil }
        value = items[index]
      default: return nil
      }
    }
    return value
  }

  /// The fragment of a reference with its percent-escapes undone (§6); nil where they are malformed or no UTF-8.
  static func fragment(_ text: some StringProtocol) -> String? {
    guard text.utf8.contains(UInt8(ascii: "%")) else { return String(text) }
    var bytes: [UInt8] = []
    var rest = Substring(text).utf8
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      guard let high = rest.popFirst(), let low = rest.popFirst(),
        let value = UInt8(String(decoding: [high, low], as: UTF8.self), radix: 16)
      else { return nil }
      bytes.append(value)
    }
    return String(validating: bytes, as: UTF8.self)
  }
}
