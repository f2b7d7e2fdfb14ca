extension Bool: SchemaType {
  public static func schema(_ schemas: inout SchemaCollector) -> SchemaObject { SchemaObject(["type": "\"boolean\""]) }
  public init(from value: borrowing JSONView) throws(DecodingFailure) { self = try value.boolean() }
  public func write(to json: inout JSONWriter) { json.boolean(self) }
}

extension String: SchemaType {
  public static func schema(_ schemas: inout SchemaCollector) -> SchemaObject { SchemaObject(["type": "\"string\""]) }
  public init(from value: borrowing JSONView) throws(DecodingFailure) { self = try value.string() }
  public func write(to json: inout JSONWriter) { json.string(self) }
}

extension Double: SchemaType {
  public static func schema(_ schemas: inout SchemaCollector) -> SchemaObject { SchemaObject(["type": "\"number\""]) }
  public init(from value: borrowing JSONView) throws(DecodingFailure) { self = try value.double() }
  public func write(to json: inout JSONWriter) { json.double(self) }
}

extension Float: SchemaType {
  public static func schema(_ schemas: inout SchemaCollector) -> SchemaObject { SchemaObject(["type": "\"number\""]) }
  public init(from value: borrowing JSONView) throws(DecodingFailure) {
    let wide = try value.double()
    let narrow = Float(wide)
    guard narrow.isFinite else { throw value.outOfRange(Float.self) }
    self = narrow
  }
  public func write(to json: inout JSONWriter) { json.float(self) }
}

/// Integers state their bounds where those are narrower than 64 bits, so that the gateway refuses what does not fit, and
/// with 64 bits the format that says as much to clients.
extension SchemaType where Self: FixedWidthInteger {
  public static func schema(_ schemas: inout SchemaCollector) -> SchemaObject {
    var schema = SchemaObject(["type": "\"integer\""])
    if min < 0, bitWidth == 64 { schema["format"] = "\"int64\"" }
    if min == 0 || bitWidth < 64 { schema["minimum"] = "\(min)" }
    if bitWidth < 64 { schema["maximum"] = "\(max)" }
    return schema
  }
  public init(from value: borrowing JSONView) throws(DecodingFailure) { self = try value.integer(Self.self) }
  public func write(to json: inout JSONWriter) { json.integer(self) }
}

extension Int: SchemaType {}
extension Int8: SchemaType {}
extension Int16: SchemaType {}
extension Int32: SchemaType {}
extension Int64: SchemaType {}
extension UInt: SchemaType {}
extension UInt8: SchemaType {}
extension UInt16: SchemaType {}
extension UInt32: SchemaType {}
extension UInt64: SchemaType {}

/// A plain enum with raw values is decoded through them; `@Schema` lists them in the schema.
extension SchemaType where Self: RawRepresentable, RawValue: SchemaType {
  public init(from value: borrowing JSONView) throws(DecodingFailure) {
    guard let known = Self(rawValue: try RawValue(from: value)) else {
      throw DecodingFailure("the value is none of those allowed", type: "enum")
    }
    self = known
  }
  public func write(to json: inout JSONWriter) { rawValue.write(to: &json) }
}
