/// Gathers the named schemas that a plugin's declarations refer to.
public struct SchemaCollector {
  private let prefix: String
  private var names: [ObjectIdentifier: String] = [:]
  private var taken: Set<String> = []
  private var named: [(name: String, schema: SchemaObject?)] = []

  /// - Parameter prefix: what a reference to a name begins with.
  init(prefix: String = "#/schemas/") { self.prefix = prefix }

  /// A schema under a name of its own; `make` runs once for a type, so a type may contain itself.
  public mutating func named(
    _ name: String, of type: Any.Type, _ make: (inout SchemaCollector) -> SchemaObject
  ) -> SchemaObject {
    if let known = names[ObjectIdentifier(type)] { return .reference(prefix + known) }
    let chosen = vacant(name, type)
    names[ObjectIdentifier(type)] = chosen
    let at = reserve(chosen)
    named[at].schema = make(&self)
    return .reference(prefix + chosen)
  }

  /// An object with the fields of `type`.
  public mutating func object<Value: SchemaObjectType>(
    _ name: String, of type: Value.Type, description: String? = nil, isClosed: Bool = false
  ) -> SchemaObject {
    named(name, of: type) { schemas in
      var fields = SchemaFields(isClosed: isClosed)
      Value.fields(&fields, &schemas)
      return fields.schema(description: description)
    }
  }

  /// One of some values.
  public mutating func enumeration<Raw: SchemaType>(
    _ name: String, of type: Any.Type, _ values: [Raw], description: String? = nil
  ) -> SchemaObject {
    named(name, of: type) { schemas in
      var schema = Raw.schema(&schemas)
      schema["enum"] = "[" + values.map { JSONWriter.text($0) }.joined(separator: ",") + "]"
      if let description { schema["description"] = JSONWriter.text(description) }
      return schema
    }
  }

  /// One of some objects, told apart by the text of one member.
  public mutating func union(
    _ name: String, of type: Any.Type, discriminator: String, description: String? = nil, isClosed: Bool = false,
    _ cases: [(tag: String, fields: (inout SchemaFields, inout SchemaCollector) -> Void)]
  ) -> SchemaObject {
    named(name, of: type) { schemas in
      let own = schemas.names[ObjectIdentifier(type)] ?? name
      var references: [String] = []
      var mapping: [String] = []
      for (tag, add) in cases {
        let chosen = schemas.vacant("\(own)_\(tag)", nil)
        let at = schemas.reserve(chosen)
        var fields = SchemaFields(isClosed: isClosed)
        fields.add(discriminator, constant: tag)
        add(&fields, &schemas)
        schemas.named[at].schema = fields.schema(description: nil)
        let place = JSONWriter.text(schemas.prefix + chosen)
        references.append("{\"$ref\":\(place)}")
        mapping.append("\(JSONWriter.text(tag)):\(place)")
      }
      var schema = SchemaObject([
        "oneOf": "[" + references.joined(separator: ",") + "]",
        "discriminator":
          "{\"propertyName\":\(JSONWriter.text(discriminator)),\"mapping\":{\(mapping.joined(separator: ","))}}",
      ])
      if let description { schema["description"] = JSONWriter.text(description) }
      return schema
    }
  }

  private mutating func reserve(_ name: String) -> Int {
    taken.insert(name)
    named.append((name, nil))
    return named.count - 1
  }

  /// Two types of one name: the later one is called by its full name.
  private func vacant(_ name: String, _ type: Any.Type?) -> String {
    let plain = Self.sanitized(name)
    guard taken.contains(plain) else { return plain }
    let full = type.map { Self.sanitized(String(reflecting: $0)) } ?? plain
    guard taken.contains(full) else { return full }
    var number = 2
    while taken.contains("\(full)_\(number)") { number += 1 }
    return "\(full)_\(number)"
  }

  /// As OpenAPI has the names of components: letters, digits, `.`, `-` and `_`.
  static func sanitized(_ name: String) -> String {
    var result = ""
    for scalar in name.unicodeScalars {
      let isPlain = scalar.isASCII && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil)
      result.unicodeScalars.append(isPlain || scalar == "-" || scalar == "." ? scalar : "_")
    }
    while result.hasSuffix("_") { result.removeLast() }
    return result.isEmpty ? "Schema" : result
  }

  /// All named schemas as one JSON object; empty where there is none.
  var json: String {
    guard !named.isEmpty else { return "" }
    return "{" + named.map { JSONWriter.text($0.name) + ":" + ($0.schema ?? SchemaObject()).json }.joined(separator: ",")
      + "}"
  }

  /// The schema of a type as a document of its own.
  static func document<Value: SchemaType>(_ type: Value.Type) -> String {
    var schemas = SchemaCollector(prefix: "#/$defs/")
    var root = Value.schema(&schemas)
    // A root of a name is written in place, unless it contains itself.
    if let at = schemas.named.firstIndex(where: { root["$ref"] == JSONWriter.text(schemas.prefix + $0.name) }),
      let own = schemas.named[at].schema
    {
      let reference = JSONWriter.text(schemas.prefix + schemas.named[at].name)
      if !schemas.named.contains(where: { $0.schema?.json.contains(reference) == true }) { schemas.named.remove(at: at) }
      root = own
    }
    if !schemas.named.isEmpty { root["$defs"] = schemas.json }
    return root.json
  }
}

/// The members of an object under construction.
public struct SchemaFields {
  private var properties: [(name: String, json: String)] = []
  private var required: [String] = []
  private let isClosed: Bool

  init(isClosed: Bool = false) { self.isClosed = isClosed }

  /// A member of that type.
  ///
  /// - Parameters:
  ///   - name: in JSON.
  ///   - default: shown in the schema, and filled in by the gateway.
  public mutating func add<Value: SchemaType>(
    _ name: String, _ type: Value.Type, isRequired: Bool = true, description: String? = nil,
    default: (any SchemaType)? = nil, _ options: [FieldOption] = [], in schemas: inout SchemaCollector
  ) {
    var schema = Value.schema(&schemas)
    if let description { schema["description"] = JSONWriter.text(description) }
    if let value = `default` { schema["default"] = JSONWriter.text(value) }
    add(name, schema: schema, isRequired: isRequired, options)
  }

  mutating func add(_ name: String, schema: SchemaObject, isRequired: Bool, _ options: [FieldOption]) {
    var schema = schema
    schema.apply(options)
    properties.append((name, schema.json))
    if isRequired { required.append(name) }
  }

  /// A member that always has this text: the tag of a union's case.
  public mutating func add(_ name: String, constant: String) {
    properties.append((name, "{\"type\":\"string\",\"const\":\(JSONWriter.text(constant))}"))
    required.append(name)
  }

  func schema(description: String?) -> SchemaObject {
    var schema = SchemaObject(["type": "\"object\""])
    if let description { schema["description"] = JSONWriter.text(description) }
    schema["properties"] =
      "{" + properties.map { JSONWriter.text($0.name) + ":" + $0.json }.joined(separator: ",") + "}"
    if !required.isEmpty { schema["required"] = "[" + required.map { JSONWriter.text($0) }.joined(separator: ",") + "]" }
    if isClosed { schema["additionalProperties"] = "false" }
    return schema
  }
}
