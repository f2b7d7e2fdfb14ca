/// What a parameter of a pattern accepts. The names are what a pattern writes after the colon.
public enum RouteParameterKind: String, Sendable, Hashable, CaseIterable {
  /// One or more bytes without `/`. The default.
  case str
  /// One or more decimal digits, without a sign.
  case int
  /// Decimal digits, optionally a point and more digits; no sign, no exponent.
  case float
  /// 32 hexadecimal digits, with or without a hyphen at each of the four usual places.
  case uuid
  /// Everything to the end of the path, slashes included, possibly nothing.
  case path
}

/// A named parameter of a pattern.
public struct RouteParameter: Sendable, Hashable {
  public let name: String
  public let kind: RouteParameterKind
  /// Where its name stands in the pattern's text, in UTF-8 bytes.
  public let offset: Int
}

/// One segment of a pattern: what stands between two slashes, with parameter names left out, so that two patterns which
/// differ only in names have equal segments.
enum RouteSegment: Sendable, Hashable {
  /// Normalised, still percent-encoded text.
  case literal([UInt8])
  /// Constrained parameters, or parameters and text in one segment.
  case shape([ShapePart])
  /// One parameter that takes any segment but the empty one.
  case parameter
  /// The rest of the path.
  case rest
}

enum ShapePart: Sendable, Hashable {
  case literal([UInt8])
  case parameter(RouteParameterKind)

  var isFree: Bool { self == .parameter(.str) }
}

extension RouteSegment {
  /// Adds the segment's rank to a sort key: of two patterns the one whose key is smaller, byte by byte, is the more
  /// specific one and is tried first.
  ///
  /// Literal before shape before parameter before rest. Of two shapes the one with more literal bytes comes first, then
  /// the one with tighter constraints (uuid 3, int 2, float 1, none 0, added up), then the one with fewer parameters.
  /// Two different literals never match the same path; their text only gives listings a stable order.
  ///
  /// With `distinguishingShapes` the keys of different shapes differ too, and equal keys mean equal patterns.
  func appendRank(to key: inout [UInt8], distinguishingShapes: Bool) {
    switch self {
    case .literal(let text): key += [2] + text + [0]
    case .parameter: key.append(4)
    case .rest: key.append(5)
    case .shape(let parts):
      var literal = 0
      var tightness: UInt8 = 0
      var parameters: UInt8 = 0
      for part in parts {
        switch part {
        case .literal(let text): literal += text.count
        case .parameter(let kind):
          parameters += 1
          tightness += kind.tightness
        }
      }
      // Limits of `RoutePattern` keep all three inside these widths.
      let inverted = UInt16.max - UInt16(clamping: literal)
      key += [3, UInt8(inverted >> 8), UInt8(inverted & 0xFF), UInt8.max - tightness, parameters]
      if distinguishingShapes { appendText(of: parts, to: &key) }
    }
  }

  private func appendText(of parts: [ShapePart], to key: inout [UInt8]) {
    for part in parts {
      switch part {
      case .literal(let text): key += [1] + text + [0]
      case .parameter(let kind): key.append(UInt8(ascii: "a") + kind.tightness)
      }
    }
    key.append(0)
  }
}

extension RoutePattern {
  /// See `RouteSegment.appendRank`; a pattern that ends sorts before one that goes on.
  func rankKey(distinguishingShapes: Bool) -> [UInt8] {
    var key: [UInt8] = []
    for segment in segments { segment.appendRank(to: &key, distinguishingShapes: distinguishingShapes) }
    key.append(1)
    return key
  }
}

extension RouteParameterKind {
  var tightness: UInt8 {
    switch self {
    case .uuid: 3
    case .int: 2
    case .float: 1
    case .str, .path: 0
    }
  }
}
