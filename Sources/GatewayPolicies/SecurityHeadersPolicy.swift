import GatewayHTTP
import NIOCore

/// Response fields that switch on browsers' defences: one switch gives the preset, each field can be changed or left
/// out.
///
/// A field that the handler or upstream set itself is kept: it knows its page (a frame policy for one widget), and two
/// values would contradict each other. With `overrides` the policy's value replaces it.
/// HSTS goes out over TLS only; over clear text browsers must ignore it (RFC 6797 §8.1).
public struct SecurityHeadersPolicy: ResponsePolicy {
  public var kind: StaticString { "security_headers" }
  public var yieldsToInner: Bool { true }

  /// `strict-transport-security` (RFC 6797).
  public struct HSTS: Sendable, Equatable {
    /// Seconds; 0 makes browsers forget.
    public var maxAge = 31_536_000
    public var includeSubdomains = false
    public var preload = false

    public init(maxAge: Int = 31_536_000, includeSubdomains: Bool = false, preload: Bool = false) {
      self.maxAge = maxAge
      self.includeSubdomains = includeSubdomains
      self.preload = preload
    }

    var value: String {
      "max-age=\(maxAge)" + (includeSubdomains ? "; includeSubDomains" : "") + (preload ? "; preload" : "")
    }
  }

  public struct Options: Sendable {
    /// Whether the preset's fields are sent.
    public var preset = true
    /// Nil: no HSTS.
    public var hsts: HSTS? = HSTS()
    /// Further or changed fields, in order; a nil value takes the preset's field out.
    public var fields: [(name: String, value: String?)] = []
    /// Whether the policy's fields replace those of handlers and upstreams.
    public var overrides = false

    public init() {}
  }

  /// What the switch gives, beside HSTS. Content-Security-Policy is not in it: no value fits every page.
  public static let preset: [(name: String, value: String)] = [
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "strict-origin-when-cross-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("x-permitted-cross-domain-policies", "none"),
  ]

  private struct Field: Sendable {
    var name: [UInt8]
    var line: FieldLines
    var onlyTLS: Bool
  }

  private let fields: [Field]
  /// All lines, ready to be copied at once: without and with HSTS.
  private let clearLines: FieldLines
  private let tlsLines: FieldLines
  /// One bit for each length of a name in `fields` (64 and longer share one), to pass over other lines quickly.
  private let lengths: UInt64
  private let overrides: Bool

  public init(_ options: Options = Options()) throws(PolicyMistakes) {
    let values = Self.values(options)
    let mistakes = Self.mistakes(options)
    guard mistakes.isEmpty else { throw PolicyMistakes(mistakes) }
    var compiled: [Field] = []
    func add(_ name: String, _ value: String, onlyTLS: Bool) {
      var line = FieldLines(capacity: name.utf8.count + value.utf8.count + 4)
      line.append(name: name, value: value)
      compiled.append(Field(name: Array(name.utf8), line: line, onlyTLS: onlyTLS))
    }
    for (name, value) in values { add(name, value, onlyTLS: false) }
    if let hsts = options.hsts { add(KnownField.strictTransportSecurity.name, hsts.value, onlyTLS: true) }
    fields = compiled
    overrides = options.overrides
    clearLines = Self.joined(compiled.filter { !$0.onlyTLS })
    tlsLines = Self.joined(compiled)
    lengths = compiled.reduce(0) { $0 | Self.bit($1.name.count) }
  }

  public func onResponse(_ status: inout UInt16, _ fields: inout FieldLines, _ context: RequestContext) {
    let lines = context.isTLS ? tlsLines : clearLines
    if !fields.hasLine(isOurs) {
      fields.append(contentsOf: lines)
    } else if overrides {
      fields.removeLines(isOurs)
      fields.append(contentsOf: lines)
    } else {
      for field in self.fields where context.isTLS || !field.onlyTLS {
        let isSet = field.name.withUnsafeBytes { name in fields.hasLine { FieldSyntax.isSame($0, name) } }
        if !isSet { fields.append(contentsOf: field.line) }
      }
    }
  }

  private func isOurs(_ name: UnsafeRawBufferPointer) -> Bool {
    guard lengths & Self.bit(name.count) != 0 else { return false }
    return fields.contains { field in field.name.withUnsafeBytes { FieldSyntax.isSame(name, $0) } }
  }

  private static func bit(_ length: Int) -> UInt64 { 1 << UInt64(min(length, 63)) }

  private static func joined(_ fields: [Field]) -> FieldLines {
    var lines = FieldLines()
    for field in fields { lines.append(contentsOf: field.line) }
    return lines
  }

  private static func values(_ options: Options) -> [(String, String)] {
    var values = options.preset ? preset.map { ($0.name, $0.value) } : []
    for (name, value) in options.fields {
      let name = name.lowercased()
      let place = values.firstIndex { $0.0 == name }
      switch (place, value) {
      case (let place?, let value?): values[place].1 = value
      case (let place?, nil): values.remove(at: place)
      case (nil, let value?): values.append((name, value))
      case (nil, nil): break
      }
    }
    return values
  }

  private static func mistakes(_ options: Options) -> [PolicyMistake] {
    var mistakes: [PolicyMistake] = []
    var seen: Set<String> = []
    for (name, value) in options.fields {
      let lower = name.lowercased()
      var probe = FieldLines()
      func refuse(_ found: String, _ expected: String, _ hint: String? = nil) {
        mistakes.append(PolicyMistake(option: "fields.\(name)", found: found, expected: expected, hint: hint))
      }
      if !probe.append(name: lower, value: "") {
        refuse("\"\(name)\"", "a field name")
      } else if reserved.contains(lower) {
        refuse("\"\(name)\"", "a field that does not frame or route the message")
      } else if lower == KnownField.strictTransportSecurity.name {
        refuse("\"\(name)\"", "the option `hsts`", "it is sent over TLS only")
      } else if !seen.insert(lower).inserted {
        refuse("a second value", "one value for each field")
      } else if let value, !probe.append(name: lower, value: value) {
        refuse("\"\(value.debugDescription)\"", "a value without line ends or control characters")
      } else if value == nil, !preset.contains(where: { $0.name == lower }) {
        refuse("no value", "a value, or the name of a field of the preset to leave out")
      }
    }
    if let hsts = options.hsts {
      if hsts.maxAge < 0 {
        mistakes.append(PolicyMistake(option: "hsts.max_age", found: "\(hsts.maxAge)", expected: "0 seconds or more"))
      }
      // hstspreload.org refuses anything less, and a preloaded domain is hard to take back.
      if hsts.preload, !hsts.includeSubdomains || hsts.maxAge < 31_536_000 {
        mistakes.append(
          PolicyMistake(
            option: "hsts.preload", found: "true",
            expected: "`include_subdomains: true` and a `max_age` of at least one year beside it"))
      }
    }
    return mistakes
  }

  private static let reserved: Set<String> = [
    "connection", "content-encoding", "content-length", "content-type", "date", "host", "keep-alive", "location",
    "set-cookie", "te", "trailer", "transfer-encoding", "upgrade",
  ]
}
