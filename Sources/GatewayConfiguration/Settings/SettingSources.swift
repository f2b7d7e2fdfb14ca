import GatewayJSON

/// All sources of a load, in the order of precedence, and what of them was used.
struct SettingSources {
  let origin: SettingOrigin
  let layers: [SettingLayer]
  /// Variables that some setting asks for, found or not.
  private(set) var asked: Set<String> = []
  /// Variables and files that a setting has found, or another variable.
  private(set) var found: Set<String> = []

  init(origin: SettingOrigin, layers: [SettingLayer], used: Set<String>) {
    self.origin = origin
    found = used
    self.layers = layers
  }

  /// A part of a setting and the names that give it.
  struct Names {
    /// In the order they are tried.
    var variables: [String]
    /// Files of secrets are also found by the setting's name alone.
    var files: [String]

    func nested(_ name: String, _ delimiter: String) -> Names {
      Names(variables: variables.map { $0 + delimiter + name }, files: files.map { $0 + delimiter + name })
    }

    func isIn(_ layer: SettingLayer) -> [String] {
      if case .secrets = layer.kind { variables + files.filter { !variables.contains($0) } } else { variables }
    }
  }

  /// The names of a setting: its own where it gives some, else the prefix and its name.
  func names(of name: String, _ shape: SettingShape) -> Names {
    if !shape.variables.isEmpty { return Names(variables: shape.variables.map(\.value), files: [name]) }
    guard let prefix = origin.prefix?.value else { return Names(variables: [], files: [name]) }
    return Names(variables: [prefix + variable(name)], files: [name])
  }

  func names(of property: SettingShape.Property, in parent: Names) -> Names {
    var names = parent.nested(variable(property.name.value), origin.delimiter)
    names.variables = property.shape.variables.map(\.value) + names.variables
    return names
  }

  /// A name as variables have it by custom.
  private func variable(_ name: String) -> String {
    let plain = String(name.map { $0 == "-" ? "_" : $0 })
    return origin.isCaseSensitive ? plain : plain.uppercased()
  }

  /// A name as advice gives it.
  func form(_ name: String) -> String { origin.isCaseSensitive ? name : SettingLayer.fold(name).uppercased() }

  /// The first of the names that the layer has a value for.
  mutating func value(
    of names: Names, in layer: SettingLayer, _ decoder: FileDecoder, at place: Location
  ) -> SettingLayer.Entry? {
    for name in names.isIn(layer) {
      asked.insert(form(name))
      let entries: [SettingLayer.Entry]
      if case .secrets(let directory) = layer.kind {
        entries = decoder.secretFile(name, directory, isCaseSensitive: origin.isCaseSensitive, at: place).map { [$0] } ?? []
      } else {
        entries = layer.named(name, isCaseSensitive: origin.isCaseSensitive)
      }
      guard let entry = entries.first else { continue }
      for entry in entries { found.insert(entry.name) }
      if entries.count > 1 {
        decoder.diagnostics.error(
          .conflict, "variables differ in nothing but case: \(NearestWord.list(entries.map(\.name)))", at: place,
          help: "set one of them, or `settings_from.case_sensitive: true`")
      }
      if entry.text.isEmpty, origin.empty == .ignore { continue }
      return entry
    }
    return nil
  }
}

extension FileDecoder {
  /// A secret in a file of its own, as container platforms hand them out.
  fileprivate func secretFile(
    _ name: String, _ directory: String, isCaseSensitive: Bool, at place: Location
  ) -> SettingLayer.Entry? {
    // A name is a file's name, never a way out of the directory.
    guard !name.contains("/"), name != ".", name != ".." else { return nil }
    let spellings = isCaseSensitive ? [name] : [name, name.lowercased(), name.uppercased()]
    for (index, spelling) in spellings.enumerated() where !spellings[..<index].contains(spelling) {
      let path = directory + "/" + spelling
      switch environment.read(path, Interpolation.largestFile) {
      case .success(let bytes):
        guard let text = String(validating: bytes, as: UTF8.self) else {
          diagnostics.error(.unreadableFile, "the secret file `\(path)` is not UTF-8 text", at: place)
          return nil
        }
        return SettingLayer.Entry(name: path, text: Self.trimmed(text), source: .secretFile(path: path))
      // A directory of that name is for something else.
      case .failure(.missing), .failure(.isDirectory): continue
      case .failure(let problem):
        diagnostics.error(.unreadableFile, "the secret file `\(path)` \(problem.sentence)", at: place)
        return nil
      }
    }
    return nil
  }

  /// Editors and `echo` put line ends behind what is meant.
  private static func trimmed(_ text: String) -> String {
    var text = Substring(text)
    while let first = text.first, first.isWhitespace { text.removeFirst() }
    while let last = text.last, last.isWhitespace { text.removeLast() }
    return String(text)
  }

  /// Reads `settings_from` and everything it names. From here on `${env:…}` sees `.env` files too.
  func readSources(_ root: Cursor) -> SettingSources {
    var origin = SettingOrigin()
    if let cursor = root.child("settings_from"), let read = SettingOrigin.section.readParts(cursor, self)?.root {
      origin = read
    }
    settingsFrom = origin
    let process = environment.variables.map {
      SettingLayer.Entry(name: $0.key, text: $0.value, source: .environment(variable: $0.key))
    }
    let isWanted = root.child("settings_from") != nil || root.child("settings") != nil
    let (files, used) = readEnvFiles(origin, isWanted: isWanted)
    for layer in files {
      for (name, entry) in layer.entries where environment.variables[name] == nil {
        environment.variables[name] = entry.text
      }
    }
    interpolation.environment = environment
    let folders = origin.secrets.filter { directory in
      switch environment.check(directory.value) {
      case .isDirectory: return true
      // On a developer's machine there is no `/run/secrets`.
      case .missing: return false
      case nil:
        diagnostics.error(.unreadableFile, "`\(directory.value)` is no directory", at: directory, expected: "a directory")
      case let problem?:
        diagnostics.error(.unreadableFile, "the directory `\(directory.value)` \(problem.sentence)", at: directory)
      }
      return false
    }
    return SettingSources(
      origin: origin,
      layers: [SettingLayer(.process, process)] + files + folders.map { SettingLayer(.secrets(directory: $0.value)) },
      used: used)
  }
}
