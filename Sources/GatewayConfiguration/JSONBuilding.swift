import GatewayJSON

extension JSONValue {
  /// An object literal that keeps its order.
  static func object(_ members: KeyValuePairs<String, JSONValue>) -> JSONValue {
    .object(JSONObject(members.map { ($0.key, $0.value) }))
  }

  static func integer(_ value: Int) -> JSONValue { .number(JSONNumber(value)) }

  static func strings(_ values: [String]) -> JSONValue { .array(values.map { .string($0) }) }

  /// The object with one member more.
  func adding(_ name: String, _ value: JSONValue) -> JSONValue {
    guard case .object(var object) = self else { return self }
    object[name] = value
    return .object(object)
  }
}
