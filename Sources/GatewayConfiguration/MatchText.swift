import GatewayJSON
import GatewayYAML

/// `match:` in its short form: `GET /path`, `GET,POST /path`, `/path`; in a group with a prefix also `GET`, the prefix
/// itself.
extension Kind where Value == RouteMatch {
  static var match: Kind {
    let type = "a method and a path such as `GET /books/{id}`"
    let short = Kind(type, schema: .object(["type": .string("string"), "pattern": .string("(^| )/|^[A-Za-z, ]+$")])) {
      cursor, decoder -> RouteMatch? in
      guard let text = decoder.string(cursor, type) else { return nil }
      var match = RouteMatch()
      var isComplete = true
      let path: Substring
      if text.hasPrefix("/") {
        path = text[...]
      } else if let slash = text.indices.first(where: { text[$0] == "/" && text[text.index(before: $0)] == " " }) {
        for part in text[..<slash].split(separator: ",", omittingEmptySubsequences: false) {
          let word = part.drop { $0 == " " }.prefix { $0 != " " }
          if let method = decoder.method(cursor.located(word, in: text), cursor) {
            match.methods.append(method)
          } else {
            isComplete = false
          }
        }
        path = text[slash...]
      } else if let methods = decoder.methodsAlone(text, cursor) {
        guard decoder.areUnique(methods, "method") else { return nil }
        match.methods = methods
        match.path = Located("", at: cursor.location)
        return match
      } else {
        let isMethod = HTTPText.methods.contains(String(text.prefix { $0 != " " }).uppercased())
        decoder.invalid(
          cursor, "a match needs a path that begins with `/`", expected: type,
          suggestion: isMethod || text.contains(" ") ? nil : "/" + text)
        return nil
      }
      guard isComplete, decoder.isPath(path, in: text, cursor), decoder.areUnique(match.methods, "method") else {
        return nil
      }
      match.path = cursor.located(path, in: text)
      return match
    }
    return Kind.section(MatchDraft.section) { draft, cursor, decoder in
      guard decoder.areUnique(draft.methods, "method") else { return nil }
      var match = RouteMatch()
      match.methods = draft.methods
      match.host = draft.host
      match.path = draft.path
      return match
    }.orShort(short)
  }
}

struct MatchDraft: Sendable {
  var host: Located<String>?
  var path: Located<String> = "/"
  var methods: [Located<String>] = []

  static let section = Section<MatchDraft>(
    "routes.match", "What a route matches, in its long form.", make: MatchDraft()
  ) {
    Option(
      "host", optional: \.host, Kind.hostPattern.located, default: "any",
      "A host name; `*.example.com` is any name below.")
    Option(required: "path", \.path, Kind.pathPattern.located, "A path pattern: `/books/{id}`, `/files/*rest`.")
    Option(
      "methods", \.methods, .list(of: Kind.method.located, atLeast: 1, isSingleAllowed: true), default: "any",
      "Methods.")
  }
}

extension Kind where Value == String {
  static var pathPattern: Kind {
    let type = "a path pattern such as `/books/{id}`"
    return Kind(type, schema: .object(["type": .string("string"), "pattern": .string("^/")]), show: \.self) {
      cursor, decoder in
      guard let text = decoder.string(cursor, type) else { return nil }
      guard text.hasPrefix("/") else {
        decoder.invalid(cursor, "a path begins with `/`", expected: type, suggestion: "/" + text)
        return nil
      }
      return decoder.isPath(text[...], in: text, cursor) ? text : nil
    }
  }
}

extension FileDecoder {
  /// `GET` or `GET, POST` without a path. Whether the route's group has a prefix to stand for it is seen later.
  fileprivate func methodsAlone(_ text: String, _ cursor: Cursor) -> [Located<String>]? {
    let words = text.split(separator: ",", omittingEmptySubsequences: false).map { part in
      let word = part.drop { $0 == " " }
      return word.prefix(upTo: word.lastIndex { $0 != " " }.map { word.index(after: $0) } ?? word.startIndex)
    }
    guard words.allSatisfy({ HTTPText.methods.contains(String($0)) }) else { return nil }
    return words.map { cursor.located($0, in: text) }
  }

  /// What no path can hold; the pattern's own syntax is the router's business.
  fileprivate func isPath(_ path: Substring, in text: String, _ cursor: Cursor) -> Bool {
    guard
      let bad = path.firstIndex(where: {
        $0.isWhitespace || $0 == "?" || $0 == "#" || $0.unicodeScalars.contains(where: TerminalWidth.isControl)
      })
    else { return true }
    let what =
      path[bad] == "?"
      ? "a path ends before `?`; query parameters are declared under `parameters`"
      : path[bad] == "#" ? "a path ends before `#`" : "a path holds no white space or control characters"
    error(
      .invalidValue, what, at: cursor, place: cursor.located(text[bad...bad], in: text).location,
      found: cursor.node.summary)
    return false
  }

  func areUnique(_ list: [Located<String>], _ what: String) -> Bool {
    var seen: [String: Location] = [:]
    for item in list {
      if let first = seen.updateValue(item.location, forKey: item.value) {
        diagnostics.error(
          .conflict, "the \(what) `\(item.value)` is named twice", at: item, notes: [.init("first here", at: first)])
        return false
      }
    }
    return true
  }
}

/// The names in patterns and templates: `{name}`, `{name:int}`, `*rest`.
enum PatternNames {
  /// Names with their UTF-8 offsets in the text.
  static func of(_ text: String) -> [(name: String, range: Range<Int>)] {
    var names: [(String, Range<Int>)] = []
    let bytes = Array(text.utf8)
    var index = 0
    while index < bytes.count {
      if bytes[index] == UInt8(ascii: "{"), let close = bytes[index...].firstIndex(of: UInt8(ascii: "}")) {
        let inner = bytes[(index + 1)..<close]
        names.append((String(decoding: inner.prefix { $0 != UInt8(ascii: ":") }, as: UTF8.self), index..<(close + 1)))
        index = close + 1
      } else if bytes[index] == UInt8(ascii: "*"), index > 0, bytes[index - 1] == UInt8(ascii: "/") {
        let end = bytes[index...].firstIndex(of: UInt8(ascii: "/")) ?? bytes.count
        names.append((String(decoding: bytes[(index + 1)..<end], as: UTF8.self), index..<end))
        index = end
      } else {
        index += 1
      }
    }
    return names
  }
}
