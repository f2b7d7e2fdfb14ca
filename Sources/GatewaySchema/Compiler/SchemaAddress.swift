/// A URI reference in its five parts (RFC 3986 §3), and how one is resolved against another. No normalisation beyond
/// dot segments: addresses are compared as they are written. Works on bytes throughout, because a delimiter with a
/// combining mark behind it is not a `Character` of its own.
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
    if let mark = rest.utf8.firstIndex(of: UInt8(ascii: "#")) {
      fragment = rest[rest.utf8.index(after: mark)...]
      rest = rest[..<mark]
    }
    if let mark = rest.utf8.firstIndex(of: UInt8(ascii: "?")) {
      query = rest[rest.utf8.index(after: mark)...]
      rest = rest[..<mark]
    }
    if let colon = rest.utf8.firstIndex(of: UInt8(ascii: ":")), SchemaAddress.isScheme(rest[..<colon]) {
      scheme = rest[..<colon]
      rest = rest[rest.utf8.index(after: colon)...]
    }
    if rest.utf8.starts(with: "//".utf8) {
      let inside = Substring(rest.utf8.dropFirst(2))
      let end = inside.utf8.firstIndex(of: UInt8(ascii: "/")) ?? inside.endIndex
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
        } else if reference.path.utf8.first != UInt8(ascii: "/") {
          let merged: String
          if let slash = base.path.utf8.lastIndex(of: UInt8(ascii: "/")) {
            merged = String(base.path[..<base.path.utf8.index(after: slash)]) + String(reference.path)
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
    let isAbsolute = path.utf8.first == UInt8(ascii: "/")
    var kept: [Substring] = []
    var endsOpen = false
    let segments = (isAbsolute ? path.utf8.dropFirst() : path.utf8)
      .split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).map(Substring.init)
    for segment in segments {
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
