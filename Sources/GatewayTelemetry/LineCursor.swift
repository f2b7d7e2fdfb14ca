import GatewayHTTP

/// Writes one line into memory that was reserved for it.
///
/// A log line has some twenty pieces; through `ByteBuffer` each would cost a capacity check, a uniqueness check and a
/// copy call, about as much as everything else in the line. So the line's upper bound is reserved once, and this value
/// writes through a pointer. It is memory-safe by its own check: a write past the end is not done and sets
/// `overflowed`, and the line is then not used.
struct LineCursor {
  private let base: UnsafeMutablePointer<UInt8>
  private let end: UnsafeMutablePointer<UInt8>
  /// Where the next byte goes; never past `end`.
  private var next: UnsafeMutablePointer<UInt8>
  private(set) var overflowed = false

  /// `memory` must outlive the cursor.
  init?(_ memory: UnsafeMutableRawBufferPointer) {
    guard let start = memory.baseAddress else { return nil }
    base = start.assumingMemoryBound(to: UInt8.self)
    end = base + memory.count
    next = base
  }

  /// Bytes written.
  var count: Int { next - base }

  @inline(__always)
  private mutating func reserve(_ size: Int) -> UnsafeMutablePointer<UInt8>? {
    guard size <= end - next else {
      overflowed = true
      return nil
    }
    let place = next
    next = place + size
    return place
  }

  // Always inlined here and below where the text is a literal: its length is then a constant and the copy becomes two
  // or three moves instead of a call, some fifty times in a line.
  @inline(__always)
  mutating func write(_ text: StaticString) {
    guard let place = reserve(text.utf8CodeUnitCount) else { return }
    text.withUTF8Buffer { source in
      // `copyMemory`, because `update` first asks whether the two overlap, each time.
      if let start = source.baseAddress {
        UnsafeMutableRawPointer(place).copyMemory(from: start, byteCount: source.count)
      }
    }
  }

  mutating func write(_ bytes: UnsafeRawBufferPointer) {
    guard let start = bytes.baseAddress, let place = reserve(bytes.count) else { return }
    UnsafeMutableRawPointer(place).copyMemory(from: start, byteCount: bytes.count)
  }

  @inline(__always)
  mutating func write(_ byte: UInt8) {
    guard let place = reserve(1) else { return }
    place.pointee = byte
  }

  /// Copies text that needs no escaping; false, and nothing written, where some byte does.
  ///
  /// Most texts are plain: looking and copying go together, sixteen bytes at a time. Reads stay inside `text` and writes inside the bytes that are left: in each loop the last block ends where
  /// the text ends, whatever of it has been copied already.
  mutating func writePlain(_ text: UnsafeRawBufferPointer) -> Bool {
    let length = text.count
    guard let source = text.baseAddress, length > 0 else { return true }
    guard length <= end - next else {
      overflowed = true
      return true
    }
    let target = UnsafeMutableRawPointer(next)
    if length >= 16 {
      var at = 0
      while at < length {
        let place = min(at, length &- 16)
        let words = source.loadUnaligned(fromByteOffset: place, as: SIMD2<UInt64>.self)
        guard PlainText.isPlain(words) else { return false }
        (target + place).copyMemory(from: source + place, byteCount: 16)
        at &+= 16
      }
    } else if length >= 8 {
      let first = source.loadUnaligned(as: UInt64.self)
      let last = source.loadUnaligned(fromByteOffset: length &- 8, as: UInt64.self)
      guard PlainText.isPlain(SIMD2(first, last)) else { return false }
      target.storeBytes(of: first, as: UInt64.self)
      target.storeBytes(of: last, toByteOffset: length &- 8, as: UInt64.self)
    } else if length >= 4 {
      let first = source.loadUnaligned(as: UInt32.self)
      let last = source.loadUnaligned(fromByteOffset: length &- 4, as: UInt32.self)
      guard PlainText.isPlain(UInt64(first) << 32 | UInt64(last)) else { return false }
      target.storeBytes(of: first, as: UInt32.self)
      target.storeBytes(of: last, toByteOffset: length &- 4, as: UInt32.self)
    } else {
      for at in 0..<length {
        let byte = source.load(fromByteOffset: at, as: UInt8.self)
        guard PlainText.isPlain(byte) else { return false }
        target.storeBytes(of: byte, toByteOffset: at, as: UInt8.self)
      }
    }
    next += length
    return true
  }

  /// A decimal number.
  mutating func write(_ value: Int) {
    // Statuses, octets and most sizes: three digits at most, without a loop.
    if value >= 0, value < 1000 { return writeSmall(UInt32(truncatingIfNeeded: value)) }
    if value < 0 { write(UInt8(ascii: "-")) }
    var rest = value.magnitude
    let length = Self.digits(rest)
    guard let place = reserve(length) else { return }
    var at = length
    repeat {
      at -= 1
      place[at] = digit(rest % 10)
      rest /= 10
    } while rest > 0
  }

  /// A number below 1000.
  @inline(__always)
  private mutating func writeSmall(_ value: UInt32) {
    if value < 10 {
      guard let place = reserve(1) else { return }
      place[0] = digit(UInt(value))
    } else if value < 100 {
      guard let place = reserve(2) else { return }
      place[0] = digit(UInt(value / 10))
      place[1] = digit(UInt(value % 10))
    } else {
      guard let place = reserve(3) else { return }
      place[0] = digit(UInt(value / 100))
      place[1] = digit(UInt(value / 10 % 10))
      place[2] = digit(UInt(value % 10))
    }
  }

  /// A number with leading zeros.
  @inline(__always)
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
      // Takes the text's allocation.
      var text = address.description
      text.withUTF8 { write(UnsafeRawBufferPointer($0)) }
      return
    }
    writeSmall(UInt32(truncatingIfNeeded: address.low >> 24 & 0xFF))
    write(UInt8(ascii: "."))
    writeSmall(UInt32(truncatingIfNeeded: address.low >> 16 & 0xFF))
    write(UInt8(ascii: "."))
    writeSmall(UInt32(truncatingIfNeeded: address.low >> 8 & 0xFF))
    write(UInt8(ascii: "."))
    writeSmall(UInt32(truncatingIfNeeded: address.low & 0xFF))
  }

  private func hexDigit(_ nibble: UInt8) -> UInt8 { nibble < 10 ? nibble &+ 0x30 : nibble &+ (0x61 - 10) }

  @inline(__always)
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
