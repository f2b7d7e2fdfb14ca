import GatewayJSON

extension OpenAPISettings {
  static let section = Section<OpenAPISettings>(
    "openapi",
    "The OpenAPI 3.1 document and its page, where they are served and what they say beside the routes. Without this "
      + "section neither is served; `{}` serves both.", make: OpenAPISettings()
  ) {
    Option("path", \.path, Kind.servedPath.located.orFalse(), "Where the document is served.")
    Option("docs", \.docs, Kind.servedPath.located.orFalse(), "Where the page for people is served.")
    Option(
      "use", \.use, .list(of: .policyUse), default: "[]",
      "Policies of the two paths, run after the file's: who may see them.")
    Option(
      "depends", \.guards, .list(of: .dependencyReference, isSingleAllowed: true), default: "[]",
      "Dependencies that run before the two paths answer, after the file's.")
    Option(
      "host", optional: \.host, Kind.hostPattern.located, default: "any", "The host that the two paths are bound to.")
    Option("title", \.title, .string("a title"), "The name of the API.")
    Option("version", \.version, .string("a version such as `1.2.0`"), "The version of the API, not of the gateway.")
    Option("summary", optional: \.summary, .string("a sentence"), default: "none", "What the API is, in a sentence.")
    Option(
      "description", optional: \.description, .string("text"), default: "none",
      "What the API is at length; CommonMark.")
    Option(
      "terms_of_service", optional: \.termsOfService, .url, default: "none", "Where the terms of service are.")
    Option(
      "contact", optional: \.contact, .section(OpenAPIContact.section), default: "none", "Who answers questions.")
    Option(
      "license", optional: \.license, .section(OpenAPILicense.section) { $0.checked($1, $2) }, default: "none",
      "The API's license.")
    Option("servers", \.servers, .list(of: .openAPIServer), default: "[]", "Where the API is, as clients see it.")
    Option(
      "tags", \.tags, .list(of: .openAPITag), default: "[]", "Groups of operations, in the order they are shown.")
    Option(
      "external_docs", optional: \.externalDocs, .section(OpenAPIExternalDocs.section), default: "none",
      "Further documentation.")
    Option(
      "security_schemes", \.securitySchemes, .named("security schemes", .securityScheme), default: "{}",
      "How clients prove who they are; documentation, policies and plugins do the checking.")
  }

  /// The rules that span several keys. Nil with a diagnostic.
  func checked(_ cursor: Cursor, _ decoder: FileDecoder) -> OpenAPISettings? {
    var settings = self
    settings.location = cursor.key == nil ? cursor.location : cursor.keyLocation
    if let path, let docs, path.value == docs.value {
      let isDocs = docs.location != .none
      let place = isDocs ? docs : path
      let other = isDocs ? path : docs
      decoder.diagnostics.error(
        .conflict, "the document and its page cannot both be at `\(path.value)`", at: place,
        help: (other.location == .none ? "that is where `\(isDocs ? "path" : "docs")` is by default: " : "")
          + "give them different paths, or say `false` for one",
        notes: other.location == .none ? [] : [.init("the other path is here", at: other)])
      return nil
    }
    var names: [String: Location] = [:]
    for tag in tags {
      if let first = names.updateValue(tag.name.location, forKey: tag.name.value) {
        decoder.diagnostics.error(
          .conflict, "two tags are called `\(tag.name.value)`", at: tag.name,
          notes: [.init("the first is here", at: first)])
        return nil
      }
    }
    return settings
  }
}

extension OpenAPIContact {
  static let section = Section<OpenAPIContact>("openapi.contact", "Who answers questions.", make: OpenAPIContact()) {
    Option("name", optional: \.name, .string("a name"), default: "none", "A person or an organization.")
    Option("url", optional: \.url, .url, default: "none", "Where they can be reached.")
    Option("email", optional: \.email, .email, default: "none", "Their address.")
  }
}

extension OpenAPILicense {
  static let section = Section<OpenAPILicense>("openapi.license", "The API's license.", make: OpenAPILicense()) {
    Option(required: "name", \.name, .string("a name"), "The name of the license.")
    Option(
      "identifier", optional: \.identifier, .string("an SPDX expression such as `Apache-2.0`"), default: "none",
      "Its SPDX expression; not beside `url`.")
    Option("url", optional: \.url, .url, default: "none", "Where its text is; not beside `identifier`.")
  }

  func checked(_ cursor: Cursor, _ decoder: FileDecoder) -> OpenAPILicense? {
    guard identifier != nil, url != nil, let second = cursor.child("url"), let first = cursor.child("identifier") else {
      return self
    }
    decoder.error(
      .conflict, "a license has an `identifier` or a `url`, not both", at: second, place: second.keyLocation,
      notes: [.init("the identifier is here", at: first.keyLocation)])
    return nil
  }
}

extension Kind where Value == OpenAPIServer {
  static var openAPIServer: Kind {
    Kind.section(OpenAPIServer.section).orShort(
      Kind<String>.urlOrPath.located.map {
        var server = OpenAPIServer()
        server.url = $0
        return server
      })
  }
}

extension OpenAPIServer {
  static let section = Section<OpenAPIServer>("openapi.servers", "A server in its long form.", make: OpenAPIServer()) {
    Option(required: "url", \.url, Kind.urlOrPath.located, "Where the API begins.")
    Option("description", optional: \.description, .string("text"), default: "none", "What the server is for.")
  }
}

extension Kind where Value == OpenAPITag {
  static var openAPITag: Kind {
    Kind.section(OpenAPITag.section).orShort(
      Kind<String>.string("a tag").located.map {
        var tag = OpenAPITag()
        tag.name = $0
        return tag
      })
  }
}

extension OpenAPITag {
  static let section = Section<OpenAPITag>("openapi.tags", "A tag in its long form.", make: OpenAPITag()) {
    Option(required: "name", \.name, Kind.string("a tag").located, "The word that routes use.")
    Option("description", optional: \.description, .string("text"), default: "none", "What the operations do.")
  }
}

extension OpenAPIExternalDocs {
  static let section = Section<OpenAPIExternalDocs>(
    "openapi.external_docs", "Further documentation.", make: OpenAPIExternalDocs()
  ) {
    Option(required: "url", \.url, .url, "Where it is.")
    Option("description", optional: \.description, .string("text"), default: "none", "What it is.")
  }
}

extension UpstreamDocument {
  static let section = Section<UpstreamDocument>(
    "routes.openapi", "The document of what stands behind a proxied route, in its long form.",
    make: UpstreamDocument()
  ) {
    Option(required: "file", \.file, Kind.readableFile.located, "An OpenAPI document, JSON or YAML.")
    Option(
      "prefix", optional: \.prefix, Kind.pathPrefix.located, default: "none",
      "What its paths begin with and the route's do not.")
  }
}

extension Kind where Value == UpstreamDocument {
  static var upstreamDocument: Kind {
    let file = Kind<String>.readableFile.located
    let short = Kind(file.type, schema: file.schema) { cursor, decoder -> UpstreamDocument? in
      guard let file = file.read(cursor, decoder) else { return nil }
      var document = UpstreamDocument()
      document.file = file
      document.location = file.location
      return document
    }
    return Kind.section(UpstreamDocument.section) { document, cursor, _ in
      var document = document
      document.location = cursor.location
      return document
    }.orShort(short)
  }
}

// MARK: Text

extension Kind where Value == String {
  /// A path that the gateway serves something of its own at.
  fileprivate static var servedPath: Kind {
    .string("a path without parameters such as `/openapi.json`", pattern: "^/") { URLText.problem(ofPath: $0) }
  }

  fileprivate static var pathPrefix: Kind {
    .string("a path such as `/api`", pattern: "^/.") { text in
      if let problem = URLText.problem(ofPath: text) { return problem }
      return text.hasSuffix("/") ? "must not end with `/`" : nil
    }
  }

  static var url: Kind {
    .string("an `https:` or `http:` URL", pattern: "^https?://") {
      URLText.isURL($0) ? nil : "is no `https:` or `http:` URL"
    }
  }

  static var urlOrPath: Kind {
    .string("an `https:` or `http:` URL, or a path that begins with `/`", pattern: "^(https?:/)?/") {
      URLText.isURL($0) || URLText.problem(ofPath: $0) == nil ? nil : "is neither a URL nor a path"
    }
  }

  fileprivate static var email: Kind {
    .string("an e-mail address") { text in
      let parts = text.split(separator: "@", omittingEmptySubsequences: false)
      guard let name = parts.first, let host = parts.last, parts.count == 2, !name.isEmpty, HostText.isHost(host),
        URLText.isWritable(text)
      else { return "is no e-mail address" }
      return nil
    }
  }
}

enum URLText {
  /// Characters that may stand in a URL (RFC 3986 §2), as far as a slip of the pen goes.
  static func isWritable(_ text: some StringProtocol) -> Bool {
    text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"\"<>\\^`{|}".utf8.contains($0) }
  }

  static func isURL(_ text: String) -> Bool {
    let scheme = text.hasPrefix("https://") ? "https://" : "http://"
    guard text.hasPrefix(scheme), isWritable(text) else { return false }
    let authority = text.dropFirst(scheme.count).prefix { !"/?#".contains($0) }
    let (host, port) = HostText.split(String(authority))
    return HostText.isHost(host) && (port.map { HostText.port($0, from: 1) != nil } ?? true)
  }

  /// What is wrong with a path that is taken literally.
  static func problem(ofPath text: String) -> String? {
    guard text.hasPrefix("/") else { return "must begin with `/`" }
    if text.contains(where: { "{}*".contains($0) }) { return "must have no parameters" }
    if text.contains(where: { "?#".contains($0) }) { return "must be a path alone, without `?` and `#`" }
    if text.contains("//") { return "holds an empty segment" }
    return isWritable(text) ? nil : "holds characters that a path cannot carry"
  }
}
