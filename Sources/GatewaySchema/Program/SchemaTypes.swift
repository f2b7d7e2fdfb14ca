import GatewayJSON

/// The JSON Schema types a value may have. Bits follow `JSONKind`, so a tape word's kind selects its bit directly;
/// "integer" has a bit of its own, which counts only where the one for numbers is clear.
public struct SchemaTypes: OptionSet, Sendable, Hashable, BitwiseCopyable {
  public let rawValue: UInt8

  public init(rawValue: UInt8) { self.rawValue = rawValue }

  public static let null = SchemaTypes(rawValue: 1 << JSONKind.null.rawValue)
  public static let boolean = SchemaTypes(rawValue: 1 << JSONKind.false.rawValue | 1 << JSONKind.true.rawValue)
  public static let number = SchemaTypes(rawValue: 1 << JSONKind.number.rawValue)
  public static let string = SchemaTypes(rawValue: 1 << JSONKind.string.rawValue)
  public static let array = SchemaTypes(rawValue: 1 << JSONKind.array.rawValue)
  public static let object = SchemaTypes(rawValue: 1 << JSONKind.object.rawValue)
  public static let integer = SchemaTypes(rawValue: 1 << 7)
  public static let all: SchemaTypes = [.null, .boolean, .number, .string, .array, .object]

  /// Single types in the order error messages list them.
  static let ordered: [(name: String, type: SchemaTypes)] = [
    ("integer", .integer), ("number", .number), ("string", .string), ("boolean", .boolean), ("array", .array),
    ("object", .object), ("null", .null),
  ]

  public init?(name: String) {
    switch name {
    case "integer": self = .integer
    case "number": self = .number
    case "string": self = .string
    case "boolean": self = .boolean
    case "array": self = .array
    case "object": self = .object
    case "null": self = .null
    default: return nil
    }
  }

  public var names: [String] {
    SchemaTypes.ordered.filter { contains($0.type) }.map(\.name)
  }

  /// The single types in here, one each.
  public var separate: [SchemaTypes] { SchemaTypes.ordered.map(\.type).filter { contains($0) } }
}
