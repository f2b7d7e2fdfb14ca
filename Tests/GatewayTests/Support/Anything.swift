import GatewayPlugin

/// Any JSON value, kept as compact text, in the order and with the digits that it came with.
struct Anything: SchemaType {
  let json: String

  static func schema(_ schemas: inout SchemaCollector) -> SchemaObject { SchemaObject() }

  init(from value: borrowing JSONView) throws(DecodingFailure) { json = try Self.text(of: value) }

  func write(to json: inout JSONWriter) { json.raw(text: self.json) }

  private static func text(of value: borrowing JSONView) throws(DecodingFailure) -> String {
    switch value.kind {
    case .null: return "null"
    case .boolean: return "\(try value.boolean())"
    case .number: return try value.numberText()
    case .string: return JSONWriter.text(try value.string())
    case .array:
      var texts: [String] = []
      var items = try value.items()
      while let item = items.nextItem() { texts.append(try text(of: item)) }
      return "[\(texts.joined(separator: ","))]"
    case .object:
      var texts: [String] = []
      var members = try value.members()
      while let member = members.nextMember() {
        texts.append("\(JSONWriter.text(member.name)):\(try text(of: member.value))")
      }
      return "{\(texts.joined(separator: ","))}"
    }
  }
}
