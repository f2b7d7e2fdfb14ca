import GatewayJSON

/// What the sources say about a setting, before it is read as what it is declared to be.
indirect enum RawSetting {
  case text(String, SettingSource)
  case json(JSONValue, SettingSource)
  /// Objects and maps, put together from several sources.
  case members([(name: String, value: RawSetting)], SettingSource)
  /// A mistake that has been told.
  case broken

  /// Layers one over another, part by part; `over` wins.
  static func merged(_ over: RawSetting?, _ under: RawSetting?) -> RawSetting? {
    guard let over else { return under }
    guard let under else { return over }
    guard case .members(var members, let source) = over, case .members(let others, _) = under else { return over }
    var places = Dictionary(members.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
    for (name, value) in others {
      if let place = places[name] {
        members[place].value = merged(members[place].value, value) ?? value
      } else {
        places[name] = members.count
        members.append((name, value))
      }
    }
    return .members(members, source)
  }
}

extension SettingResolver {
  /// All layers for one setting or property, merged; its default is not among them.
  mutating func gather(_ shape: SettingShape, _ names: SettingSources.Names) -> RawSetting? {
    var result: RawSetting?
    for layer in sources.layers { result = RawSetting.merged(result, gather(shape, names, layer)) }
    return result
  }

  private mutating func gather(
    _ shape: SettingShape, _ names: SettingSources.Names, _ layer: SettingLayer
  ) -> RawSetting? {
    let place = place(of: shape)
    let own = sources.value(of: names, in: layer, decoder, at: place)
    guard shape.kind == .object || shape.kind == .map else { return own.map { .text($0.text, $0.source) } }
    // What a parent says as JSON counts less than variables of its parts.
    let whole = own.map { object($0, shape) }
    var parts: [(name: String, value: RawSetting)] = []
    var source: SettingSource?
    func add(_ name: String, _ value: RawSetting?) {
      guard let value else { return }
      if source == nil { source = value.source }
      parts.append((name, value))
    }
    if shape.kind == .object {
      for property in shape.properties {
        add(property.name.value, gather(property.shape, sources.names(of: property, in: names), layer))
      }
    } else if case .secrets = layer.kind {
      // The directory is not listed, so the keys are not known.
    } else {
      var seen: Set<String> = []
      for variable in names.variables {
        for key in keys(behind: variable + sources.origin.delimiter, shape, layer) where seen.insert(key).inserted {
          add(key, gather(shape.items, names.nested(key, sources.origin.delimiter), layer))
        }
      }
    }
    guard let source, !parts.isEmpty else { return whole }
    return RawSetting.merged(.members(parts, source), whole)
  }

  /// Keys of a map, from the names of variables; of maps in maps up to the next delimiter.
  private func keys(behind prefix: String, _ shape: SettingShape, _ layer: SettingLayer) -> [String] {
    let names = layer.names(after: prefix, isCaseSensitive: sources.origin.isCaseSensitive)
    guard shape.items.kind == .object || shape.items.kind == .map else { return names }
    return names.map { head(of: $0, before: sources.origin.delimiter) }.filter { !$0.isEmpty }
  }

  private func head(of name: String, before delimiter: String) -> String {
    var rest = name[...]
    while !rest.isEmpty, !rest.hasPrefix(delimiter) { rest.removeFirst() }
    return String(name[..<rest.startIndex])
  }

  /// An object or a map in one text: JSON.
  private mutating func object(_ entry: SettingLayer.Entry, _ shape: SettingShape) -> RawSetting {
    if shape.isNullable, entry.text == sources.origin.nullText { return .json(.null, entry.source) }
    do {
      let value = try JSONValue(parsing: entry.text)
      if case .object = value { return members(value, shape, entry.source) }
      report(shape, entry.source, found: value, part: "")
    } catch {
      report(shape, entry.source, text: entry.text, because: "\(error)", "a mapping as JSON")
    }
    return .broken
  }

  /// JSON apart, so that parts of it can be replaced.
  func members(_ value: JSONValue, _ shape: SettingShape, _ source: SettingSource) -> RawSetting {
    guard case .object(let object) = value, shape.kind == .object || shape.kind == .map else { return .json(value, source) }
    return .members(
      object.members.map { member in
        let part = shape.kind == .map ? shape.items : shape.properties.named(member.name)?.shape
        return (member.name, part.map { members(member.value, $0, source) } ?? .json(member.value, source))
      }, source)
  }
}

extension RawSetting {
  var source: SettingSource? {
    switch self {
    case .text(_, let source), .json(_, let source), .members(_, let source): source
    case .broken: nil
    }
  }
}
