import GatewayJSON
import GatewayYAML

extension PluginEntry {
  static let section = Section<PluginEntry>(
    "plugins", "A library with handlers and providers.", make: PluginEntry()
  ) {
    Option(
      "library", \.library,
      Kind.string("a library's name such as `Bookshop`") { text in
        text.isEmpty ? "must not be empty" : text.contains("/") ? "must be a name; a path goes into `path`" : nil
      }.located, default: "the plugin's name",
      "The base name: `Bookshop` stands for `libBookshop.so` on the plugin path, or for one named after the contract and the machine.")
    Option(
      "path", optional: \.path, Kind.path.located, default: "searched",
      "The library file itself, relative to the file; replaces the search.")
    Option(
      "sha256", optional: \.sha256, Kind.sha256.located, default: "any content",
      "The SHA-256 of the file, as `gateway plugin inspect` tells it; a file with another content is refused.")
    Option("config", \.config, .json, default: "{}", "Handed to the plugin; checked by the plugin's own schema.")
  }
}

extension Kind where Value == String {
  /// Hexadecimal digits of a SHA-256, with `sha256:` in front or without.
  fileprivate static var sha256: Kind {
    .string("64 hexadecimal digits", pattern: "^(sha256:)?[0-9A-Fa-f]{64}$") { text in
      let digits = text.hasPrefix("sha256:") ? text.dropFirst(7) : text[...]
      guard digits.utf8.allSatisfy({ Character(UnicodeScalar($0)).isHexDigit }) else {
        return "must be hexadecimal digits, with `sha256:` in front or without"
      }
      return digits.utf8.count == 64 ? nil : "must have 64 digits, not \(digits.utf8.count)"
    }
  }
}

extension Kind where Value == PluginEntry {
  static var plugin: Kind {
    .section(PluginEntry.section) { entry, cursor, decoder in
      var entry = entry
      guard let library = cursor.child("library") else {
        entry.library = cursor.name
        return entry
      }
      if let path = entry.path {
        decoder.error(
          .conflict, "a plugin has a `library` that is searched, or the `path` of one, not both", at: library,
          place: library.keyLocation, notes: [.init("the path is here", at: path)])
      }
      return entry
    }
  }
}

extension Dependency {
  static let section = Section<Dependency>(
    "dependencies", "A value that handlers and other dependencies are given.", make: Dependency()
  ) {
    Option(required: "provider", \.provider, .pluginReference, "The function that makes it, as `plugin.name`.")
    Option(
      "scope", optional: \.scope, Kind.word.located, default: "the provider's own",
      "How long it lives: the process, one request, or one handler's call.")
    Option(
      "needs", \.needs, .needs, default: "{}", "What it is made of: the provider's input → a dependency.")
    Option("config", \.config, .json, default: "{}", "Handed to the provider.")
    Option(
      "cache", optional: \.cache, Kind.boolean.located, default: "true",
      "One value for all that need it in a request; `false`: each gets one of its own.")
    Option(
      "parallel", optional: \.parallel, Kind.boolean.located, default: "false",
      "It is made side by side with the others that say so and need nothing of each other.")
    Option(
      "max_concurrency", optional: \.maxConcurrency, Kind.integer(1...1_000_000).located, default: "unlimited",
      "Values that may be there at once in the process, from their making to the end of their teardown.")
    Option(
      "queue", optional: \.queue, Kind.integer(0...1_000_000).located, default: "\(Dependency.standardQueue)",
      "Requests that may wait where `max_concurrency` is reached; further ones are 503.")
  }
}

extension Kind where Value == Dependency {
  static var dependency: Kind {
    .section(Dependency.section) { entry, cursor, decoder in
      if let queue = entry.queue, entry.maxConcurrency == nil {
        decoder.error(
          .conflict, "`queue` is for dependencies with `max_concurrency`: nothing waits for the others", at: cursor,
          place: queue.location, help: "add `max_concurrency`, or remove `queue`")
      }
      return entry
    }
  }
}

extension Kind where Value == PluginReference {
  static var pluginReference: Kind {
    let type = "`plugin.name`"
    return Kind(type, schema: .object(["type": .string("string"), "pattern": .string(#"^[^.]+\..+$"#)])) {
      cursor, decoder in
      guard let text = decoder.string(cursor, type) else { return nil }
      guard let dot = text.firstIndex(of: "."), dot != text.startIndex, text.index(after: dot) != text.endIndex else {
        decoder.invalid(cursor, "`\(cursor.keyPath)` must name a plugin and a member of it", expected: type)
        return nil
      }
      var reference = PluginReference()
      reference.plugin = cursor.located(text[..<dot], in: text)
      reference.member = cursor.located(text[text.index(after: dot)...], in: text)
      reference.location = cursor.location
      return reference
    }
  }
}
