import GatewayConfiguration
import GatewayJSON

/// A model as indented text, with line and column behind what knows its place. Absent and empty parts are left out.
enum ModelDump {
  static func text(_ file: GatewayFile, members: Set<String>) -> String {
    Mirror(reflecting: file).children.compactMap { child -> String? in
      guard let label = child.label, members.contains(label) else { return nil }
      return lines(child.value).map { ([label + ":"] + $0.map { "  " + $0 }).joined(separator: "\n") + "\n" }
    }.joined()
  }

  /// `plugin_path` → `pluginPath`.
  static func memberName(_ key: String) -> String {
    let words = key.split(separator: "_")
    return ([words.first.map(String.init) ?? ""] + words.dropFirst().map { $0.prefix(1).uppercased() + $0.dropFirst() })
      .joined()
  }

  /// Nil for what is not worth a line.
  private static func lines(_ value: Any) -> [String]? {
    if let leaf = leaf(value) { return [leaf] }
    let mirror = Mirror(reflecting: value)
    switch mirror.displayStyle {
    case .optional:
      return mirror.children.first.flatMap { lines($0.value) }
    case .collection:
      guard !mirror.children.isEmpty else { return nil }
      return mirror.children.flatMap { child -> [String] in
        let inner = lines(child.value) ?? ["{}"]
        return ["- " + (inner.first ?? "")] + inner.dropFirst().map { "  " + $0 }
      }
    case .enum:
      guard let child = mirror.children.first else { return ["\(value)"] }
      return labelled(child.label ?? "", lines(child.value) ?? [])
    default:
      let all = mirror.children.flatMap { child -> [String] in
        guard let label = child.label, label != "location", let inner = lines(child.value) else { return [] }
        return labelled(label, inner)
      }
      return all.isEmpty ? nil : all
    }
  }

  private static func labelled(_ label: String, _ inner: [String]) -> [String] {
    if inner.count == 1, !inner[0].hasPrefix("- "), !inner[0].contains(": ") { return [label + ": " + inner[0]] }
    return [label + ":"] + inner.map { "  " + $0 }
  }

  private static func leaf(_ value: Any) -> String? {
    switch value {
    case let value as String: return "\"\(value)\""
    case let value as Int: return "\(value)"
    case let value as UInt16: return "\(value)"
    case let value as Bool: return "\(value)"
    case let value as Duration: return DurationText.format(value)
    case let value as JSONValue: return json(value)
    case let value as LocatedJSON: return json(value.value) + place(value.location)
    case let value as Located<String>: return "\"\(value.value)\"" + place(value.location)
    case let value as Located<Int>: return "\(value.value)" + place(value.location)
    case let value as Located<Bool>: return "\(value.value)" + place(value.location)
    case let value as any LocatedWord: return value.word + place(value.location)
    case let value as Located<Duration>: return DurationText.format(value.value) + place(value.location)
    case let value as Located<ListenAddress>: return "\(value.value)" + place(value.location)
    case let value as Located<Network>: return network(value.value) + place(value.location)
    case let value as Located<AccessLogOptions.Destination>: return "\(value.value)" + place(value.location)
    case let value as UpstreamTarget: return "\(value.host) \(value.port) \(value.authority)" + place(value.location)
    case let value as PluginReference:
      return value.description + place(value.location) + " member" + place(value.member.location)
    default: return nil
    }
  }

  private static func place(_ location: Location) -> String {
    location == .none ? "" : " @\(location.mark.line):\(location.mark.column)"
  }

  private static func network(_ network: Network) -> String {
    String(network.high, radix: 16) + ":" + String(network.low, radix: 16) + "/\(network.prefix)"
  }

  private static func json(_ value: JSONValue) -> String {
    switch value {
    case .null: "null"
    case .bool(let value): "\(value)"
    case .number(let value): value.text
    case .string(let value): "\"\(value)\""
    case .array(let items): "[" + items.map(json).joined(separator: ", ") + "]"
    case .object(let object): "{" + object.members.map { "\($0.name): " + json($0.value) }.joined(separator: ", ") + "}"
    }
  }
}

/// A located word of an enumeration.
private protocol LocatedWord: Locatable {
  var word: String { get }
}

extension Located: LocatedWord where Value: RawRepresentable, Value.RawValue == String {
  fileprivate var word: String { value.rawValue }
}
