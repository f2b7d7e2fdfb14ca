import GatewayJSON
import GatewayYAML

/// The text of an OpenAPI document, JSON or YAML, as a value.
public enum OpenAPISource {
  /// Bytes of one document.
  public static let maximumSize = 16 << 20

  /// - Returns: nil, with at least one problem whose message says line and column, where the text is neither.
  public static func parse(_ bytes: [UInt8], name: String) -> (document: JSONValue?, problems: [OpenAPIProblem]) {
    func failure(_ message: String) -> OpenAPIProblem { OpenAPIProblem("", message, document: name) }
    guard bytes.count <= maximumSize else {
      return (nil, [failure("the file has \(bytes.count) bytes, at most \(maximumSize) are read")])
    }
    // Most JSON is YAML, but its own parser is exact about it and many times as fast.
    if bytes.first(where: { !" \t\r\n".utf8.contains($0) }) == UInt8(ascii: "{") {
      do throws(JSONSyntaxError) {
        return (try JSONValue(parsing: bytes), [])
      } catch {
        // `{` begins YAML's flow mappings as well.
        let (document, problems) = yaml(bytes, name)
        return problems.isEmpty ? (document, []) : (nil, [failure("\(error)")])
      }
    }
    return yaml(bytes, name)
  }

  private static func yaml(_ bytes: [UInt8], _ name: String) -> (JSONValue?, [OpenAPIProblem]) {
    var limits = YAMLLimits()
    limits.size = maximumSize
    limits.aliases = 10_000
    let (root, source, issues) = YAMLDocuments.parseOne(bytes, name: name, limits: limits)
    func place(_ mark: Mark) -> String {
      let position = source.position(of: mark.offset)
      return "line \(position.line), column \(position.column)"
    }
    var problems = issues.map {
      OpenAPIProblem("", "\(place($0.mark)): \($0.message)", document: name)
    }
    guard let root, problems.isEmpty else { return (nil, problems) }
    let value = value(root, at: "") { node, pointer, message in
      problems.append(OpenAPIProblem(pointer, "\(place(node.mark)): \(message)", document: name))
    }
    return problems.isEmpty ? (value, []) : (nil, problems)
  }

  private static func value(
    _ node: YAMLNode, at pointer: String, _ report: (YAMLNode, String, String) -> Void
  ) -> JSONValue {
    switch node.content {
    case .sequence(let items):
      return .array(items.enumerated().map { value($0.element, at: "\(pointer)/\($0.offset)", report) })
    case .mapping(let pairs):
      var object = JSONObject()
      for pair in pairs {
        let key = pair.key.scalar?.text ?? ""
        object[key] = value(pair.value, at: Pointer.appending(key, to: pointer), report)
      }
      return .object(object)
    case .scalar:
      switch node.resolved {
      case .null, nil: return .null
      case .bool(let flag): return .bool(flag)
      case .string(let text): return .string(text)
      case .number(let number):
        if let number = JSONNumber(number.text) { return .number(number) }
        report(node, pointer, "the number is out of range")
      case .unrepresentable:
        report(node, pointer, "the value is no number that JSON can write; quote it if a string is meant")
      }
      return .null
    }
  }
}
