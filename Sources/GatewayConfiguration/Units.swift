/// Durations as the file writes them: a whole number and one of `ms`, `s`, `m`, `h`, `d`.
public enum DurationText {
  private static let units: [(name: String, milliseconds: Int64)] = [
    ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1),
  ]

  public static func parse(_ text: String) -> Duration? {
    guard let (number, unit) = UnitText.split(text), let scale = units.first(where: { $0.name == unit }),
      let value = Int64(exactly: number)
    else { return nil }
    let (milliseconds, overflow) = value.multipliedReportingOverflow(by: scale.milliseconds)
    return overflow ? nil : .milliseconds(milliseconds)
  }

  /// In the largest unit that leaves no rest.
  public static func format(_ duration: Duration) -> String {
    let (seconds, attoseconds) = duration.components
    let milliseconds = seconds * 1000 + attoseconds / 1_000_000_000_000_000
    guard milliseconds != 0 else { return "0s" }
    let unit = units.first { milliseconds % $0.milliseconds == 0 } ?? ("ms", 1)
    return "\(milliseconds / unit.milliseconds)\(unit.name)"
  }
}

/// Sizes as the file writes them, in bytes: a whole number and one of `B`, `KiB`, `MiB`, `GiB`, `KB`, `MB`, `GB`.
public enum SizeText {
  private static let units: [(name: String, bytes: Int)] = [
    ("GiB", 1 << 30), ("GB", 1_000_000_000), ("MiB", 1 << 20), ("MB", 1_000_000), ("KiB", 1 << 10), ("KB", 1000),
    ("B", 1),
  ]

  public static func parse(_ text: String) -> Int? {
    guard let (number, unit) = UnitText.split(text), let scale = units.first(where: { $0.name == unit })
    else { return nil }
    let (bytes, overflow) = number.multipliedReportingOverflow(by: scale.bytes)
    return overflow ? nil : bytes
  }

  /// In the largest unit that leaves no rest.
  public static func format(_ bytes: Int) -> String {
    guard bytes > 0 else { return "\(bytes)B" }
    let unit = units.first { bytes % $0.bytes == 0 } ?? ("B", 1)
    return "\(bytes / unit.bytes)\(unit.name)"
  }
}

/// So many in so much time: `50/s`, `10/m`, `100/h`, `1000/d`.
public struct Rate: Sendable, Hashable {
  public var count: Int
  public var period: Duration

  public init(count: Int, per period: Duration) {
    self.count = count
    self.period = period
  }

  public static func parse(_ text: String) -> Rate? {
    guard let slash = text.firstIndex(of: "/"), let count = UnitText.number(text[..<slash]), count > 0 else {
      return nil
    }
    switch text[text.index(after: slash)...] {
    case "s": return Rate(count: count, per: .seconds(1))
    case "m": return Rate(count: count, per: .seconds(60))
    case "h": return Rate(count: count, per: .seconds(3600))
    case "d": return Rate(count: count, per: .seconds(86_400))
    default: return nil
    }
  }
}

enum UnitText {
  /// A whole number, and what stands right after it.
  static func split(_ text: String) -> (number: Int, unit: String)? {
    let digits = text.prefix { $0.isASCII && $0.isNumber }
    guard let number = number(digits) else { return nil }
    return (number, String(text[digits.endIndex...]))
  }

  /// Digits only: `Int` itself would take a sign.
  static func number(_ digits: Substring) -> Int? {
    digits.utf8.allSatisfy { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") } ? Int(digits) : nil
  }
}
