import GatewayHTTP

/// Writes one line into memory that was reserved for it.
///
/// A log line has some twenty pieces; through `ByteBuffer` each would cost a capacity check, a uniqueness check and a
/// copy call, about as much as everything else in the line. So the line's upper bound is reserved once, and this value
/// writes through a pointer. It is memory-safe by its own check: a write past `capacity` is not done and sets
/// `overflowed`, and the line is then not used.
struct LineCursor {
  private let base: UnsafeMutablePointer<UInt8>
  private let capacity: Int
  private(set) var count = 0
  private(set) var overflowed = false

  /// `memory` must outlive the cursor.
  init?(_ memory: UnsafeMutableRawBufferPointer) {
    guard let base = memory.baseAddress else { return nil }
    self.base = base.assumingMemoryBound(to: UInt8.self)
    capacity = memory.count
  }

  private mutating func reserve(_ size: Int) -> UnsafeMutablePointer<UInt8>? {
    guard size <= capacity - count else {
      overflowed = true
      return nil
    }
    let place = base + count
    count += size
    return place
  }

  // Always inlined here and below where the text is a literal: its length is then a constant and the copy becomes a
  // few moves instead of a call (measured: 40 % of the instructions of a line).
  @inline(__always)
  mutating func write(_ text: StaticString) {
    guard let place = reserve(text.utf8CodeUnitCount) else { return }
    text.withUTF8Buffer { source in
      if let start = source.baseAddress { place.update(from: start, count: source.count) }
    }
  }

  mutating func write(_ bytes: UnsafeRawBufferPointer) {
    guard let start = bytes.baseAddress, let place = reserve(bytes.count) else { return }
    place.update(from: start.assumingMemoryBound(to: UInt8.self), count: bytes.count)
  }

  mutating func write(_ byte: UInt8) {
    guard let place = reserve(1) else { return }
    place.pointee = byte
  }

  /// A decimal number.
  mutating func write(_ value: Int) {
    if value < 0 { write(UInt8(ascii: "-")) }
    var rest = value.magnitude
    if rest < 10 { return write(digit(rest)) }
    let length = Self.digits(rest)
    guard let place = reserve(length) else { return }
    var at = length
    repeat {
      at -= 1
      place[at] = digit(rest % 10)
      rest /= 10
    } while rest > 0
  }

  /// A number with leading zeros.
  mutating func write(_ value: Int, digits count: Int) {
    guard let place = reserve(count) else { return }
    var rest = value.magnitude
    for at in (0..<count).reversed() {
      place[at] = digit(rest % 10)
      rest /= 10
    }
  }

  /// `whole.fraction` with three decimals; `thousandths` below zero count as 0.
  mutating func writeThousandths(_ thousandths: Int64) {
    let value = max(0, Int(thousandths))
    write(value / 1000)
    write(UInt8(ascii: "."))
    write(value % 1000, digits: 3)
  }

  mutating func writeHex(_ byte: UInt8) {
    write(hexDigit(byte >> 4))
    write(hexDigit(byte & 15))
  }

  /// Dotted IPv4, or IPv6 as RFC 5952 has it.
  mutating func write(_ address: IPAddress) {
    guard address.isV4 else {
      // Rare enough on the way in to take the text's allocation.
      var text = address.description
      text.withUTF8 { write(UnsafeRawBufferPointer($0)) }
      return
    }
    write(Int(address.low >> 24 & 0xFF))
    write(UInt8(ascii: "."))
    write(Int(address.low >> 16 & 0xFF))
    write(UInt8(ascii: "."))
    write(Int(address.low >> 8 & 0xFF))
    write(UInt8(ascii: "."))
    write(Int(address.low & 0xFF))
  }

  private func hexDigit(_ nibble: UInt8) -> UInt8 { nibble < 10 ? nibble &+ 0x30 : nibble &+ (0x61 - 10) }

  private func digit(_ value: UInt) -> UInt8 { UInt8(truncatingIfNeeded: value) &+ 0x30 }

  private static func digits(_ value: UInt) -> Int {
    var count = 1
    var rest = value
    while rest >= 10 {
      rest /= 10
      count += 1
    }
    return count
  }
}
