import GatewayJSON

/// A document behind a reference: the testing macros cannot take a value that must not be copied.
final class Parsed {
  var document: JSONDocument

  init(_ text: String, limits: JSONLimits = JSONLimits()) throws {
    document = try JSONDocument(Array(text.utf8), limits: limits)
  }

  init(bytes: [UInt8], limits: JSONLimits = JSONLimits()) throws {
    document = try JSONDocument(bytes, limits: limits)
  }

  init() { document = JSONDocument() }

  var isEmpty: Bool { document.isEmpty }
  var nodeCount: Int { document.nodeCount }
  var tapeAddress: UnsafePointer<JSONNode>? { document.unsafeTape?.nodes }
  func parse(copying text: String) throws { try document.parse(copying: Array(text.utf8)) }
  func kind(_ index: JSONIndex = .root) -> JSONKind? { document.kind(of: index) }
  func string(_ index: JSONIndex = .root) -> String? { document.string(at: index) }
  func integer(_ index: JSONIndex = .root) -> Int64? { document.integer(at: index) }
  func number(_ index: JSONIndex = .root) -> JSONNumber? { document.number(at: index) }
  func childCount(_ index: JSONIndex = .root) -> Int { document.childCount(of: index) }
  func member(_ name: String, of index: JSONIndex = .root) -> JSONIndex? { document.member(name, of: index) }
  func byteRange(_ index: JSONIndex = .root) -> Range<Int>? { document.byteRange(of: index) }
  func value(_ index: JSONIndex = .root) -> JSONValue { document.value(at: index) }

  func written() -> String {
    var writer = JSONWriter()
    document.withTape { writer.value($0, 0) }
    return String(decoding: writer.bytes, as: UTF8.self)
  }
}
