import GatewayJSON

/// The objects that make up one schema, read as one: the first that says a word wins, unless the words add up.
struct Facets {
  struct Facet {
    var schema: Int32
    var object: JSONObject
    var location: SchemaLocation
  }

  var list: [Facet] = []
  /// `false` among them.
  var isNever = false
  var types: SchemaTypes = .all

  init(_ schemas: [Int32], _ builder: SchemaBuilder) {
    for schema in schemas {
      switch builder.written[Int(schema)] {
      case .object(let object):
        list.append(Facet(schema: schema, object: object, location: builder.locations[Int(schema)]))
        guard object["type"] != nil else { continue }
        let own = builder.nodes[Int(schema)].types
        // Whole numbers are numbers, though they have a bit of their own.
        var both = types.intersection(own)
        if types.contains(.number) && own.contains(.integer) || types.contains(.integer) && own.contains(.number) {
          if !both.contains(.number) { both.insert(.integer) }
        }
        types = both
      case .bool(false): isNever = true
      default: break
      }
    }
  }

  subscript(_ keyword: String) -> JSONValue? { first(keyword)?.value }

  func first(_ keyword: String) -> (facet: Facet, value: JSONValue)? {
    for facet in list {
      if let value = facet.object[keyword] { return (facet, value) }
    }
    return nil
  }

  func all(_ keyword: String) -> [(facet: Facet, value: JSONValue)] {
    list.compactMap { facet in facet.object[keyword].map { (facet, $0) } }
  }

  func has(anyOf keywords: [String]) -> Bool { keywords.contains { self[$0] != nil } }

  /// The program's node for a part of a facet.
  static func child(_ facet: Facet, _ tokens: [String], _ builder: SchemaBuilder) -> Int32 {
    let location = tokens.reduce(facet.location) { $0.appending($1) }
    return builder.compiled[location] ?? 0
  }
}
