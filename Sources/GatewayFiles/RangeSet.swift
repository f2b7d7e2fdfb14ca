import GatewayHTTP

/// The ranges that a `Range` field asks for (RFC 9110 §14.1.2), cut to a file's size.
enum RangeSet: Equatable {
  /// Another unit, malformed, or too many: as if the field were not there (§14.2).
  case ignored
  case unsatisfiable
  /// Ascending, apart from each other, not empty.
  case ranges([Range<Int>])

  /// More are no use to a client and cheap for an attacker; FastAPI draws the line there too.
  static let maximum = 100
  /// Ranges that lie nearer to each other are one: the head of a part is longer than that (§15.3.7.2).
  static let gap = 80

  init(_ value: UnsafeRawBufferPointer, size: Int) {
    let unit: StaticString = "bytes="
    let length = unit.utf8CodeUnitCount
    guard value.count > length, FieldSyntax.isSameName(UnsafeRawBufferPointer(rebasing: value[..<length]), unit) else {
      self = .ignored
      return
    }
    var ranges: [Range<Int>] = []
    var count = 0
    for element in value[length...].split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
      let spec = Self.trimmed(element)
      // Empty elements are allowed in lists (§5.6.1.2).
      if spec.isEmpty { continue }
      count += 1
      guard count <= Self.maximum, let range = Self.range(spec, size: size) else {
        self = .ignored
        return
      }
      if !range.isEmpty { ranges.append(range) }
    }
    if count == 0 { self = .ignored } else { self = ranges.isEmpty ? .unsatisfiable : .ranges(Self.merged(ranges)) }
  }

  /// Empty where it lies outside the file; nil where it is malformed.
  private static func range(_ spec: Slice<UnsafeRawBufferPointer>, size: Int) -> Range<Int>? {
    guard let dash = spec.firstIndex(of: UInt8(ascii: "-")) else { return nil }
    let first = spec[..<dash]
    let last = spec[(dash + 1)...]
    if first.isEmpty {
      guard let suffix = number(last) else { return nil }
      return max(size - suffix, 0)..<size
    }
    guard let low = number(first) else { return nil }
    if last.isEmpty { return min(low, size)..<size }
    guard let high = number(last), high >= low else { return nil }
    return min(low, size)..<(high >= size ? size : high + 1)
  }

  /// Numbers beyond Int are Int.max: no file is that large.
  private static func number(_ digits: Slice<UnsafeRawBufferPointer>) -> Int? {
    guard !digits.isEmpty else { return nil }
    var value = 0
    for digit in digits {
      guard digit &- 0x30 < 10 else { return nil }
      let (tens, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = tens.addingReportingOverflow(Int(digit &- 0x30))
      value = overflow || carry ? Int.max : sum
    }
    return value
  }

  private static func trimmed(_ bytes: Slice<UnsafeRawBufferPointer>) -> Slice<UnsafeRawBufferPointer> {
    let isBlank = { (byte: UInt8) in byte == 0x20 || byte == 0x09 }
    let head = bytes.drop(while: isBlank)
    return head[..<(head.lastIndex { !isBlank($0) }.map { $0 + 1 } ?? head.startIndex)]
  }

  private static func merged(_ ranges: [Range<Int>]) -> [Range<Int>] {
    var result: [Range<Int>] = []
    for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if let last = result.last, range.lowerBound - last.upperBound < gap {
        result[result.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
      } else {
        result.append(range)
      }
    }
    return result
  }
}
