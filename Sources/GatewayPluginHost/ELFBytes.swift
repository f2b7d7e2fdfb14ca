import Glibc

/// A part of a file, as the file itself states it: not yet checked against anything.
struct ELFRange: Sendable, Equatable {
  let offset: UInt64
  let count: UInt64

  /// Where it ends, or nil where the sum overflows.
  var end: UInt64? {
    let (sum, overflow) = offset.addingReportingOverflow(count)
    return overflow ? nil : sum
  }
}

/// Why a file cannot be read as ELF.
public enum ELFFault: Error, Sendable, Equatable, CustomStringConvertible {
  /// The file ends before something that its own tables promise. Sizes are bytes; `needed` is nil where the sum of
  /// offset and size is over 64 bits.
  case truncated(part: String, needed: UInt64?, size: UInt64)
  case malformed(String)
  /// `read(2)` failed with this `errno`.
  case unreadable(Int32)

  public var description: String {
    switch self {
    case .truncated(let part, let needed, let size):
      "\(part) ends at byte \(needed.map(String.init) ?? "2^64 or more"), the file has \(size)"
    case .malformed(let what): what
    case .unreadable(let code): String(cString: strerror(code))
    }
  }
}

/// The bytes of a file, read piecemeal: a plugin may be tens of megabytes, what matters of it a few kilobytes.
///
/// Not mapped into memory, because a file that is truncated while it is mapped raises SIGBUS.
public enum ELFBytes: Sendable {
  case memory([UInt8])
  case file(ReadableFile)

  /// Longest piece that is read at once. Everything of interest is far smaller, a larger claim is a hostile file.
  static let longestPiece: UInt64 = 1 << 20

  var size: UInt64 {
    switch self {
    case .memory(let bytes): UInt64(bytes.count)
    case .file(let file): file.size
    }
  }

  /// Exactly that range. `part` names it in a fault.
  func read(_ range: ELFRange, _ part: @autoclosure () -> String) throws(ELFFault) -> ELFBlock {
    guard let end = range.end, end <= size else {
      throw .truncated(part: part(), needed: range.end, size: size)
    }
    guard range.count <= Self.longestPiece else {
      throw .malformed("\(part()) is \(range.count) bytes, over the limit of \(Self.longestPiece)")
    }
    switch self {
    case .memory(let bytes):
      // `end <= size` and `size` is an array's count, so both fit Int.
      return ELFBlock(bytes: Array(bytes[Int(range.offset)..<Int(end)]))
    case .file(let file):
      return ELFBlock(bytes: try file.read(offset: range.offset, count: Int(range.count), part()))
    }
  }
}

/// Bytes that have been read. Numbers are little-endian; outside the bytes they read as 0, so that a wrong offset here
/// can make a wrong answer but no crash.
struct ELFBlock: Sendable {
  let bytes: [UInt8]

  func u16(_ offset: Int) -> UInt16 { UInt16(truncatingIfNeeded: number(offset, 2)) }
  func u32(_ offset: Int) -> UInt32 { UInt32(truncatingIfNeeded: number(offset, 4)) }
  func u64(_ offset: Int) -> UInt64 { number(offset, 8) }

  private func number(_ offset: Int, _ count: Int) -> UInt64 {
    guard offset >= 0, offset <= bytes.count - count else { return 0 }
    var value: UInt64 = 0
    for index in 0..<count { value |= UInt64(bytes[offset + index]) << UInt64(8 * index) }
    return value
  }

  /// `count` bytes from `offset`, or nil where they are not all there.
  func slice(_ offset: Int, _ count: Int) -> [UInt8]? {
    guard offset >= 0, count >= 0, offset <= bytes.count, count <= bytes.count - offset else { return nil }
    return Array(bytes[offset..<offset + count])
  }
}
