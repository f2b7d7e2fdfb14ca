import GatewayYAML

/// One source of values, asked by name. Layers are asked in the order of precedence.
struct SettingLayer {
  struct Entry {
    var name: String
    var text: String
    var source: SettingSource
  }

  enum Kind {
    case process, envFile
    /// Names are file names below the directory, which is not listed.
    case secrets(directory: String)
  }

  let kind: Kind
  private(set) var entries: [String: Entry] = [:]
  /// Names by their folded form.
  private var folded: [String: [String]] = [:]
  /// Names by their bytes, and by those of their folded forms: names with one beginning stand together.
  private var ordered: [(key: String, name: String)] = []
  private var orderedFolded: [(key: String, name: String)] = []

  init(_ kind: Kind, _ list: [Entry] = []) {
    self.kind = kind
    for entry in list {
      if entries.updateValue(entry, forKey: entry.name) == nil { folded[Self.fold(entry.name), default: []].append(entry.name) }
    }
    ordered = entries.keys.map { (key: $0, name: $0) }.sorted { Self.precedes($0, $1) }
    orderedFolded = folded.flatMap { key, names in names.map { (key: key, name: $0) } }.sorted { Self.precedes($0, $1) }
  }

  private static func precedes(_ one: (key: String, name: String), _ other: (key: String, name: String)) -> Bool {
    one.key == other.key
      ? one.name.utf8.lexicographicallyPrecedes(other.name.utf8) : one.key.utf8.lexicographicallyPrecedes(other.key.utf8)
  }

  /// Names that mean the same where case does not count. Names of settings may hold `-`, those of variables do not.
  static func fold(_ name: String) -> String { String(name.lowercased().map { $0 == "-" ? "_" : $0 }) }

  /// The entry of that name; several where only their case differs and none is as asked for.
  func named(_ name: String, isCaseSensitive: Bool) -> [Entry] {
    let written = String(name.map { $0 == "-" ? "_" : $0 })
    if let entry = entries[name] ?? entries[written] { return [entry] }
    if isCaseSensitive { return [] }
    if let entry = entries[written.uppercased()] { return [entry] }
    return (folded[Self.fold(name)] ?? []).sorted().compactMap { entries[$0] }
  }

  /// What stands behind `prefix` in the names of entries, for maps.
  func names(after prefix: String, isCaseSensitive: Bool) -> [String] {
    let wanted = isCaseSensitive ? prefix : Self.fold(prefix)
    let names = isCaseSensitive ? ordered : orderedFolded
    var (low, high) = (0, names.count)
    while low < high {
      let middle = (low + high) / 2
      if names[middle].key.utf8.lexicographicallyPrecedes(wanted.utf8) { low = middle + 1 } else { high = middle }
    }
    return names[low...].prefix { $0.key.utf8.starts(with: wanted.utf8) }.compactMap { have, name in
      // A character may begin before the end of the prefix.
      guard have.hasPrefix(wanted), have.count > wanted.count else { return nil }
      let rest = String(name.dropFirst(prefix.count))
      return isCaseSensitive ? rest : rest.lowercased()
    }
  }
}

extension FileDecoder {
  /// The `.env` files as layers, the winning one first; their mistakes are told.
  ///
  /// - Parameter isWanted: the file says something of settings or their sources. Otherwise a `.env` that happens to lie
  ///   beside it may be somebody else's: its mistakes are warnings.
  func readEnvFiles(_ origin: SettingOrigin, isWanted: Bool) -> (layers: [SettingLayer], used: Set<String>) {
    var expansion = DotEnvExpansion(process: environment.variables)
    var layers: [SettingLayer] = []
    let files = origin.envFiles ?? [Located(Paths.joined(".env", to: directory))]
    for path in files {
      let bytes: [UInt8]
      switch environment.read(path.value, DotEnvFile.largestFile) {
      case .success(let read): bytes = read
      case .failure(.missing): continue
      // Nobody asked for this one: a directory called `.env` is not meant.
      case .failure(.isDirectory) where origin.envFiles == nil: continue
      case .failure(let problem):
        if path.location == .none {
          diagnostics.error(.unreadableFile, "the file `\(path.value)` \(problem.sentence)", file: path.value)
        } else {
          diagnostics.error(.unreadableFile, "the file `\(path.value)` \(problem.sentence)", at: path)
        }
        continue
      }
      let source = SourceText(name: path.value, bytes: bytes)
      let number = diagnostics.sources.addConfidential(source)
      func place(_ range: Range<Int>, _ keyPath: String = "") -> Location {
        Location(mark: source.mark(file: number, from: range.lowerBound, to: range.upperBound), keyPath: keyPath)
      }
      let file = DotEnvFile(bytes)
      let (variables, problems) = expansion.expand(file)
      for problem in file.problems + problems {
        if isWanted {
          diagnostics.error(.syntax, problem.message, at: place(problem.range), help: problem.help)
        } else {
          diagnostics.warning(.syntax, problem.message, at: place(problem.range), help: problem.help)
        }
      }
      warnOfRepeats(in: file, place: { place($0) })
      layers.insert(
        SettingLayer(
          .envFile,
          variables.map {
            SettingLayer.Entry(
              name: $0.name, text: $0.value,
              source: .envFile(path: path.value, variable: $0.name, place: place($0.nameRange)))
          }), at: 0)
    }
    return (layers, expansion.used)
  }

  private func warnOfRepeats(in file: DotEnvFile, place: (Range<Int>) -> Location) {
    var seen: [String: Range<Int>] = [:]
    for entry in file.entries where entry.parts != nil {
      if let first = seen.updateValue(entry.nameRange, forKey: entry.name) {
        diagnostics.warning(
          .duplicateKey, "`\(entry.name)` is set twice, and this one counts", at: place(entry.nameRange),
          notes: [.init("the first is here", at: place(first))])
      }
    }
  }
}
