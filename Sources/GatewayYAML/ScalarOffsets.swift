/// Turns libyaml's positions, which count Unicode scalars, into byte offsets.
///
/// For text that is all ASCII they are the same; else every 64th scalar's offset is kept and the rest is counted.
struct ScalarOffsets {
  private let base: Int
  private let bytes: ArraySlice<UInt8>
  private var checkpoints: [Int] = []
  private static let stride = 64

  /// `bytes` is valid UTF-8.
  init(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
    base = bytes.startIndex
    guard bytes.contains(where: { $0 >= 0x80 }) else { return }
    var scalars = 0
    for index in bytes.indices where bytes[index] & 0xC0 != 0x80 {
      if scalars % ScalarOffsets.stride == 0 { checkpoints.append(index) }
      scalars += 1
    }
  }

  func byteOffset(of scalar: Int) -> Int {
    guard !checkpoints.isEmpty else { return min(base + scalar, bytes.endIndex) }
    guard scalar / ScalarOffsets.stride < checkpoints.count else { return bytes.endIndex }
    var index = checkpoints[scalar / ScalarOffsets.stride]
    var left = scalar % ScalarOffsets.stride
    while left > 0, index < bytes.endIndex {
      index += 1
      while index < bytes.endIndex, bytes[index] & 0xC0 == 0x80 { index += 1 }
      left -= 1
    }
    return index
  }
}
