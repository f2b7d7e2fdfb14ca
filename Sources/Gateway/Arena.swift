/// Bytes that stay where they are until `reset`: what an exchange lends to plugins beside the received bytes.
///
/// One small block is kept from exchange to exchange, so most exchanges allocate nothing here; larger needs get blocks
/// of their own that `reset` frees.
struct Arena: ~Copyable {
  private let first: UnsafeMutableRawBufferPointer
  private var used = 0
  private var extra: [UnsafeMutableRawBufferPointer] = []

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
  }

  /// Room for `count` bytes, aligned for any pointer.
  mutating func allocate(_ count: Int) -> UnsafeMutableRawBufferPointer {
    used = (used + 15) & ~15
    if used + count <= first.count {
      let block = UnsafeMutableRawBufferPointer(rebasing: first[used..<used + count])
      used += count
      return block
    }
    let block = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 16)
    extra.append(block)
    return block
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
