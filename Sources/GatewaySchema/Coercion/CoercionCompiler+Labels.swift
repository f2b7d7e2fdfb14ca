import GatewayJSON

/// What Pydantic calls the alternatives of a union (`loc` of their errors).
extension CoercionCompiler {
  mutating func writeLabels(_ builder: SchemaBuilder) {
    for index in nodes.indices {
      let kind = nodes[index].kind
      guard kind == .union || kind == .taggedUnion else { continue }
      for child in indexes[Int(nodes[index].children)..<Int(nodes[index].children + nodes[index].childCount)]
      where nodes[Int(child)].label == 0 && child != 0 {
        nodes[Int(child)].label = label(name(of: child, builder, depth: 0))
      }
    }
  }

  private func name(of index: Int32, _ builder: SchemaBuilder, depth: Int) -> String {
    let node = nodes[Int(index)]
    guard depth < 8 else { return "any" }
    func inner(_ index: Int32) -> String { index < 0 ? "any" : name(of: index, builder, depth: depth + 1) }
    func constrained(_ name: String, _ isConstrained: Bool) -> String { isConstrained ? "constrained-\(name)" : name }
    let rules = indexes[Int(node.rules)..<Int(node.rules + node.ruleCount)].map { builder.nodes[Int($0)] }
    switch node.kind {
    case .any: return "any"
    case .never: return "never"
    case .null: return "none"
    case .boolean: return "bool"
    case .integer: return constrained("int", rules.contains { $0.numeric >= 0 })
    case .number: return constrained("float", rules.contains { $0.numeric >= 0 })
    case .decimal: return "decimal"
    case .string: return constrained("str", rules.contains { $0.string >= 0 })
    case .bytes: return constrained("bytes", rules.contains { $0.string >= 0 })
    case .date: return "date"
    case .dateTime: return "datetime"
    case .time: return "time"
    case .duration: return "timedelta"
    case .uuid: return "uuid"
    case .enumeration:
      let title = title(of: index, builder) ?? "enum"
      switch node.base {
      case .text: return "str-enum[\(title)]"
      case .integer: return "int-enum[\(title)]"
      case .mixed: return "enum[\(title)]"
      }
    case .literal:
      let words = values[Int(node.children)..<Int(node.children + node.childCount)].map(FastAPIWording.word)
      return "literal[\(words.joined(separator: ","))]"
    case .list: return "list[\(inner(node.item))]"
    case .set: return "set[\(inner(node.item))]"
    case .tuple:
      let items = indexes[Int(node.children)..<Int(node.children + node.childCount)].map(inner)
      return "tuple[\(items.joined(separator: ", "))]"
    case .model: return title(of: index, builder) ?? "model"
    case .map:
      let isBare =
        node.extras == .kept && node.keys < 0 && builder.written[Int(heads[Int(index)])]["additionalProperties"] == nil
      return isBare ? "dict[any,any]" : "dict[\(node.keys < 0 ? "str" : inner(node.keys)),\(inner(node.item))]"
    case .union, .taggedUnion:
      let choices = indexes[Int(node.children)..<Int(node.children + node.childCount)].map(inner)
      return "\(node.kind == .union ? "union" : "tagged-union")[\(choices.joined(separator: ","))]"
    case .nullable: return "nullable[\(inner(node.item))]"
    }
  }

  /// The name of the definition, which is the class; else the title.
  private func title(of index: Int32, _ builder: SchemaBuilder) -> String? {
    let head = Int(heads[Int(index)])
    let location = builder.locations[head]
    let tokens = JSONPointer.tokens(location.pointer)
    let name = tokens.last ?? builder.documents[location.document].name ?? ""
    // Two classes of one name, or of two directions, are told apart by definition names no client has seen.
    if name.contains("__") || name.hasSuffix("-Input") || name.hasSuffix("-Output"),
      let title = builder.written[head]["title"]?.string
    {
      return title
    }
    if tokens.isEmpty, let name = builder.documents[location.document].name { return name }
    if tokens.count == 2 && tokens[0] == "$defs" || tokens.count == 3 && tokens[1] == "schemas" { return tokens.last }
    return builder.written[head]["title"]?.string
  }
}
