import GatewayHTTP
import NIOCore

/// Cross-origin resource sharing by the Fetch standard (https://fetch.spec.whatwg.org/#http-cors-protocol).
///
/// - A request from an origin that is not allowed runs as usual and its response lacks the fields: the browser keeps it
///   from the page. Only its preflight is answered 403, the status the standard encourages.
/// - A preflight from an allowed origin is answered 204 with what is allowed, also where method or fields asked for are
///   not among it: then the browser's console can say which.
/// - The policy owns the `access-control-*` response fields: what a handler or upstream set is removed, because two
///   values make browsers refuse both, and one `*` would undo the list.
/// - `vary` says what the answer depends on, so that caches do not serve one origin's answer to another. It is there
///   without an `Origin` too, except where everyone gets the same `*`.
public struct CORSPolicy: RequestPolicy, ResponsePolicy {
  public var kind: StaticString { "cors" }
  public var yieldsToInner: Bool { true }

  public struct Options: Sendable, Equatable {
    /// `https://shop.example`, `https://*.shop.example` (any depth, not the domain itself), `null`, or `*`.
    public var origins: [String]
    /// Whether pages may send cookies and read the answer. Not together with `*` or `null`.
    public var credentials = false
    /// Methods beside the always allowed GET, HEAD and POST of simple requests; `*` allows every method.
    public var methods: [String] = ["GET", "HEAD", "POST"]
    /// Request fields beside those every page may set; `*` allows every field.
    public var headers: [String] = []
    /// Response fields that pages may read; `*` (all) only without credentials.
    public var expose: [String] = []
    /// Seconds for which browsers keep a preflight's answer; browsers cap it (7200 in Chromium). Nil: their default, 5.
    public var maxAge: Int? = 600

    public init(origins: [String]) { self.origins = origins }
  }

  private let origins: CORSOrigins
  private let allowsAnyMethod: Bool
  private let allowsAnyField: Bool
  /// Lines for responses to allowed origins, without `vary` and an allow-origin that echoes.
  private let simpleLines: FieldLines
  /// The same for preflights.
  private let preflightLines: FieldLines
  /// For each origin that is listed by name, everything a simple response gets, `vary` included: the common case is
  /// one look-up and one copy.
  private let exactLines: [FieldLines]

  public init(_ options: Options) throws(PolicyMistakes) {
    var mistakes = Self.mistakes(options)
    var compiled: CORSOrigins?
    do {
      compiled = try CORSOrigins(options.origins, credentials: options.credentials)
    } catch {
      mistakes.insert(contentsOf: error.all, at: 0)
    }
    guard mistakes.isEmpty, let origins = compiled else { throw PolicyMistakes(mistakes) }
    self.origins = origins
    allowsAnyMethod = options.methods.contains("*")
    allowsAnyField = options.headers.contains("*")

    var common = FieldLines()
    if origins.allowsAny { common.append("access-control-allow-origin", "*") }
    if options.credentials { common.append("access-control-allow-credentials", "true") }
    var simple = common
    if !options.expose.isEmpty {
      simple.append("access-control-expose-headers", options.expose.joined(separator: ", "))
    }
    var preflight = common
    if !allowsAnyMethod { preflight.append("access-control-allow-methods", options.methods.joined(separator: ", ")) }
    if !allowsAnyField { preflight.append("access-control-allow-headers", Self.fieldList(options.headers)) }
    if let maxAge = options.maxAge { preflight.append("access-control-max-age", maxAge) }
    simpleLines = simple
    preflightLines = preflight
    exactLines = origins.exactOrigins.map { origin in
      var lines = FieldLines()
      lines.append("access-control-allow-origin", origin)
      lines.append(contentsOf: simple)
      lines.append("vary", "Origin")
      return lines
    }
  }

  public func onRequest(_ context: inout RequestContext) throws(HTTPError) -> PolicyVerdict {
    guard context.head.method == .options, Self.isPreflight(context.head) else { return .next }
    if case .no = match(context.head) {
      throw HTTPError(403, detail: "Origin not allowed", cause: "cors: \(context.head.value(.origin) ?? "")")
    }
    // The fields come from the response hook, the one place that writes them.
    return .respond(LocalResponse(status: 204))
  }

  public func onResponse(_ status: inout UInt16, _ fields: inout FieldLines, _ context: RequestContext) {
    let hasVary = fields.removeAccessControl()
    if context.head.method == .options, Self.isPreflight(context.head) {
      fields.addVary(["Origin", "Access-Control-Request-Method", "Access-Control-Request-Headers"])
      appendPreflight(&fields, context.head)
    } else if origins.allowsAny {
      // Also without `Origin`: a cache may hand this response to a page later.
      fields.append(contentsOf: simpleLines)
    } else {
      appendSimple(&fields, context.head, hasVary: hasVary)
    }
  }

  private func appendSimple(_ fields: inout FieldLines, _ head: RequestHead, hasVary: Bool) {
    let match = match(head)
    if !hasVary, case .exact(let index) = match, exactLines.indices.contains(index) {
      fields.append(contentsOf: exactLines[index])
      return
    }
    fields.addVary(["Origin"])
    if case .no = match { return }
    appendOrigin(&fields, head)
    fields.append(contentsOf: simpleLines)
  }

  private func appendPreflight(_ fields: inout FieldLines, _ head: RequestHead) {
    if case .no = match(head) { return }
    if !origins.allowsAny { appendOrigin(&fields, head) }
    fields.append(contentsOf: preflightLines)
    echoRequested(&fields, head)
  }

  /// OPTIONS with `Origin` and `Access-Control-Request-Method` (Fetch, "CORS-preflight request").
  static func isPreflight(_ head: RequestHead) -> Bool {
    head.method == .options && head.first(.origin) != nil && head.first(.accessControlRequestMethod) != nil
  }

  /// How the request's origin is allowed: there must be exactly one.
  private func match(_ head: RequestHead) -> CORSOrigins.Match {
    guard let origin = Self.only(.origin, in: head) else { return .no }
    return head.bytes.withUnsafeReadableBytes { origins.match($0[origin]) }
  }

  private func appendOrigin(_ fields: inout FieldLines, _ head: RequestHead) {
    guard let origin = Self.only(.origin, in: head) else { return }
    fields.append("access-control-allow-origin", of: head, origin)
  }

  /// Where everything is allowed the request's own words are given back: a literal `*` does not cover `Authorization`,
  /// and with credentials it covers nothing (Fetch, "CORS-preflight fetch").
  private func echoRequested(_ fields: inout FieldLines, _ head: RequestHead) {
    if allowsAnyMethod, let method = Self.only(.accessControlRequestMethod, in: head),
      head.bytes.withUnsafeReadableBytes({ FieldSyntax.isName($0[method]) })
    {
      fields.append("access-control-allow-methods", of: head, method)
    }
    if allowsAnyField, let names = Self.only(.accessControlRequestHeaders, in: head),
      head.bytes.withUnsafeReadableBytes({ Self.isNameList($0[names]) })
    {
      fields.append("access-control-allow-headers", of: head, names)
    }
  }

  private static func only(_ known: KnownField, in head: RequestHead) -> ByteRange? {
    var found: ByteRange?
    for field in head.fields where field.known == known {
      guard found == nil else { return nil }
      found = field.value
    }
    return found
  }

  private static func isNameList(_ bytes: UnsafeRawBufferPointer) -> Bool {
    !bytes.isEmpty
      && bytes.allSatisfy { FieldSyntax.isTokenCharacter($0) || $0 == UInt8(ascii: ",") || $0 == 0x20 }
  }

  /// The configured names and those that are safe by name but not with every value (a JSON content type).
  private static func fieldList(_ names: [String]) -> String {
    Set(names.map { $0.lowercased() } + ["accept", "accept-language", "content-language", "content-type"])
      .sorted().joined(separator: ", ")
  }

  private static func mistakes(_ options: Options) -> [PolicyMistake] {
    var mistakes: [PolicyMistake] = []
    func check(_ option: String, _ list: [String], _ what: String) {
      for (index, name) in list.enumerated() where name != "*" {
        var name = name
        guard !name.withUTF8({ FieldSyntax.isName(UnsafeRawBufferPointer($0)) }) else { continue }
        mistakes.append(PolicyMistake(option: option, index: index, found: "\"\(name)\"", expected: what))
      }
    }
    check("methods", options.methods, "a method")
    check("headers", options.headers, "a field name")
    check("expose", options.expose, "a field name")
    // Methods are case-sensitive, and browsers only correct the old ones: `patch` in the list would never match.
    for (index, method) in options.methods.enumerated() where method != method.uppercased() {
      mistakes.append(
        PolicyMistake(
          option: "methods", index: index, found: "\"\(method)\"", expected: "a method in capital letters",
          hint: method.uppercased()))
    }
    if options.credentials, let index = options.expose.firstIndex(of: "*") {
      mistakes.append(
        PolicyMistake(
          option: "expose", index: index, found: "\"*\"",
          expected: "named fields, because `credentials` is on (browsers then read `*` as a name)"))
    }
    if let maxAge = options.maxAge, !(0...86_400).contains(maxAge) {
      mistakes.append(
        PolicyMistake(option: "max_age", found: "\(maxAge)", expected: "0 to 86400 seconds", hint: "600"))
    }
    return mistakes
  }
}

extension FieldLines {
  /// Removes the `access-control-*` fields; whether a `vary` is there.
  fileprivate mutating func removeAccessControl() -> Bool {
    let (hasOwn, hasVary) = bytes.withUnsafeReadableBytes { section in
      var (hasOwn, hasVary) = (false, false)
      var lines = FieldLineScanner(section)
      while let line = lines.next() {
        hasOwn = hasOwn || Self.isAccessControl(line.name)
        hasVary = hasVary || FieldSyntax.isSameName(line.name, "vary")
      }
      return (hasOwn, hasVary)
    }
    if hasOwn { removeLines(Self.isAccessControl) }
    return hasVary
  }

  private static func isAccessControl(_ name: UnsafeRawBufferPointer) -> Bool {
    FieldSyntax.hasPrefix(name, "access-control-")
  }

  fileprivate mutating func append(_ name: StaticString, of head: RequestHead, _ value: ByteRange) {
    head.bytes.withUnsafeReadableBytes { bytes in
      name.withUTF8Buffer { _ = append(name: UnsafeRawBufferPointer($0), value: bytes[value]) }
    }
  }
}
