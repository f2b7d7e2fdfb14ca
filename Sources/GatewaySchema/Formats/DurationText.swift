/// RFC 3339 Appendix A: whole numbers of units in falling order without gaps, or weeks alone.
enum DurationText {
  static func isDuration(_ text: UnsafeRawBufferPointer) -> Bool {
    guard text.first == UInt8(ascii: "P") else { return false }
    var position = 1
    guard var date = units(text, &position) else { return false }
    if date.elementsEqual("W".utf8) { return position == text.count }
    var isEmpty = date.isEmpty
    guard isRun(&date, of: "YMD") else { return false }
    if position < text.count, text[position] == UInt8(ascii: "T") {
      position += 1
      guard var time = units(text, &position), !time.isEmpty, isRun(&time, of: "HMS") else { return false }
      isEmpty = false
    }
    return !isEmpty && position == text.count
  }

  /// Up to three units, each behind its digits; nil where digits have no unit.
  private static func units(_ text: UnsafeRawBufferPointer, _ position: inout Int) -> UnitRun? {
    var units = UnitRun()
    while position < text.count, text[position] &- UInt8(ascii: "0") < 10 {
      while position < text.count, text[position] &- UInt8(ascii: "0") < 10 { position += 1 }
      guard position < text.count, units.append(text[position]) else { return nil }
      position += 1
    }
    return units
  }

  /// Whether the units follow each other in `order`: years and days need months between them.
  private static func isRun(_ units: inout UnitRun, of order: StaticString) -> Bool {
    guard let first = units.next() else { return true }
    let names = UnsafeBufferPointer(start: order.utf8Start, count: order.utf8CodeUnitCount)
    guard var place = names.firstIndex(of: first) else { return false }
    while let unit = units.next() {
      place += 1
      guard place < names.count, names[place] == unit else { return false }
    }
    return true
  }

  private struct UnitRun: Sequence, IteratorProtocol {
    private var first: UInt8?
    private var second: UInt8?
    private var third: UInt8?

    var isEmpty: Bool { first == nil }

    mutating func append(_ unit: UInt8) -> Bool {
      if first == nil {
        first = unit
      } else if second == nil {
        second = unit
      } else if third == nil {
        third = unit
      } else {
        return false
      }
      return true
    }

    mutating func next() -> UInt8? {
      defer { (first, second, third) = (second, third, nil) }
      return first
    }
  }
}
