import CGatewayPlugin

/// Texts that plugins are lent for as long as the snapshot lives.
final class LentTexts: @unchecked Sendable {
  // Proof for @unchecked: written in `init` only, freed when nobody refers to it.
  let texts: [String]
  private let bytes: [LentText]
  private let list: UnsafeMutableBufferPointer<gw_bytes_borrowed>

  init(_ texts: [String]) {
    self.texts = texts
    bytes = texts.map { LentText($0) }
    list = .allocate(capacity: texts.count)
    _ = list.initialize(from: bytes.map { gw_bytes_borrowed($0.bytes) })
  }

  deinit { list.deallocate() }

  var pointer: UnsafePointer<gw_bytes_borrowed>? { UnsafePointer(list.baseAddress) }
  var count: UInt32 { UInt32(clamping: list.count) }
}
