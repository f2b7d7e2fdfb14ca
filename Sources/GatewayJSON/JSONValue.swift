/// A JSON value that owns its parts: for configuration, schemas and error details. Requests use `JSONDocument`.
///
/// Equality is JSON's: numbers by value, objects without regard to order.
public enum JSONValue: Sendable {
  case null
  case bool(Bool)
  case number(JSONNumber)
  case string(String)
  case array([JSONValue])
  case object(JSONObject)

  public var kind: JSONKind {
    switch self {
    case .null: .null
    case .bool(let value): value ? .true : .false
    case .number: .number
    case .string: .string
    case .array: .array
    case .object: .object
    }
  }

  public var string: String? {
    if case .string(let value) = self { value } else { nil }
  }

  public var bool: Bool? {
    if case .bool(let value) = self { value } else { nil }
  }

  public var number: JSONNumber? {
    if case .number(let value) = self { value } else { nil }
  }

  public var array: [JSONValue]? {
    if case .array(let value) = self { value } else { nil }
  }

  public var object: JSONObject? {
    if case .object(let value) = self { value } else { nil }
  }

  /// The member called `name`; nil where this is no object or has none.
  public subscript(_ name: String) -> JSONValue? { object?[name] }

  /// The article and name of the type, as a sentence needs it: "a string", "an object".
  public var typeName: String {
    switch self {
    case .null: "null"
    case .bool: "a boolean"
    case .number: "a number"
    case .string: "a string"
    case .array: "an array"
    case .object: "an object"
    }
  }
}

/// Members in the order they were written, names unique.
public struct JSONObject: Sendable {
  public struct Member: Sendable {
    public var name: String
    public var value: JSONValue

    public init(name: String, value: JSONValue) {
      self.name = name
      self.value = value
    }
  }

  public private(set) var members: [Member] = []
  // Only for large objects: a look-up by walking is faster below, and must not be quadratic above.
  private var positions: [ExactText: Int] = [:]
  private static let indexThreshold = 16

  public init() {}

  public init(_ members: some Sequence<(String, JSONValue)>) {
    for (name, value) in members { self[name] = value }
  }

  public var count: Int { members.count }
  public var isEmpty: Bool { members.isEmpty }

  /// Setting a name that exists replaces its value in place.
  public subscript(_ name: String) -> JSONValue? {
    get { position(of: name).map { members[$0].value } }
    set {
      switch (position(of: name), newValue) {
      case (let position?, let value?):
        members[position].value = value
      case (nil, let value?):
        members.append(Member(name: name, value: value))
        if !positions.isEmpty {
          positions[ExactText(name)] = members.count - 1
        } else if members.count > JSONObject.indexThreshold {
          rebuildIndex()
        }
      case (let position?, nil):
        members.remove(at: position)
        if !positions.isEmpty { rebuildIndex() }
      case (nil, nil):
        break
      }
    }
  }

  private func position(of name: String) -> Int? {
    positions.isEmpty ? members.firstIndex { ExactText.same($0.name, name) } : positions[ExactText(name)]
  }

  private mutating func rebuildIndex() {
    positions.removeAll(keepingCapacity: true)
    for (position, member) in members.enumerated() { positions[ExactText(member.name)] = position }
  }
}
