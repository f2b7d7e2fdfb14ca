import GatewayHTTP

/// One piece of a compiled segment shape; its literal bytes stand in the table's pool.
struct CompiledPart: Sendable {
  enum Kind: UInt8, Sendable { case literal, free, int, float, uuid }

  var kind: Kind
  /// Which of the shape's parameters this is.
  var ordinal: UInt8
  var start: UInt32
  var count: UInt32
}

/// Matches one path segment against a shape.
///
/// A free parameter takes one byte or more, and the first free parameter takes as much as the rest allows, as in a
/// greedy regular expression: `{name}.{ext}` splits `archive.tar.gz` into `archive.tar` and `gz`.
///
/// Linear in the segment, without going back: everything between two free parameters (a run: text and constrained
/// parameters) has exactly one end for a given start, because the pattern's parser refuses text that could continue
/// the number before it. So the last run is looked for from the right, each further run left of it, and the rightmost
/// place that fits is never worse than one to its left. A start is tried once; the digits behind it are read once per
/// parameter of the run, because text made only of digits between a free parameter and a number is refused too.
///
/// Text never matches inside a percent escape: the `2` of `%2F` is not a `2`.
struct SegmentMatcher {
  let parts: UnsafeBufferPointer<CompiledPart>
  let pool: UnsafeRawBufferPointer
  /// The segment is `path[start..<end]`; ranges are reported into `path`.
  let path: UnsafeRawBufferPointer
  let start: Int
  let end: Int

  func matches() -> Bool {
    run { _, _, _ in }
  }

  /// Writes the ranges of the parameters from `captures[base]` on, where there must be room for all of them.
  func capture(into captures: inout [ByteRange], base: Int) -> Bool {
    run { part, from, to in captures[base + Int(part.ordinal)] = ByteRange(from..<to) }
  }

  @inline(__always)
  private func run(_ found: (CompiledPart, Int, Int) -> Void) -> Bool {
    var (next, at) = (parts.startIndex, start)
    guard fixedRun(&next, &at, found) else { return false }
    guard next < parts.endIndex else { return at == end }

    // `next` is the first free parameter; it starts at `at`. Runs behind it, from the right.
    let firstFree = next
    var stop = parts.endIndex
    var limit = end
    while true {
      var free = stop - 1
      while parts[free].kind != .free { free -= 1 }
      var from = limit
      if free + 1 < stop {
        guard let place = lastRun(free + 1..<stop, behind: at, limit: limit) else { return false }
        from = place.start
        var (part, to) = (free + 1, place.start)
        _ = fixedRun(&part, &to, found)
        if stop < parts.endIndex { found(parts[stop], to, limit) }
      }
      if free == firstFree {
        guard from > at else { return false }
        found(parts[free], at, from)
        return true
      }
      stop = free
      limit = from
    }
  }

  /// The rightmost place for the parts `run`, leaving a byte for the free parameter left of it. The last run of a
  /// shape has to end at `limit`, any other before it, so that the free parameter there gets a byte too.
  private func lastRun(_ run: Range<Int>, behind lower: Int, limit: Int) -> (start: Int, end: Int)? {
    let isLast = run.upperBound == parts.endIndex
    var place = limit - 1
    while place > lower {
      if !isInsideEscape(place) {
        var (part, to) = (run.lowerBound, place)
        if fixedRun(&part, &to, { _, _, _ in }), part == run.upperBound, isLast ? to == limit : to < limit {
          return (place, to)
        }
      }
      place -= 1
    }
    return nil
  }

  /// Text and constrained parameters from `part` on, up to the next free parameter or the end of the shape.
  @inline(__always)
  private func fixedRun(_ part: inout Int, _ at: inout Int, _ found: (CompiledPart, Int, Int) -> Void) -> Bool {
    while part < parts.endIndex, parts[part].kind != .free {
      let piece = parts[part]
      let from = at
      let matched =
        switch piece.kind {
        case .literal: literal(piece, &at)
        case .int: digits(&at)
        case .float: float(&at)
        case .uuid: uuid(&at)
        case .free: false
        }
      guard matched else { return false }
      if piece.kind != .literal { found(piece, from, at) }
      part += 1
    }
    return true
  }

  private func literal(_ piece: CompiledPart, _ at: inout Int) -> Bool {
    let count = Int(piece.count)
    guard end - at >= count else { return false }
    for i in 0..<count where path[at + i] != pool[Int(piece.start) + i] { return false }
    at += count
    return true
  }

  private func digits(_ at: inout Int) -> Bool {
    let from = at
    while at < end, path[at] &- UInt8(ascii: "0") < 10 { at += 1 }
    return at > from
  }

  private func float(_ at: inout Int) -> Bool {
    guard digits(&at) else { return false }
    var fraction = at + 1
    if at < end, path[at] == UInt8(ascii: "."), digits(&fraction) { at = fraction }
    return true
  }

  private func uuid(_ at: inout Int) -> Bool {
    for digit in 0..<32 {
      // Hyphens after 8, 12, 16 and 20 digits.
      if digit & 3 == 0, 8...20 ~= digit, at < end, path[at] == UInt8(ascii: "-") { at += 1 }
      guard at < end, path[at] &- 0x30 < 10 || (path[at] | 0x20) &- UInt8(ascii: "a") < 6 else { return false }
      at += 1
    }
    return true
  }

  private func isInsideEscape(_ place: Int) -> Bool {
    let percent = UInt8(ascii: "%")
    return (place - 1 >= start && path[place - 1] == percent) || (place - 2 >= start && path[place - 2] == percent)
  }
}
