/// Bytes that stay where they are until `reset`: what an exchange lends to plugins beside the received bytes.
///
/// One small block is kept from exchange to exchange, so most exchanges allocate nothing here; larger needs get blocks
/// of their own that `reset` frees.
struct Arena: ~Copyable {
  private let first: UnsafeMutableRawBufferPointer
  private var used = 0
  private var extra: [UnsafeMutableRawBufferPointer] = []
  /// Of the last extra block.
  private var usedExtra = 0

  /// Bytes of a block for several pieces at most.
  private static let largestShared = 64 << 10

  init(capacity: Int = 1024) {
    first = .allocate(byteCount: capacity, alignment: 16)
  }

  deinit {
    for block in extra { block.deallocate() }
    first.deallocate()
  }

  mutating func reset() {
    used = 0
    guard !extra.isEmpty else { return }
    for block in extra { block.deallocate() }
    extra.removeAll()
    usedExtra = 0
  }

  /// Room for `count` bytes, aligned for any pointer.
  mutating func allocate(_ count: Int) -> UnsafeMutableRawBufferPointer {
    used = (used + 15) & ~15
    if used + count <= first.count {
      let block = UnsafeMutableRawBufferPointer(rebasing: first[used..<used + count])
      used += count
      return block
    }
    // Blocks that double, so that many small pieces cost few allocations.
    usedExtra = (usedExtra + 15) & ~15
    if let last = extra.last, usedExtra + count <= last.count {
      let block = UnsafeMutableRawBufferPointer(rebasing: last[usedExtra..<usedExtra + count])
      usedExtra += count
      return block
    }
    let size = max(count, min((extra.last ?? first).count * 2, Self.largestShared))
    let block = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16)
    extra.append(block)
    usedExtra = count
    return UnsafeMutableRawBufferPointer(rebasing: block[..<count])
  }

  mutating func copy(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
    let block = allocate(bytes.count)
    block.copyMemory(from: bytes)
    return UnsafeRawBufferPointer(block)
  }

  mutating func copy(_ text: String) -> UnsafeRawBufferPointer {
    var text = text
    return text.withUTF8 { copy(UnsafeRawBufferPointer($0)) }
  }
}
