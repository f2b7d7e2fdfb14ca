import CGatewayPlugin
import GatewayJSON
import GatewayPlugin
import Testing

@testable import GatewayPlugin

/// Lends a JSON text as the gateway does: parsed by the gateway's own parser, whose tape is laid out as the contract says.
func withTape<Result>(_ json: String, _ body: (gw_json_borrowed) throws -> Result) throws -> Result {
  #expect(MemoryLayout<JSONNode>.stride == MemoryLayout<gw_json_node>.stride)
  var limits = JSONLimits()
  limits.depth = 5000
  limits.duplicateKeys = .lastWins
  let document = try JSONDocument(Array(json.utf8), limits: limits)
  guard let tape = document.unsafeTape else { throw DecodingFailure("no tape") }
  let nodes = UnsafeRawPointer(tape.nodes).assumingMemoryBound(to: gw_json_node.self)
  let bytes = tape.bytes.assumingMemoryBound(to: UInt8.self)
  let result = try body(gw_json_borrowed(nodes: nodes, node_count: tape.count, bytes: bytes))
  withExtendedLifetime(document.nodeCount) {}
  return result
}

func decode<Value: SchemaType>(_ type: Value.Type, _ json: String) throws -> Value {
  try withTape(json) { tape in
    let view = JSONView(tape)
    guard let view else { throw DecodingFailure("no value") }
    return try Value(from: view)
  }
}

/// What the decoding of `json` fails with; nil where it succeeds.
func failure<Value: SchemaType>(_ type: Value.Type, _ json: String) throws -> String? {
  do {
    _ = try decode(type, json)
    return nil
  } catch let failure as DecodingFailure { return failure.description }
}

/// The schema of a type with everything that it refers to.
func document<Value: SchemaType>(_ type: Value.Type) -> String { SchemaCollector.document(type) }
