import GatewayHTTP
import NIOCore

/// Puts the pieces of a head together in memory that was asked for once.
///
/// One `ByteBuffer` write and not thirty: each checks capacity, uniqueness and exclusivity for itself, and together that
/// cost 4,000 of the 44,000 instructions that a proxied request took in this process. Nothing is written beyond the
/// memory: what does not fit is left out and `isOverfull` says so, which the owner has to treat as a failure.
struct WireWriter {
  private let out: UnsafeMutableRawBufferPointer
  private(set) var count = 0
  private(set) var isOverfull = false
  /// Where the target's `Host` line belongs; nil where the head has its own.
  private(set) var hostOffset: Int?

  init(_ out: UnsafeMutableRawBufferPointer) { self.out = out }

  mutating func leaveHostToTarget() { hostOffset = count }

  @inline(__always)
  mutating func add(_ bytes: UnsafeRawBufferPointer) {
    guard let from = bytes.baseAddress, let to = out.baseAddress else { return }
    guard bytes.count <= out.count &- count else {
      isOverfull = true
      return
    }
    (to + count).copyMemory(from: from, byteCount: bytes.count)
    count &+= bytes.count
  }

  @inline(__always)
  mutating func add(_ text: StaticString) {
    text.withUTF8Buffer { add(UnsafeRawBufferPointer($0)) }
  }

  mutating func add(_ buffer: ByteBuffer) {
    buffer.withUnsafeReadableBytes { add($0) }
  }

  /// Not `add`: a literal would be taken for a String.
  mutating func addText(_ text: String) {
    var text = text
    text.withUTF8 { add(UnsafeRawBufferPointer($0)) }
  }

  @inline(__always)
  mutating func add(_ byte: UInt8) {
    guard count < out.count else {
      isOverfull = true
      return
    }
    out[count] = byte
    count &+= 1
  }

  /// A field line.
  @inline(__always)
  mutating func add(_ name: StaticString, _ value: UnsafeRawBufferPointer) {
    add(name)
    add(value)
    add("\r\n")
  }

  /// A number that is not negative.
  mutating func addDecimal(_ value: Int) {
    var rest = value.magnitude
    if rest < 10 { return add(UInt8(truncatingIfNeeded: rest) &+ 0x30) }
    // 2⁶³ has 19 digits.
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
      var at = 20
      while rest > 0 {
        at -= 1
        digits[at] = UInt8(truncatingIfNeeded: rest % 10) &+ 0x30
        rest /= 10
      }
      add(UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: digits[at...])))
    }
  }

  /// An address as text; for IPv4 without making a String.
  mutating func addAddress(_ address: IPAddress) {
    guard address.isV4 else { return addText(address.description) }
    for shift in stride(from: UInt64(24), through: 8, by: -8) {
      addDecimal(Int(address.low >> shift & 0xFF))
      add(UInt8(ascii: "."))
    }
    addDecimal(Int(address.low & 0xFF))
  }

  /// What was written from `start` on.
  func written(from start: Int) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: out[start..<count])
  }
}
