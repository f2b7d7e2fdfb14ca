/// A path pattern of the gateway as OpenAPI writes it: parameters without their kinds, `*rest` as `{rest}`, literal
/// text
/// in the alphabet of URIs.
struct PathTemplate: Sendable {
  enum Part: Sendable, Equatable {
    case literal(String)
    /// `kind` is what the pattern says after the colon; `str` where it says nothing.
    case parameter(name: String, kind: String)
  }

  private(set) var parts: [Part]

  init(_ pattern: String) {
    parts = []
    var literal = ""
    var rest = Substring(pattern)
    while let character = rest.first {
      if character == "{", let close = rest.firstIndex(of: "}") {
        let inner = rest[rest.index(after: rest.startIndex)..<close]
        let words = inner.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        append(&literal)
        parts.append(.parameter(name: String(words.first ?? ""), kind: words.count > 1 ? String(words[1]) : "str"))
        rest = rest[rest.index(after: close)...]
      } else if character == "*", literal.last == "/" || (literal.isEmpty && parts.isEmpty) {
        let name = rest.dropFirst().prefix { $0 != "/" }
        append(&literal)
        parts.append(.parameter(name: String(name), kind: "path"))
        rest = rest[name.endIndex...]
      } else {
        literal.append(character)
        rest = rest.dropFirst()
      }
    }
    append(&literal)
  }

  init(parts: [Part]) { self.parts = parts }

  /// A path of OpenAPI: `{name}` is a parameter, everything else is text.
  init(literal path: String) {
    parts = []
    var text = ""
    var rest = Substring(path)
    while let character = rest.first {
      if character == "{", let close = rest.firstIndex(of: "}") {
        append(&text)
        parts.append(.parameter(name: String(rest.dropFirst()[..<close]), kind: "str"))
        rest = rest[rest.index(after: close)...]
      } else {
        text.append(character)
        rest = rest.dropFirst()
      }
    }
    append(&text)
  }

  private mutating func append(_ literal: inout String) {
    if !literal.isEmpty { parts.append(.literal(PathTemplate.encoded(literal))) }
    literal = ""
  }

  /// RFC 3986 §3.3: what may not stand in a path as itself is percent-encoded; escapes that are there stay.
  private static func encoded(_ text: String) -> String {
    var out = ""
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"):
        out.unicodeScalars.append(Unicode.Scalar(byte))
      default:
        if "-._~!$&'()*+,;=:@/%".utf8.contains(byte) {
          out.unicodeScalars.append(Unicode.Scalar(byte))
        } else {
          let digits = String(byte, radix: 16, uppercase: true)
          out += "%" + (digits.count < 2 ? "0" : "") + digits
        }
      }
    }
    return out
  }

  /// As a key of `paths`.
  var text: String {
    parts.map { part in
      switch part {
      case .literal(let text): text
      case .parameter(let name, _): "{\(name)}"
      }
    }.joined()
  }

  var parameters: [(name: String, kind: String)] {
    parts.compactMap { part in
      if case .parameter(let name, let kind) = part { (name, kind) } else { nil }
    }
  }

  /// Equal for templates that differ only in names, which OpenAPI takes for the same path (§4.8.8.1).
  var shape: String {
    parts.map { part in
      switch part {
      case .literal(let text): text
      case .parameter: "{}"
      }
    }.joined()
  }
}

extension PathTemplate {
  /// Matches a path of an upstream (whose own parameters are `{name}`) against this template: what each parameter here
  /// stands for, or nil. A parameter takes one or more characters within a segment, and one of kind `path` or the last
  /// one of the template where `restIsLast` the rest.
  func captures(of path: String, rest restName: String?) -> [String: String]? {
    var captured: [String: String] = [:]
    var remaining = Substring(path)
    for (index, part) in parts.enumerated() {
      switch part {
      case .literal(let text):
        guard remaining.hasPrefix(text) else { return nil }
        remaining = remaining.dropFirst(text.count)
      case .parameter(let name, let kind):
        if kind == "path" || name == restName {
          captured[name] = String(remaining)
          remaining = ""
          continue
        }
        var end = remaining.firstIndex(of: "/") ?? remaining.endIndex
        // Text behind the parameter in its segment ends it, at the last place where that text stands.
        if index + 1 < parts.count, case .literal(let next) = parts[index + 1], !next.hasPrefix("/") {
          let stop = next.prefix { $0 != "/" }
          let segment = remaining[..<end]
          guard let found = segment.lastRange(of: stop) else { return nil }
          end = found
        }
        guard end != remaining.startIndex else { return nil }
        captured[name] = String(remaining[..<end])
        remaining = remaining[end...]
      }
    }
    return remaining.isEmpty ? captured : nil
  }

  /// The template with its parameters replaced by what they stand for; others stay as they are.
  func filled(with values: [String: String]) -> PathTemplate {
    PathTemplate(
      parts: parts.flatMap { part -> [Part] in
        guard case .parameter(let name, _) = part, let value = values[name] else { return [part] }
        return PathTemplate(literal: value).parts
      })
  }
}

extension Substring {
  /// Where `text` begins for the last time.
  fileprivate func lastRange(of text: Substring) -> Index? {
    guard !text.isEmpty else { return endIndex }
    return indices.last { self[$0...].hasPrefix(text) }
  }
}
