import GatewayJSON
import GatewayYAML

// MARK: proxy

extension ProxyAction {
  static let section = Section<ProxyAction>("routes.proxy", "An upstream answers.", make: ProxyAction()) {
    Option(required: "upstream", \.upstream, Kind.string("the name of an upstream").located, "The name of an upstream.")
    Option(
      "path", optional: \.path, Kind.template.located, default: "as it came",
      "The path that is asked for, with `{name}` for the parameters of the route's path.")
    Option(
      "timeouts", \.timeouts, .section(ProxyTimeouts.section), default: "the upstream's",
      "Other limits than the upstream's.")
  }
}

extension ProxyTimeouts {
  static let section = Section<ProxyTimeouts>(
    "routes.proxy.timeouts", "What replaces the upstream's `timeouts` for one route.", make: ProxyTimeouts()
  ) {
    Option(
      "connect", optional: \.connect, .duration(UpstreamTimeouts.range), default: "the upstream's",
      "Until a connection is open.")
    Option(
      "response_head", optional: \.responseHead, .duration(UpstreamTimeouts.range), default: "the upstream's",
      "From the request's end to the response's head.")
    Option(
      "idle", optional: \.idle, .duration(UpstreamTimeouts.range), default: "the upstream's",
      "Between two reads or writes.")
    Option(
      "total", optional: \.total, .duration(UpstreamTimeouts.range), default: "the upstream's", "The whole exchange.")
  }
}

extension Kind where Value == ProxyAction {
  static var proxy: Kind {
    Kind.section(ProxyAction.section).orShort(
      Kind<String>.string("the name of an upstream").located.map {
        var action = ProxyAction()
        action.upstream = $0
        return action
      })
  }
}

extension Kind where Value == String {
  /// A path with `{name}` in it.
  static var template: Kind {
    .string("a path such as `/{rest}`", pattern: "^/") { text in
      if !text.hasPrefix("/") { return "must begin with `/`" }
      return text.contains(where: \.isWhitespace) ? "holds white space" : nil
    }
  }
}

// MARK: redirect

extension RedirectAction {
  static let statuses = [301, 302, 303, 307, 308]

  static let section = Section<RedirectAction>(
    "routes.redirect", "The client is sent elsewhere.", make: RedirectAction()
  ) {
    Option(
      required: "to", \.to, Kind.redirectTarget.located,
      "A path or a URL, with `{name}` for the parameters of the route's path.")
    Option(
      "status", \.status, .redirectStatus, "301 and 308 are for good, 302 and 307 for now; 307 and 308 keep the method."
    )
  }
}

extension Kind where Value == Int {
  fileprivate static var redirectStatus: Kind {
    let integer = Kind.integer(301...308)
    let type = "one of " + NearestWord.list(RedirectAction.statuses.map(String.init))
    return Kind(
      type, schema: .object(["enum": .array(RedirectAction.statuses.map { .integer($0) })]), show: integer.show
    ) {
      cursor, decoder in
      guard let status = integer.read(cursor, decoder) else { return nil }
      if RedirectAction.statuses.contains(status) { return status }
      decoder.invalid(cursor, "`\(status)` is no redirect", expected: type)
      return nil
    }
  }
}

extension Kind where Value == String {
  fileprivate static var redirectTarget: Kind {
    .string("a path or an `http:` or `https:` URL") { text in
      if text.contains(where: { $0.isWhitespace }) || !HTTPText.isFieldValue(text) {
        return "holds characters that a URL cannot carry"
      }
      // Browsers take `//host` and `/\host` for another site: an open redirect by accident.
      if text.contains("\\") { return "holds a backslash" }
      if text.hasPrefix("//") { return "must begin with one `/`, or with `https://`" }
      return text.hasPrefix("/") || text.hasPrefix("https://") || text.hasPrefix("http://")
        ? nil : "must begin with `/`, `https://` or `http://`"
    }
  }
}

extension Kind where Value == RedirectAction {
  static var redirect: Kind {
    Kind.section(RedirectAction.section).orShort(
      Kind<String>.redirectTarget.located.map {
        var action = RedirectAction()
        action.to = $0
        return action
      })
  }
}

// MARK: respond

struct RespondDraft: Sendable {
  var status = RespondAction().status
  var headers: [ResponseHeader] = []
  var text: Located<String>?
  var json: LocatedJSON?

  static let section = Section<RespondDraft>("routes.respond", "A fixed response.", make: RespondDraft()) {
    Option("status", \.status, .integer(200...599), "The status.")
    Option("headers", \.headers, .responseHeaders, default: "{}", "Further fields.")
    Option(
      "body", optional: \.text, Kind.string("text", check: { _ in nil }).located, default: "none", "The body as text.")
    Option("json", optional: \.json, .json, default: "none", "The body as JSON; not beside `body`.")
  }
}

extension Kind where Value == RespondAction {
  static var respond: Kind {
    let long = Kind.section(RespondDraft.section) { draft, cursor, decoder -> RespondAction? in
      if let json = draft.json, let text = draft.text {
        decoder.diagnostics.error(
          .conflict, "a response has one body, this one has `body` and `json`", at: json,
          notes: [.init("the other body is here", at: text)])
        return nil
      }
      // RFC 9110 §6.4.1.
      if [204, 205, 304].contains(draft.status), let body = draft.text?.location ?? draft.json?.location {
        decoder.diagnostics.error(.conflict, "a response with status \(draft.status) has no body", at: body)
        return nil
      }
      var action = RespondAction()
      action.status = draft.status
      action.headers = draft.headers
      if let text = draft.text { action.body = .text(text.value) }
      if let json = draft.json { action.body = .json(json.value) }
      return action
    }
    return long.orShort(
      Kind<Int>.integer(200...599).map {
        var action = RespondAction()
        action.status = $0
        return action
      })
  }
}

extension Kind where Value == [ResponseHeader] {
  static var responseHeaders: Kind {
    let type = "a mapping from field names to values"
    let value = Kind<String>.fieldValue
    return Kind(type, schema: .object(["type": .string("object"), "additionalProperties": value.schema])) {
      cursor, decoder in
      guard let entries = cursor.entries else {
        decoder.mismatch(cursor, type)
        return nil
      }
      return entries.compactMap { entry in
        let name = entry.name.map { $0.lowercased() }
        guard HTTPText.isToken(name.value), !HTTPText.ownFields.contains(name.value) else {
          let isOwn = HTTPText.ownFields.contains(name.value)
          decoder.error(
            .invalidValue,
            isOwn ? "the field `\(name.value)` is the gateway's own" : "`\(name.value)` is no field name", at: entry,
            place: entry.keyLocation)
          return nil
        }
        return value.read(entry, decoder).map { ResponseHeader(name: name, value: Located($0, at: entry.location)) }
      }
    }
  }
}
