import NIOCore

/// Cuts what a worker writes to its standard output and error into lines, so many and so long at most.
struct OutputLines {
  /// Bytes of a line; what is behind them is left out.
  static let longest = 4096
  /// Lines in a second.
  static let rate = 500

  private var line: [UInt8] = []
  private var isLong = false
  private var second: Int64 = .min
  private var taken = 0
  /// Left out since somebody was last told.
  private var lost = 0

  enum Output: Equatable {
    case line(String)
    case lost(Int)
  }

  /// - Parameter now: nanoseconds of a clock that only goes forward.
  mutating func feed(_ bytes: UnsafeRawBufferPointer, now: Int64, _ take: (Output) -> Void) {
    if now / 1_000_000_000 != second {
      second = now / 1_000_000_000
      taken = 0
      tellLost(take)
    }
    for byte in bytes {
      if byte == UInt8(ascii: "\n") {
        end(take)
      } else if line.count < Self.longest {
        line.append(byte)
      } else {
        isLong = true
      }
    }
  }

  /// Nothing more comes.
  mutating func finish(_ take: (Output) -> Void) {
    if !line.isEmpty { end(take) }
    tellLost(take)
  }

  private mutating func tellLost(_ take: (Output) -> Void) {
    if lost > 0 { take(.lost(lost)) }
    lost = 0
  }

  private mutating func end(_ take: (Output) -> Void) {
    defer {
      line.removeAll(keepingCapacity: true)
      isLong = false
    }
    guard !line.isEmpty else { return }
    guard taken < Self.rate else { return lost += 1 }
    taken += 1
    take(.line(String(decoding: line, as: UTF8.self) + (isLong ? "..." : "")))
  }
}
