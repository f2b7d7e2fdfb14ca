import CGatewayPlugin
import GatewayPluginHost
import NIOCore

/// Parsed values cross as their words and the bytes that these point into, so nothing is parsed twice.
enum JSONTapeCoding {
  private enum Form: UInt8 { case none = 0, own = 1, within = 2 }

  static let wordSize = MemoryLayout<gw_json_node>.stride

  /// - Parameters:
  ///   - base: bytes that cross anyway; a value that points into them brings none of its own.
  ///   - start: where the payload starts.
  static func write(
    _ value: gw_json_borrowed, within base: UnsafeRawBufferPointer, to buffer: inout ByteBuffer, payload start: Int
  ) {
    guard let nodes = value.nodes, let bytes = value.bytes, value.node_count > 0 else { return buffer.put(Form.none.rawValue) }
    let words = UnsafeBufferPointer(start: nodes, count: value.node_count)
    let address = UnsafeRawPointer(bytes)
    if let first = base.baseAddress, address >= first, address < first + base.count {
      buffer.put(Form.within.rawValue)
      buffer.put(UInt32(truncatingIfNeeded: address - first))
    } else {
      buffer.put(Form.own.rawValue)
      buffer.put(bytes: UnsafeRawBufferPointer(start: bytes, count: extent(of: words)))
    }
    buffer.put(UInt32(truncatingIfNeeded: words.count))
    buffer.align(to: start)
    buffer.writeBytes(UnsafeRawBufferPointer(words))
  }

  /// Bytes up to the end of the last text.
  static func extent(of words: UnsafeBufferPointer<gw_json_node>) -> Int {
    var end = 0
    for word in words {
      let count: Int
      switch word.head & 7 {
      case 3: count = word.head & 8 != 0 ? Int(word.head >> 13) : Int(UInt32(truncatingIfNeeded: word.payload))
      case 4: count = Int(UInt32(truncatingIfNeeded: word.payload))
      default: continue
      }
      end = max(end, Int(word.offset) + count)
    }
    return end
  }

  /// The value, in the payload's own memory, which has to be aligned for words.
  static func read(
    _ reader: inout FrameReader, within base: UnsafeRawBufferPointer
  ) throws(FrameError) -> gw_json_borrowed {
    guard let form = Form(rawValue: try reader.integer(UInt8.self)) else { throw FrameError("a value of no known form") }
    let bytes: UnsafeRawBufferPointer
    switch form {
    case .none: return gw_json_borrowed()
    case .own: bytes = try reader.data()
    case .within:
      let offset = Int(try reader.integer(UInt32.self))
      guard offset <= base.count else { throw FrameError("a value behind the bytes that it is in") }
      bytes = UnsafeRawBufferPointer(rebasing: base[offset...])
    }
    let count = try reader.count(limit: Frame.limit / wordSize, elementSize: wordSize)
    try reader.align()
    let words = try reader.plain(count * wordSize)
    guard let first = words.baseAddress, count > 0 else { throw FrameError("a value without words") }
    // Scalars have no text to point at.
    let text = bytes.baseAddress ?? first
    return gw_json_borrowed(
      nodes: first.assumingMemoryBound(to: gw_json_node.self), node_count: count,
      bytes: text.assumingMemoryBound(to: UInt8.self))
  }
}
