import GatewayJSON

/// The file itself.
extension GatewayFile {
  static let section = Section<GatewayFile>("gateway.yaml", "The configuration file.", make: GatewayFile()) {
    Option(required: "version", \.version, .version, "The version of the file's format.")
    Option(
      "settings_from", \.settingsFrom, .settingOrigin, default: "{}",
      "Prefix of variables, `.env` files and secret files that give settings their values.")
    Option(
      "settings", \.settings, .settings,
      "Typed values from the environment, for use as `${settings.name}` in any value below.")
    Option(
      "server", \.server, .section(ServerSettings.section), default: "{}", "Listeners, limits and clocks of the edge.")
    Option(
      "errors", \.errors, .errors, default: "detail",
      "The shape of the errors that the gateway itself answers, or the long form; `problem` is RFC 9457.")
    Option(
      "validation", \.validation, .section(ValidationSettings.section), default: "{}",
      "How requests and responses are checked, and how mistakes in them are told.")
    Option(
      "openapi", optional: \.openapi, .section(OpenAPISettings.section) { $0.checked($1, $2) },
      default: "nothing is served", "The OpenAPI document and its page.")
    Option(
      "plugin_path", \.pluginPath, .list(of: Kind.directory.located, isSingleAllowed: true),
      default: "[plugins, .]",
      "Directories searched for plugin libraries, in order, relative to the file.")
    Option("plugins", \.plugins, .named("plugins", .plugin), default: "{}", "Libraries with handlers and providers.")
    Option(
      "dependencies", \.dependencies, .named("dependencies", .dependency), default: "{}",
      "Values that handlers need, and who makes them.")
    Option(
      "depends", \.guards, .list(of: .dependencyReference, isSingleAllowed: true, keepsGoodItems: true),
      default: "[]",
      "Dependencies that run before every route answers, whether or not a handler takes their value.")
    Option(
      "policies", \.policies, .named("lists of policies", .policyList), default: "{}",
      "Named lists of policies; their order is the order they run in.")
    Option(
      "upstreams", \.upstreams, .named("upstreams", .upstream), default: "{}", "Servers that requests are proxied to.")
    Option(
      "schemas", \.schemas, .named("schemas", .namedSchema), default: "{}", "JSON Schemas that routes refer to by name."
    )
    Option(
      "use", \.use, .list(of: .policyUse), default: "[]",
      "Policies of every route, run before the route's own: names of lists, or policies written in place.")
    Option("groups", \.groups, .groups, default: "{}", "What several routes share: prefix, policies, dependencies.")
    Option(
      "routes", \.routes, .list(of: .route, keepsGoodItems: true), default: "[]",
      "What is answered, by method, host and path; order means nothing.")
    Option(reserved: "include", "write everything into one file for now")
  }
}

extension Kind where Value == Int {
  fileprivate static var version: Kind {
    let type = "the number `1`"
    return Kind(type, schema: .object(["const": .integer(1)])) { cursor, decoder in
      switch cursor.node.resolved {
      case .number(let number) where number.integer == 1: return 1
      case .number: decoder.invalid(cursor, "this gateway reads version 1 of the file", expected: type)
      case .string("1"): decoder.mismatch(cursor, type, help: "remove the quotes")
      default: decoder.mismatch(cursor, type)
      }
      return nil
    }
  }
}

extension Kind where Value == String {
  /// A path, joined to the directory of the file.
  static var path: Kind { .pathLike("a path") }
  static var directory: Kind { .pathLike("a directory") }

  private static func pathLike(_ type: String) -> Kind {
    Kind(type, schema: .object(["type": .string("string"), "minLength": .integer(1)]), show: \.self) {
      cursor, decoder in
      guard let text = decoder.string(cursor, type) else { return nil }
      guard !text.isEmpty, !text.utf8.contains(0) else {
        decoder.invalid(cursor, "`\(cursor.keyPath)` must be \(type)", expected: type)
        return nil
      }
      return Paths.joined(text, to: decoder.directory)
    }
  }

  /// The path of a directory that is there.
  static var existingDirectory: Kind {
    let path = Kind.directory
    return Kind("a directory", schema: path.schema) { cursor, decoder in
      guard let text = path.read(cursor, decoder) else { return nil }
      switch decoder.environment.check(text) {
      case .isDirectory: return text
      case nil: decoder.error(.unreadableFile, "`\(text)` is no directory", at: cursor, expected: "a directory")
      case let problem?: decoder.error(.unreadableFile, "the directory `\(text)` \(problem.sentence)", at: cursor)
      }
      return nil
    }
  }

  /// The path of a file that is there and may be read.
  static var readableFile: Kind {
    let path = Kind.path
    return Kind("the path of a file", schema: path.schema) { cursor, decoder in
      guard let text = path.read(cursor, decoder) else { return nil }
      guard let problem = decoder.environment.check(text) else { return text }
      decoder.error(.unreadableFile, "the file `\(text)` \(problem.sentence)", at: cursor)
      return nil
    }
  }
}
