/// A type that describes itself as a JSON Schema, and is decoded from and encoded to JSON that fits it.
///
/// `@Schema` derives all of it for structs and enums. A type with a form of its own conforms by hand:
///
///     extension ISBN: SchemaType {
///       static func schema(_ schemas: inout SchemaCollector) -> SchemaObject {
///         SchemaObject(["type": #""string""#, "pattern": #""^97[89][0-9]{10}$""#])
///       }
///       init(from value: borrowing JSONView) throws(DecodingFailure) { … }
///       func write(to json: inout JSONWriter) { json.string(digits) }
///     }
public protocol SchemaType: Sendable {
  /// Called when the plugin is loaded. Named schemas go into `schemas`, and what is returned refers to them.
  static func schema(_ schemas: inout SchemaCollector) -> SchemaObject
  /// Reads a value that fits the schema. Throws for what the schema cannot say; in a request that is a 422.
  init(from value: borrowing JSONView) throws(DecodingFailure)
  /// Writes exactly one JSON value, which fits the schema.
  func write(to json: inout JSONWriter)
}

/// A type whose JSON is always an object with members that are known.
public protocol SchemaObjectType: SchemaType {
  /// Adds the members to those of the object at hand: a union's case has the discriminator there already.
  static func fields(_ fields: inout SchemaFields, _ schemas: inout SchemaCollector)
}

/// A schema under construction: its keywords in order, each with its value as JSON.
public struct SchemaObject: Sendable {
  private(set) var keywords: [(name: String, json: String)] = []

  /// `{}`: any value.
  public init() {}

  /// - Parameter keywords: each with its value as JSON: `["type": #""string""#]`.
  public init(_ keywords: KeyValuePairs<String, String>) {
    for (name, json) in keywords { self[name] = json }
  }

  /// `{"$ref": place}`.
  public static func reference(_ place: String) -> SchemaObject {
    SchemaObject(["$ref": JSONWriter.text(place)])
  }

  /// A keyword's value as JSON; nil where the schema does not have it.
  public subscript(_ name: String) -> String? {
    get { keywords.first { $0.name == name }?.json }
    set {
      let at = keywords.firstIndex { $0.name == name }
      switch (at, newValue) {
      case (let at?, let json?): keywords[at].json = json
      case (let at?, nil): keywords.remove(at: at)
      case (nil, let json?): keywords.append((name, json))
      case (nil, nil): break
      }
    }
  }

  /// The schema's text.
  public var json: String {
    "{" + keywords.map { JSONWriter.text($0.name) + ":" + $0.json }.joined(separator: ",") + "}"
  }

  /// The same, or null. A plain type says so in place; whatever else decides gets an alternative.
  public var nullable: SchemaObject {
    let decides = ["$ref", "enum", "const", "anyOf", "oneOf", "allOf", "not"]
    if let type = self["type"], type.hasPrefix("\""), !keywords.contains(where: { decides.contains($0.name) }) {
      var copy = self
      copy["type"] = "[\(type),\"null\"]"
      return copy
    }
    return SchemaObject(["anyOf": "[\(json),{\"type\":\"null\"}]"])
  }

  mutating func apply(_ options: [FieldOption]) {
    for option in options {
      for (name, json) in option.keywords {
        guard name == "items" else {
          self[name] = json
          continue
        }
        // Constraints on items stand beside what the item's type says.
        guard let items = self["items"], items.hasSuffix("}"), json != "{}" else { continue }
        self["items"] = items == "{}" ? json : items.dropLast() + "," + json.dropFirst()
      }
    }
  }
}
