import GatewayJSON
import GatewayYAML

extension FileDecoder {
  /// Reads `settings_from`, its sources, and `settings`: before anything else, because all else may refer to them.
  func readSettings(_ root: Cursor) {
    let sources = readSources(root)
    var resolver = SettingResolver(self, sources)
    if let cursor = root.child("settings") {
      let declared = Kind<[SettingShape.Property]>.named("settings", .settingProperty).read(cursor, self) ?? []
      checkVariables(of: declared, sources)
      settings = declared.map { resolver.resolve($0.name, $0.shape) }
      interpolation.settings = Dictionary(
        settings.map { ($0.name.value, $0) }, uniquingKeysWith: { first, _ in first })
      // Settings that were declared but are wrong must not be called unknown where they are used.
      for entry in cursor.entries ?? [] where interpolation.settings?[entry.text] == nil {
        interpolation.settings?[entry.text] = Setting()
      }
    } else {
      interpolation.settings = [:]
    }
    settingSources = resolver.sources
  }

  /// The names of two settings may come down to one variable. One that names it as `env` means it.
  private func checkVariables(of declared: [SettingShape.Property], _ sources: SettingSources) {
    var first: [String: SettingShape.Property] = [:]
    for property in declared {
      for variable in sources.names(of: property.name.value, property.shape).variables {
        guard let other = first[sources.form(variable)] else {
          first[sources.form(variable)] = property
          continue
        }
        guard other.name.value != property.name.value, other.shape.variables.isEmpty, property.shape.variables.isEmpty
        else { continue }
        diagnostics.error(
          .conflict, "the variable `\(variable)` would give two settings: `\(other.name.value)` and `\(property.name.value)`",
          at: property.name, help: "give one of them another name, or another variable as `env`",
          notes: [.init("the other setting is here", at: other.name)])
      }
    }
  }

  /// Variables in `.env` files that no setting and no `${env:…}` asks for: with the prefix they are meant for a setting,
  /// and without it a name that is nearly that of a setting without a value most likely is. Variables of the process
  /// are never looked at: it has those of everybody.
  func checkEnvFiles() {
    guard let sources = settingSources else { return }
    let prefix = sources.origin.prefix.map { SettingLayer.fold($0.value) } ?? ""
    let unfound = sources.asked.subtracting(sources.found.map(sources.form)).sorted()
    let known = sources.asked.filter { SettingLayer.fold($0).hasPrefix(prefix) }.sorted()
    for layer in sources.layers {
      guard case .envFile = layer.kind else { continue }
      for (name, entry) in layer.entries.sorted(by: { $0.key < $1.key }) {
        guard !sources.found.contains(name), !interpolation.usedVariables.contains(name),
          case .envFile(_, _, let place) = entry.source,
          // The nearest of many names is looked for: not for what nobody will read.
          diagnostics.all.count < Diagnostics.limit
        else { continue }
        if !prefix.isEmpty, SettingLayer.fold(name).hasPrefix(prefix) {
          diagnostics.error(
            .unknownKey, "no setting is called `\(name)`", at: place, expected: NearestWord.list(known),
            suggestion: NearestWord.of(name, among: known))
        } else if let near = NearestWord.of(name, among: unfound) {
          diagnostics.warning(
            .unused, "no setting is called `\(name)`, and the setting for `\(near)` was given nothing", at: place,
            suggestion: near)
        }
      }
    }
  }
}

/// Puts lists and objects in the place of scalars that refer to them, so that `origins: "${settings.origins}"` is a
/// list to whatever reads it. Their parts become references of their own: what they stand for is looked up where it is
/// read, with its type, and diagnostics show the reference, not the value.
struct CompositeReferences {
  private let decoder: FileDecoder
  private var budget = CompositeReferences.largestTotal

  /// Parts that all references together may put in.
  private static let largestTotal = 100_000

  static func resolve(in root: YAMLNode, _ decoder: FileDecoder) -> YAMLNode {
    let hasAny = decoder.settings.contains { setting in
      switch setting.value {
      case .array, .object: true
      default: false
      }
    }
    guard hasAny, let pairs = root.mapping else { return root }
    var references = CompositeReferences(decoder: decoder)
    var root = root
    root.content = .mapping(
      pairs.map { pair in
        let key = pair.key.scalar?.text
        return key == "settings" || key == "settings_from"
          ? pair : YAMLPair(key: pair.key, value: references.resolved(pair.value))
      })
    return root
  }

  private init(decoder: FileDecoder) {
    self.decoder = decoder
  }

  private mutating func resolved(_ node: YAMLNode) -> YAMLNode {
    var node = node
    switch node.content {
    case .mapping(let pairs):
      node.content = .mapping(pairs.map { YAMLPair(key: $0.key, value: resolved($0.value)) })
    case .sequence(let items):
      node.content = .sequence(items.map { resolved($0) })
    case .scalar(let scalar):
      guard scalar.text.hasPrefix("${settings."), scalar.text.utf8.firstIndex(of: UInt8(ascii: "}")) == scalar.text.utf8.indices.last
      else { return node }
      let path = String(scalar.text.dropFirst("${settings.".count).dropLast())
      guard let value = decoder.interpolation.value(atPath: path) else { return node }
      switch value {
      case .array, .object:
        decoder.interpolation.use(path)
        node.content = content(value, path, node)
      default: break
      }
    }
    return node
  }

  /// `path` is nil below a key that a reference cannot name: the parts are written out then.
  private mutating func content(_ value: JSONValue, _ path: String?, _ node: YAMLNode) -> YAMLNode.Content {
    budget -= 1
    guard budget >= 0 else {
      if budget == -1 {
        decoder.diagnostics.error(
          .limit, "all references together put in more than \(Self.largestTotal) parts",
          at: Location(mark: node.mark, keyPath: ""))
      }
      return .sequence([])
    }
    switch value {
    case .array(let items):
      return .sequence(
        items.enumerated().map { YAMLNode(content($1, below(path, "\($0)"), node), mark: node.mark) })
    case .object(let object):
      return .mapping(
        object.members.map { member in
          YAMLPair(
            key: YAMLNode(.scalar(YAMLScalar(member.name, style: .doubleQuoted)), mark: node.mark),
            value: YAMLNode(content(member.value, below(path, member.name), node), mark: node.mark))
        })
    default:
      if let path { return .scalar(YAMLScalar("${settings.\(path)}", style: .plain)) }
      guard let text = value.string else { return .scalar(YAMLScalar(JSONText.compact(value), style: .plain)) }
      return .scalar(YAMLScalar(escaped(text), style: .doubleQuoted))
    }
  }

  private func below(_ path: String?, _ name: String) -> String? {
    name.isEmpty || name.contains { $0 == "." || $0 == "}" } ? nil : path.map { "\($0).\(name)" }
  }

  /// What is put in is not looked at again.
  private func escaped(_ text: String) -> String {
    var result = ""
    var last: Character = " "
    for character in text {
      if character == "{", last == "$" { result += "${" } else { result.append(character) }
      last = character
    }
    return result
  }
}
