extension Optional: SchemaType where Wrapped: SchemaType {
  public static func schema(_ schemas: inout SchemaCollector) -> SchemaObject { Wrapped.schema(&schemas).nullable }
  public init(from value: borrowing JSONView) throws(DecodingFailure) {
    self = value.isNull ? nil : try Wrapped(from: value)
  }
  public func write(to json: inout JSONWriter) {
    if let self { self.write(to: &json) } else { json.null() }
  }
}

extension Array: SchemaType where Element: SchemaType {
  public static func schema(_ schemas: inout SchemaCollector) -> SchemaObject {
    SchemaObject(["type": "\"array\"", "items": Element.schema(&schemas).json])
  }
  public init(from value: borrowing JSONView) throws(DecodingFailure) {
    var items = try value.items()
    self.init()
    reserveCapacity(items.count)
    while let item = try items.decodeNext(Element.self) { append(item) }
  }
  public func write(to json: inout JSONWriter) { json.array(self) }
}

/// Written in an order of its own, which changes from run to run.
extension Set: SchemaType where Element: SchemaType {
  public static func schema(_ schemas: inout SchemaCollector) -> SchemaObject {
    SchemaObject(["type": "\"array\"", "items": Element.schema(&schemas).json, "uniqueItems": "true"])
  }
  public init(from value: borrowing JSONView) throws(DecodingFailure) {
    var items = try value.items()
    self.init()
    while let item = try items.decodeNext(Element.self) { insert(item) }
  }
  public func write(to json: inout JSONWriter) { json.array(self) }
}

/// A map: an object with any names.
extension Dictionary: SchemaType where Key == String, Value: SchemaType {
  public static func schema(_ schemas: inout SchemaCollector) -> SchemaObject {
    SchemaObject(["type": "\"object\"", "additionalProperties": Value.schema(&schemas).json])
  }
  public init(from value: borrowing JSONView) throws(DecodingFailure) {
    var members = try value.members()
    self.init(minimumCapacity: members.count)
    while let member = members.nextMember() { self[member.name] = try member.decode(Value.self) }
  }
  /// Names in order, so that equal maps give equal text.
  public func write(to json: inout JSONWriter) {
    json.raw("{")
    var isFirst = true
    for name in keys.sorted() {
      guard let value = self[name] else { continue }
      if !isFirst { json.raw(",") }
      isFirst = false
      json.string(name)
      json.raw(":")
      value.write(to: &json)
    }
    json.raw("}")
  }
}

/// Any JSON: the text of the value as it was sent, and whatever text is given on the way out.
public struct JSONText: SchemaType, Hashable {
  /// One JSON value. It is written as it is: what is no JSON spoils the answer.
  public let text: String

  /// - Parameter text: one JSON value; not checked.
  public init(_ text: String) { self.text = text }

  public static func schema(_ schemas: inout SchemaCollector) -> SchemaObject { SchemaObject() }
  public init(from value: borrowing JSONView) throws(DecodingFailure) {
    var writer = JSONWriter()
    try value.copy(to: &writer)
    text = String(decoding: writer.bytes, as: UTF8.self)
  }
  public func write(to json: inout JSONWriter) { json.raw(text: text) }
}

extension JSONView {
  /// Writes the value as it stands, compact; of members with one name the last.
  public func copy(to json: inout JSONWriter) throws(DecodingFailure) {
    switch kind {
    case .null: json.null()
    case .boolean: json.boolean(try boolean())
    case .number: json.raw(text: try numberText())
    case .string: json.string(try string())
    case .array:
      json.raw("[")
      var items = try items()
      var isFirst = true
      while let item = items.nextItem() {
        if !isFirst { json.raw(",") }
        isFirst = false
        try item.copy(to: &json)
      }
      json.raw("]")
    case .object:
      json.raw("{")
      var members = try members()
      var isFirst = true
      while let member = members.nextMember() {
        if !isFirst { json.raw(",") }
        isFirst = false
        json.string(member.name)
        json.raw(":")
        try member.value.copy(to: &json)
      }
      json.raw("}")
    }
  }
}
