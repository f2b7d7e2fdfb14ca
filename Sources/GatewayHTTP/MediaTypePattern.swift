/// A media type as a route lists it: `application/json`, `text/*`, `*/*`, or `application/*+json` for a suffix.
public struct MediaTypePattern: Sendable, Equatable {
  private enum Subtype: Sendable, Equatable {
    case any
    case exactly([UInt8])
    /// With its `+`.
    case suffix([UInt8])
  }

  /// Empty where any type will do.
  private let type: [UInt8]
  private let subtype: Subtype
  /// In lower case, without blanks.
  public let text: String

  /// Nil where `text` is none of the forms; parameters are not allowed.
  public init?(_ text: String) {
    let text = text.lowercased()
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, Self.isToken(parts[0]), Self.isToken(parts[1]) else { return nil }
    let star: UInt8 = UInt8(ascii: "*")
    let type = Array(parts[0].utf8)
    let subtype = Array(parts[1].utf8)
    if type == [star] {
      guard subtype == [star] else { return nil }
    } else {
      guard !type.contains(star) else { return nil }
    }
    if subtype == [star] {
      self.subtype = .any
    } else if subtype.starts(with: [star, UInt8(ascii: "+")]) {
      guard subtype.count > 2, !subtype.dropFirst().contains(star) else { return nil }
      self.subtype = .suffix(Array(subtype.dropFirst()))
    } else {
      guard !subtype.contains(star) else { return nil }
      self.subtype = .exactly(subtype)
    }
    self.type = type == [star] ? [] : type
    self.text = text
  }

  private static func isToken(_ part: Substring) -> Bool {
    Array(part.utf8).withUnsafeBytes { FieldSyntax.isName($0) }
  }

  /// Whether a received type is meant; its parameters do not matter.
  public func matches(_ media: MediaType) -> Bool {
    guard type.isEmpty || Self.isSame(media.type, type[...]) else { return false }
    switch subtype {
    case .any: return true
    case .exactly(let name): return Self.isSame(media.subtype, name[...])
    case .suffix(let suffix):
      let subtype = media.subtype
      guard subtype.count > suffix.count else { return false }
      return Self.isSame(UnsafeRawBufferPointer(rebasing: subtype[(subtype.count - suffix.count)...]), suffix[...])
    }
  }

  private static func isSame(_ bytes: UnsafeRawBufferPointer, _ name: ArraySlice<UInt8>) -> Bool {
    bytes.count == name.count && zip(bytes, name).allSatisfy { FieldSyntax.lowercased($0) == $1 }
  }

  /// The value of `Accept` in a 415 (RFC 9110 §15.5.16): what the route would have read, in the route's order.
  public static func accept(_ patterns: [MediaTypePattern]) -> String {
    var texts: [String] = []
    for pattern in patterns {
      var text = pattern.text
      // A suffix has no form in Accept; the plain subtype is what its clients can always send.
      if case .suffix(let suffix) = pattern.subtype {
        text = String(decoding: pattern.type + [UInt8(ascii: "/")] + suffix.dropFirst(), as: UTF8.self)
      }
      if !texts.contains(text) { texts.append(text) }
    }
    return texts.joined(separator: ", ")
  }
}
