/// A duration as Pydantic's lax mode reads it: ISO 8601, `D day(s), HH:MM:SS`, `HH:MM:SS`, or seconds.
struct LaxDuration: Equatable {
  var isNegative = false
  /// All three without sign.
  var days = 0
  var seconds = 0
  var microseconds = 0

  static let maximumDays = 999_999_999
  /// The last second of the last day.
  static let maximumSeconds = maximumDays * 86_400 + 86_399

  init() {}

  /// Seconds with fraction.
  init(_ value: Double) throws(TemporalFailure) {
    guard value.magnitude < 8.64e13 else { throw .durationDays }
    isNegative = value < 0
    let whole = value.magnitude.rounded(.towardZero)
    try set(seconds: Int(whole), microseconds: Int(((value.magnitude - whole) * 1_000_000).rounded()))
  }

  private mutating func set(seconds total: Int, microseconds fraction: Int) throws(TemporalFailure) {
    let total = total + fraction / 1_000_000
    days = total / 86_400
    seconds = total % 86_400
    microseconds = fraction % 1_000_000
    guard days <= LaxDuration.maximumDays else { throw .durationDays }
  }

  static func parse(_ text: UnsafeRawBufferPointer) throws(TemporalFailure) -> LaxDuration {
    var reader = DigitReader(text)
    var duration = LaxDuration()
    if reader.take("-") {
      duration.isNegative = true
    } else {
      _ = reader.take("+")
    }
    guard !reader.isAtEnd else { throw .tooShort }
    if reader.take("P") {
      try duration.readISO(&reader)
    } else if text.count < 5 || text.contains(where: { $0 | 0x20 == UInt8(ascii: "d") }) {
      try duration.readDays(&reader)
    } else {
      try duration.readClock(&reader)
    }
    return duration
  }

  private mutating func readISO(_ reader: inout DigitReader) throws(TemporalFailure) {
    var isTime = false
    var total = 0
    var micros = 0
    var parts = 0
    while !reader.isAtEnd {
      if reader.take("T") {
        guard !isTime else { throw .repeatedT }
        isTime = true
        continue
      }
      let (value, fraction) = try LaxDuration.quantity(&reader)
      let unit: Int
      guard !reader.isAtEnd else { throw isTime ? .timePart : .datePart }
      switch (reader.text[reader.position], isTime) {
      case (UInt8(ascii: "Y"), false): unit = 365 * 86_400
      case (UInt8(ascii: "M"), false): unit = 30 * 86_400
      case (UInt8(ascii: "W"), false): unit = 7 * 86_400
      case (UInt8(ascii: "D"), false): unit = 86_400
      case (UInt8(ascii: "H"), true): unit = 3600
      case (UInt8(ascii: "M"), true): unit = 60
      case (UInt8(ascii: "S"), true): unit = 1
      default: throw isTime ? .timePart : .datePart
      }
      reader.position += 1
      parts += 1
      let (product, overflowed) = value.multipliedReportingOverflow(by: unit)
      let (sum, carried) = total.addingReportingOverflow(product)
      guard !overflowed, !carried else { throw .durationNumber }
      total = sum
      if let fraction {
        // At most one unit, for a fraction is at most one: both sums stay far below their ends.
        guard total <= LaxDuration.maximumSeconds else { throw .durationDays }
        let share = fraction * Double(unit)
        let whole = share.rounded(.towardZero)
        total += Int(whole)
        micros += Int(((share - whole) * 1_000_000).rounded())
        // Parts are as many as a client likes, so what they add up to is carried over as it comes.
        total += micros / 1_000_000
        micros %= 1_000_000
      }
      guard total <= LaxDuration.maximumSeconds else { throw .durationDays }
    }
    guard parts > 0 else { throw .tooShort }
    try set(seconds: total, microseconds: micros)
  }

  /// Digits and perhaps a fraction behind a point or comma.
  private static func quantity(_ reader: inout DigitReader) throws(TemporalFailure) -> (Int, Double?) {
    var value = 0
    guard let first = reader.digit() else { throw .durationDigit }
    value = first
    while let digit = reader.digit() {
      value = value * 10 + digit
      guard value <= 0xFFFF_FFFF else { throw .durationNumber }
    }
    guard reader.take(".") || reader.take(",") else { return (value, nil) }
    var fraction = 0.0
    var weight = 0.1
    var digits = 0
    while let digit = reader.digit() {
      fraction += Double(digit) * weight
      weight /= 10
      digits += 1
    }
    guard digits > 0 else { throw .durationDigit }
    return (value, fraction)
  }

  private mutating func readDays(_ reader: inout DigitReader) throws(TemporalFailure) {
    let start = reader.position
    var value = 0
    while let digit = reader.digit() {
      value = value * 10 + digit
      guard value <= 0xFFFF_FFFF else { throw .durationNumber }
    }
    guard reader.position > start else { throw .durationDigit }
    while reader.take(" ") || reader.take("\t") {}
    guard reader.take("d") || reader.take("D") else { throw .durationDayWord }
    if reader.take("a") || reader.take("A") {
      guard reader.take("y") || reader.take("Y") else { throw .durationDayWord }
      _ = reader.take("s") || reader.take("S")
    }
    _ = reader.take(",")
    while reader.take(" ") || reader.take("\t") {}
    if !reader.isAtEnd {
      try readClock(&reader)
      guard days == 0 else { throw .durationHours }
    }
    guard value <= LaxDuration.maximumDays else { throw .durationDays }
    days = value
  }

  /// `H…:MM[:SS[.fraction]]`.
  private mutating func readClock(_ reader: inout DigitReader) throws(TemporalFailure) {
    guard reader.text.count - reader.position >= 5 else { throw .tooShort }
    guard let colon = reader.text[reader.position...].firstIndex(of: UInt8(ascii: ":")) else { throw .hourCharacter }
    guard colon - reader.position <= 10 else { throw .durationHours }
    var hours = 0
    while let digit = reader.digit() {
      hours = hours * 10 + digit
      guard hours <= 2_400_000_000 else { throw .durationHours }
    }
    guard reader.take(":") else { throw .hourCharacter }
    // Twelve characters after the hours count (`MM:SS.ffffff`), whatever follows is cut as excess digits are.
    var reader = DigitReader(
      UnsafeRawBufferPointer(rebasing: reader.text[..<min(reader.text.count, reader.position + 12)]),
      at: reader.position)
    guard let minute = reader.pair() else { throw .minuteCharacter }
    guard minute <= 59 else { throw .minute }
    var second = 0
    var micros = 0
    if reader.take(":") {
      guard let value = reader.pair() else { throw .secondCharacter }
      guard value <= 59 else { throw .second }
      second = value
      if reader.take(".") || reader.take(",") {
        var digits = 0
        while let digit = reader.digit() {
          if digits < 6 { micros = micros * 10 + digit }
          digits += 1
        }
        guard digits > 0 else { throw .fractionMissing }
        while digits < 6 {
          micros *= 10
          digits += 1
        }
      }
    }
    guard reader.isAtEnd else { throw .extraCharacters }
    try set(seconds: hours * 3600 + minute * 60 + second, microseconds: micros)
  }
}
