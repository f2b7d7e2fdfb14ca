/// RFC 3492: code points beyond ASCII as letters, digits and hyphens.
enum Punycode {
  /// Code points of what stands behind `xn--`; nil where it stands for nothing.
  static func decode(_ text: some Collection<UInt8>) -> [UInt32]? {
    let bytes = Array(text)
    var output: [UInt32] = []
    var position = 0
    if let delimiter = bytes.lastIndex(of: UInt8(ascii: "-")) {
      output = bytes[..<delimiter].map { UInt32($0) }
      position = delimiter + 1
    }
    var scalar = 128
    var index = 0
    var bias = 72
    while position < bytes.count {
      let before = index
      var weight = 1
      var k = 36
      while true {
        guard position < bytes.count, let digit = digit(bytes[position]) else { return nil }
        position += 1
        index += digit * weight
        // Far above any code point in any place of a label; keeps sums below from overflowing.
        guard index < 1 << 40 else { return nil }
        let threshold = max(1, min(26, k - bias))
        if digit < threshold { break }
        weight *= 36 - threshold
        guard weight < 1 << 40 else { return nil }
        k += 36
      }
      let count = output.count + 1
      bias = adapted(index - before, count, isFirst: before == 0)
      scalar += index / count
      index %= count
      guard let value = UInt32(exactly: scalar), Unicode.Scalar(value) != nil else { return nil }
      output.insert(value, at: index)
      index += 1
    }
    return output
  }

  /// What stands behind `xn--` for these code points.
  static func encode(_ scalars: [UInt32]) -> [UInt8] {
    var output = scalars.filter { $0 < 128 }.map { UInt8(truncatingIfNeeded: $0) }
    let basic = output.count
    var handled = basic
    if basic > 0 { output.append(UInt8(ascii: "-")) }
    var scalar = 128
    var delta = 0
    var bias = 72
    while handled < scalars.count {
      guard let next = scalars.filter({ $0 >= scalar }).min() else { return output }
      delta += (Int(next) - scalar) * (handled + 1)
      scalar = Int(next)
      for value in scalars {
        if value < next { delta += 1 }
        guard value == next else { continue }
        var rest = delta
        var k = 36
        while true {
          let threshold = max(1, min(26, k - bias))
          if rest < threshold { break }
          output.append(letter(threshold + (rest - threshold) % (36 - threshold)))
          rest = (rest - threshold) / (36 - threshold)
          k += 36
        }
        output.append(letter(rest))
        bias = adapted(delta, handled + 1, isFirst: handled == basic)
        delta = 0
        handled += 1
      }
      delta += 1
      scalar += 1
    }
    return output
  }

  private static func digit(_ byte: UInt8) -> Int? {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"): Int(byte - UInt8(ascii: "a"))
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): Int(byte - UInt8(ascii: "A"))
    case UInt8(ascii: "0")...UInt8(ascii: "9"): Int(byte - UInt8(ascii: "0")) + 26
    default: nil
    }
  }

  private static func letter(_ digit: Int) -> UInt8 {
    UInt8(truncatingIfNeeded: digit < 26 ? Int(UInt8(ascii: "a")) + digit : Int(UInt8(ascii: "0")) + digit - 26)
  }

  private static func adapted(_ delta: Int, _ count: Int, isFirst: Bool) -> Int {
    var delta = isFirst ? delta / 700 : delta / 2
    delta += delta / count
    var k = 0
    while delta > 455 {
      delta /= 35
      k += 36
    }
    return k + 36 * delta / (delta + 38)
  }
}
