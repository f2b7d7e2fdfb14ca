import FoundationEssentials
import GatewayPlugin

// Foundation's value types in JSON, for plugins that use Foundation anyway. The gateway's own types (`UniqueID`,
// `Timestamp`, `ExactDecimal`) do without it.

/// `format: uuid`, written with capitals, as Foundation does.
extension UUID: SchemaType {
  public static func schema(_ schemas: inout SchemaCollector) -> SchemaObject { UniqueID.schema(&schemas) }
  public init(from value: borrowing JSONView) throws(DecodingFailure) {
    let id = try UniqueID(from: value)
    let byte = { (at: UInt64) in UInt8(truncatingIfNeeded: (at < 8 ? id.high : id.low) >> (56 - at % 8 * 8)) }
    self.init(
      uuid: (
        byte(0), byte(1), byte(2), byte(3), byte(4), byte(5), byte(6), byte(7), byte(8), byte(9), byte(10), byte(11),
        byte(12), byte(13), byte(14), byte(15)
      ))
  }
  public func write(to json: inout JSONWriter) { json.string(uuidString) }
}

/// `format: date-time`, as RFC 3339 has it; rounded to the microsecond, which is what a Date can tell apart today.
extension Date: SchemaType {
  public static func schema(_ schemas: inout SchemaCollector) -> SchemaObject { Timestamp.schema(&schemas) }
  public init(from value: borrowing JSONView) throws(DecodingFailure) {
    let time = try Timestamp(from: value)
    self.init(timeIntervalSince1970: Double(time.seconds) + Double(time.nanoseconds) / 1e9)
  }
  /// A date outside the years 0 to 9999, which the format cannot write, is null.
  public func write(to json: inout JSONWriter) {
    let microseconds = (timeIntervalSince1970 * 1e6).rounded()
    guard (-62_167_219_200_000_000..<253_402_300_800_000_000).contains(microseconds) else { return json.null() }
    let whole = Int64(microseconds)
    let seconds = (Double(whole) / 1e6).rounded(.down)
    let rest = whole - Int64(seconds) * 1_000_000
    Timestamp(seconds: Int64(seconds), nanoseconds: UInt32(clamping: rest * 1000)).write(to: &json)
  }
}

/// A number in JSON, every digit of it up to the 38 that a Decimal holds.
extension Decimal: SchemaType {
  public static func schema(_ schemas: inout SchemaCollector) -> SchemaObject { ExactDecimal.schema(&schemas) }
  public init(from value: borrowing JSONView) throws(DecodingFailure) {
    guard let parsed = Decimal(string: try value.numberText()) else {
      throw DecodingFailure("the number does not fit into Decimal")
    }
    self = parsed
  }
  public func write(to json: inout JSONWriter) { isNaN ? json.null() : json.raw(text: description) }
}

/// `format: uri`.
extension URL: SchemaType {
  public static func schema(_ schemas: inout SchemaCollector) -> SchemaObject {
    SchemaObject(["type": "\"string\"", "format": "\"uri\""])
  }
  public init(from value: borrowing JSONView) throws(DecodingFailure) {
    guard let parsed = URL(string: try value.string()) else { throw DecodingFailure("expected a URL", type: "url_parsing") }
    self = parsed
  }
  public func write(to json: inout JSONWriter) { json.string(absoluteString) }
}
