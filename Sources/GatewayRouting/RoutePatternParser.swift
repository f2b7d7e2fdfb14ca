import GatewayHTTP

/// Reads a path pattern; collects every problem instead of stopping at the first.
struct RoutePatternParser {
  private(set) var segments: [RouteSegment] = []
  private(set) var parameters: [RouteParameter] = []
  private(set) var problems: [RoutePatternProblem] = []
  private let bytes: [UInt8]

  init(_ text: String) { bytes = Array(text.utf8) }

  mutating func parse() {
    guard bytes.count <= RoutePattern.maximumLength else {
      report(.tooLong(limit: RoutePattern.maximumLength), RoutePattern.maximumLength..<bytes.count)
      return
    }
    guard bytes.first == UInt8(ascii: "/") else {
      report(.noLeadingSlash, 0..<min(1, bytes.count))
      return
    }
    var start = 1
    while true {
      let end = endOfSegment(from: start)
      guard segments.count < RoutePattern.maximumSegments else {
        report(.tooManySegments(limit: RoutePattern.maximumSegments), start..<bytes.count)
        return
      }
      segment(start..<end, isLast: end == bytes.count)
      guard end < bytes.count else { return }
      start = end + 1
    }
  }

  /// The next slash; one inside braces does not count, so that a mistake in there is reported as one.
  private func endOfSegment(from start: Int) -> Int {
    var at = start
    var inBraces = false
    while at < bytes.count {
      switch bytes[at] {
      case UInt8(ascii: "{"): inBraces = bytes[at...].contains(UInt8(ascii: "}"))
      case UInt8(ascii: "}"): inBraces = false
      case UInt8(ascii: "/") where !inBraces: return at
      default: break
      }
      at += 1
    }
    return at
  }

  private mutating func segment(_ range: Range<Int>, isLast: Bool) {
    if range.isEmpty && !isLast {
      report(.emptySegment, range.lowerBound - 1..<range.lowerBound + 1)
    }
    if range.first.map({ bytes[$0] }) == UInt8(ascii: "*") {
      rest(range, isLast: isLast)
      return
    }
    let problemsBefore = problems.count
    var parts: [(part: ShapePart, range: Range<Int>)] = []
    var at = range.lowerBound
    while at < range.upperBound {
      if bytes[at] == UInt8(ascii: "{") {
        let end = bytes[at..<range.upperBound].firstIndex(of: UInt8(ascii: "}"))
        guard let end else {
          report(.unclosedParameter, at..<range.upperBound)
          return
        }
        if let kind = parameter(at + 1..<end) { parts.append((.parameter(kind), at..<end + 1)) }
        at = end + 1
      } else {
        let end = bytes[at..<range.upperBound].firstIndex(of: UInt8(ascii: "{")) ?? range.upperBound
        parts.append((.literal(literal(at..<end)), at..<end))
        at = end
      }
    }
    check(parts, isLast: isLast)
    if problems.count == problemsBefore { checkReachable(parts.map(\.part), range) }
    segments.append(segment(parts.map(\.part)))
  }

  /// Asks the code that normalises paths whether a request with this segment gets as far as routing.
  private mutating func checkReachable(_ parts: [ShapePart], _ range: Range<Int>) {
    var path = [UInt8(ascii: "/")]
    for part in parts {
      switch part {
      case .literal(let text): path += text
      case .parameter: path.append(UInt8(ascii: "0"))
      }
    }
    let refusal: String? = path.withUnsafeBytes { bytes -> String? in
      do throws(HTTPError) {
        _ = try RequestTarget.normalize(bytes)
        return nil
      } catch {
        return error.detail ?? "status \(error.status)"
      }
    }
    if let refusal { report(.refusedPath(refusal), range) }
  }

  private func segment(_ parts: [ShapePart]) -> RouteSegment {
    switch (parts.count, parts.first) {
    case (0, _): return .literal([])
    case (1, .literal(let bytes)): return .literal(bytes)
    case (1, .parameter(.str)): return .parameter
    case (1, .parameter(.path)): return .rest
    default: return .shape(parts)
    }
  }

  /// `*name` as last segment.
  private mutating func rest(_ range: Range<Int>, isLast: Bool) {
    let name = range.lowerBound + 1..<range.upperBound
    if name.isEmpty {
      report(.unnamedRest, range)
    } else {
      declare(name, kind: .path)
      if !isLast { report(.restNotLast, range) }
    }
    segments.append(.rest)
  }

  /// What stands between braces: `name` or `name:kind`. Nil where the kind is unknown.
  private mutating func parameter(_ range: Range<Int>) -> RouteParameterKind? {
    let colon = bytes[range].firstIndex(of: UInt8(ascii: ":"))
    var kind: RouteParameterKind? = .str
    if let colon {
      let text = self.text(colon + 1..<range.upperBound)
      kind = RouteParameterKind(rawValue: text)
      if kind == nil { report(.unknownParameterKind(text), colon + 1..<range.upperBound) }
    }
    let name = range.lowerBound..<(colon ?? range.upperBound)
    if name.isEmpty {
      report(.emptyParameterName, range.lowerBound - 1..<range.upperBound + 1)
    } else {
      declare(name, kind: kind ?? .str)
    }
    return kind
  }

  private mutating func declare(_ range: Range<Int>, kind: RouteParameterKind) {
    let name = text(range)
    let isName = bytes[range].enumerated().allSatisfy { place, byte in
      byte == UInt8(ascii: "_") || (byte | 0x20) &- UInt8(ascii: "a") < 26
        || (place > 0 && byte &- UInt8(ascii: "0") < 10)
    }
    if !isName {
      report(.invalidParameterName(name), range)
    } else if parameters.contains(where: { $0.name == name }) {
      report(.duplicateParameter(name), range)
    }
    parameters.append(RouteParameter(name: name, kind: kind, offset: range.lowerBound))
  }

  /// The rules that make every segment readable in one way and in linear time (see `SegmentMatcher`).
  private mutating func check(_ parts: [(part: ShapePart, range: Range<Int>)], isLast: Bool) {
    let named = parts.filter { if case .parameter = $0.part { true } else { false } }
    if named.count > RoutePattern.maximumParametersPerSegment, let last = named.last {
      report(.tooManyParameters(limit: RoutePattern.maximumParametersPerSegment), last.range)
    }
    for (i, (part, range)) in parts.enumerated() {
      let before = i > 0 ? parts[i - 1] : nil
      switch part {
      case .parameter(let kind):
        if let before, case .parameter = before.part { report(.adjacentParameters, range) }
        if kind == .path {
          if parts.count > 1 { report(.restNotWholeSegment, range) } else if !isLast { report(.restNotLast, range) }
        }
      case .literal(let text):
        let after = i + 1 < parts.count ? parts[i + 1].part : nil
        if Self.continues(before?.part, text, isFollowed: after != nil)
          || Self.startsNumber(after, text, follows: before?.part)
        {
          report(.ambiguousNumber, range)
        }
      }
    }
  }

  /// Whether `text` could go on with the number before it.
  private static func continues(_ before: ShapePart?, _ text: [UInt8], isFollowed: Bool) -> Bool {
    guard let first = text.first else { return false }
    switch before {
    case .parameter(.int): return isDigit(first)
    case .parameter(.float):
      guard first == UInt8(ascii: ".") else { return isDigit(first) }
      return text.count > 1 ? isDigit(text[1]) : isFollowed
    default: return false
    }
  }

  /// Whether `text`, looked for behind a free parameter, could be part of the number that follows it: then each digit
  /// of a long run would be a place to try, and trying all of them takes quadratic time.
  private static func startsNumber(_ after: ShapePart?, _ text: [UInt8], follows before: ShapePart?) -> Bool {
    guard let before, before.isFree, after == .parameter(.int) || after == .parameter(.float) else { return false }
    return text.allSatisfy(isDigit)
  }

  private static func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }

  /// Literal text in the form in which paths are compared.
  private mutating func literal(_ range: Range<Int>) -> [UInt8] {
    var out: [UInt8] = []
    var at = range.lowerBound
    while at < range.upperBound {
      let byte = bytes[at]
      switch byte {
      case UInt8(ascii: "%"):
        guard at + 2 < range.upperBound, let high = PercentCoding.hexDigit(bytes[at + 1]),
          let low = PercentCoding.hexDigit(bytes[at + 2])
        else {
          report(.malformedEscape, at..<min(at + 3, range.upperBound))
          at += 1
          continue
        }
        let value = high << 4 | low
        if PathBytes.isUnreserved(value) { out.append(value) } else { PathBytes.appendEscape(of: value, to: &out) }
        at += 3
        continue
      case UInt8(ascii: "}"): report(.strayClosingBrace, at..<at + 1)
      case UInt8(ascii: "?"), UInt8(ascii: "#"):
        report(.invalidCharacter("'\(Character(UnicodeScalar(byte)))'"), at..<at + 1)
      case 0..<0x20, 0x7F: report(.invalidCharacter("a control character"), at..<at + 1)
      default:
        if PathBytes.isPathCharacter(byte) { out.append(byte) } else { PathBytes.appendEscape(of: byte, to: &out) }
      }
      at += 1
    }
    return out
  }

  private func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

  private mutating func report(_ kind: RoutePatternProblem.Kind, _ range: Range<Int>) {
    problems.append(RoutePatternProblem(kind: kind, offset: range.lowerBound, count: range.count))
  }
}

/// The alphabet of paths (RFC 3986 §2.3, §3.3).
enum PathBytes {
  static func isUnreserved(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
      UInt8(ascii: "~"):
      true
    default: false
    }
  }

  /// pchar without the percent sign.
  static func isPathCharacter(_ byte: UInt8) -> Bool {
    isUnreserved(byte) || "!$&'()*+,;=:@".utf8.contains(byte)
  }

  static func appendEscape(of byte: UInt8, to out: inout [UInt8]) {
    let digit = { (value: UInt8) in value < 10 ? value + 0x30 : value + 0x37 }
    out += [UInt8(ascii: "%"), digit(byte >> 4), digit(byte & 15)]
  }
}
