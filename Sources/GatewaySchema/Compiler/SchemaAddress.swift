/// A URI reference in its five parts (RFC 3986 §3), and how one is resolved against another. No normalisation beyond dot
/// segments: addresses are compared as they are written.
struct SchemaAddress {
  var scheme: Substring?
  var authority: Substring?
  var path: Substring
  var query: Substring?
  /// Still percent-encoded.
  var fragment: Substring?

  /// Splits any text (RFC 3986 Appendix B): whatever it holds, some part takes it.
  init(_ text: String) {
    var rest = text[...]
    if let mark = rest.firstIndex(of: "#") {
      fragment = rest[rest.index(after: mark)...]
      rest = rest[..<mark]
    }
    if let mark = rest.firstIndex(of: "?") {
      query = rest[rest.index(after: mark)...]
      rest = rest[..<mark]
    }
    if let colon = rest.utf8.firstIndex(of: UInt8(ascii: ":")), SchemaAddress.isScheme(rest[..<colon]) {
      scheme = rest[..<colon]
      rest = rest[rest.utf8.index(after: colon)...]
    }
    if rest.hasPrefix("//") {
      let inside = rest.dropFirst(2)
      let end = inside.firstIndex(of: "/") ?? inside.endIndex
      authority = inside[..<end]
      rest = inside[end...]
    }
    path = rest
  }

  private static func isScheme(_ text: Substring) -> Bool {
    guard let first = text.utf8.first, (first | 0x20) &- UInt8(ascii: "a") < 26 else { return false }
    return text.utf8.allSatisfy {
      HostnameText.isLetterOrDigit($0) || $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".")
    }
  }

  /// The address without its fragment.
  var document: String {
    (scheme.map { $0 + ":" } ?? "") + (authority.map { "//" + $0 } ?? "") + path + (query.map { "?" + $0 } ?? "")
  }

  /// `reference` seen from `base` (RFC 3986 §5.2), without its fragment. A relative base works too, as for files: then
  /// the result is relative to the same place.
  static func resolve(_ reference: SchemaAddress, against base: String) -> String {
    var result = reference
    result.fragment = nil
    if reference.scheme == nil && !base.isEmpty {
      let base = SchemaAddress(base)
      result.scheme = base.scheme
      if reference.authority == nil {
        result.authority = base.authority
        if reference.path.isEmpty {
          result.path = base.path
          result.query = reference.query ?? base.query
        } else if !reference.path.hasPrefix("/") {
          let merged: String
          if let slash = base.path.lastIndex(of: "/") {
            merged = String(base.path[...slash]) + String(reference.path)
          } else {
            merged = (base.authority != nil ? "/" : "") + String(reference.path)
          }
          result.path = merged[...]
        }
      }
    }
    result.path = withoutDotSegments(result.path)[...]
    return result.document
  }

  /// RFC 3986 §5.2.4; a relative path keeps the `..` that lead out of it, which name other files than without.
  private static func withoutDotSegments(_ path: Substring) -> String {
    guard path.utf8.contains(UInt8(ascii: ".")) else { return String(path) }
    let isAbsolute = path.hasPrefix("/")
    var kept: [Substring] = []
    var endsOpen = false
    for segment in (isAbsolute ? path.dropFirst() : path).split(separator: "/", omittingEmptySubsequences: false) {
      endsOpen = segment == "." || segment == ".."
      if segment == ".." {
        if let last = kept.last, last != ".." {
          kept.removeLast()
        } else if !isAbsolute {
          kept.append(segment)
          endsOpen = false
        }
      } else if segment != "." {
        kept.append(segment)
      }
    }
    if endsOpen { kept.append("") }
    return (isAbsolute ? "/" : "") + kept.joined(separator: "/")
  }
}
