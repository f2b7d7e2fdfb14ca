import CGatewayPlugin
import GatewayJSON

/// A JSON value that plugins are lent for as long as the snapshot lives: its text and what it was parsed into.
final class LentJSON: @unchecked Sendable {
  // Proof for @unchecked: the document is written in `init` only; afterwards its memory is read.
  private let document: JSONDocument

  /// Nil where `text` is not JSON. An empty text is no value.
  init?(_ text: [UInt8]) {
    var document = JSONDocument()
    if !text.isEmpty {
      do { try document.parse(copying: text) } catch { return nil }
    }
    self.document = document
  }

  private init() { document = JSONDocument() }

  static let none = LentJSON()

  /// Valid as long as this.
  var value: gw_json_borrowed { document.unsafeTape.map { gw_json_borrowed($0) } ?? gw_json_borrowed() }

  var text: gw_bytes_borrowed {
    guard let tape = document.unsafeTape else { return gw_bytes_borrowed() }
    return gw_bytes_borrowed(UnsafeRawBufferPointer(start: tape.bytes, count: document.byteCount))
  }
}

extension gw_json_borrowed {
  /// The tape as the contract describes it: `JSONNode` is laid out like `gw_json_node` (a test holds that).
  init(_ tape: UnsafeJSONTape) {
    self.init(
      nodes: UnsafeRawPointer(tape.nodes).assumingMemoryBound(to: gw_json_node.self), node_count: tape.count,
      bytes: tape.bytes.assumingMemoryBound(to: UInt8.self))
  }
}
