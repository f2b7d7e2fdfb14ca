/// Text compared code point by code point, as JSON does (RFC 8259 §8.3).
///
/// Swift's `String` equates canonically equivalent texts ("é" in one code point or two), so two different member names
/// would be one.
public struct ExactText: Hashable, Sendable {
  public let text: String

  public init(_ text: String) { self.text = text }

  public static func same(_ a: String, _ b: String) -> Bool {
    // The count is at hand and settles most look-ups.
    a.utf8.count == b.utf8.count && a.utf8.elementsEqual(b.utf8)
  }

  public static func == (a: ExactText, b: ExactText) -> Bool { same(a.text, b.text) }

  public func hash(into hasher: inout Hasher) {
    var text = text
    text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    hasher.combine(0xFF as UInt8)
  }
}
