import GatewayJSON

/// `policies.<name>`: policies in the order they run.
public struct PolicyList: NamedEntry {
  public var name: Located<String> = ""
  public var policies: [Policy] = []

  public init() {}
}

/// An entry of `use:`.
public enum PolicyUse: Sendable {
  /// A list under `policies:`.
  case list(Located<String>)
  /// A policy written in place.
  case inline(Policy)
}

/// A policy with its options.
public struct Policy: Sendable, Locatable {
  /// The word of the file, such as `access_log` or `plugin.name`, located at it.
  public var name: Located<String>
  public var options: PolicyOptions
  public var location: Location { name.location }

  public init(name: Located<String>, options: PolicyOptions) {
    self.name = name
    self.options = options
  }
}

public enum PolicyOptions: Sendable, Equatable {
  case accessLog(AccessLogOptions)
  case requestID(RequestIDOptions)
  case cors(CORSOptions)
  case addresses(AddressesOptions)
  case securityHeaders(SecurityHeadersOptions)
  case trustedHosts(TrustedHostsOptions)
  case limits(LimitsOptions)
  case plugin(PluginPolicyOptions)
}

public struct AccessLogOptions: Sendable, Equatable {
  public enum Format: String, Sendable, CaseIterable { case json, combined }
  public enum Destination: Sendable, Hashable {
    case stdout, stderr
    /// An absolute path; lines are appended.
    case file(String)
  }

  public var format = Format.json
  public var destination = Located(Destination.stdout)
  /// From this duration on an exchange is marked slow; nil: none is.
  public var slow: Duration?
  /// Only slow exchanges and errors (status 500 and above) are written.
  public var onlySlow = false
  /// Lines that may wait to be written; more are dropped and counted.
  public var buffer = 4096

  public init() {}
}

public struct RequestIDOptions: Sendable, Equatable {
  public enum Acceptance: String, Sendable, CaseIterable {
    /// Always a new one.
    case never
    /// From a trusted proxy.
    case trusted
    case always
  }

  /// In lower case.
  public var header: Located<String> = "x-request-id"
  public var accept = Acceptance.trusted
  /// The response carries it.
  public var echo = true

  public init() {}
}

public struct CORSOptions: Sendable, Equatable {
  public enum Origins: Sendable, Equatable {
    case any
    /// `scheme://host[:port]` in lower case without the default port, `https://*.domain`, or `null`. Not empty.
    case list([Located<String>])
  }

  public var origins = Origins.any
  /// Upper case, or `*`. GET, HEAD and POST need no permission from the browser's side.
  public var methods: [Located<String>] = ["GET", "HEAD", "POST"]
  /// Request fields a script may set, lower case; `*`: every field.
  public var headers: [Located<String>] = []
  /// Response fields a script may read, lower case; `*`: every field, not with `credentials`.
  public var expose: [Located<String>] = []
  public var credentials = false
  /// How long a browser may keep the answer to a preflight; whole seconds.
  public var maxAge = Duration.seconds(600)

  public init() {}
}

/// `deny` is looked at first; where `allow` is not empty, only those pass.
public struct AddressesOptions: Sendable, Equatable {
  public var allow: [Located<Network>] = []
  public var deny: [Located<Network>] = []

  public init() {}
}

/// A nil field is not sent.
public struct SecurityHeadersOptions: Sendable, Equatable {
  /// Sent over TLS only (RFC 6797 §7.2).
  public var hsts: HSTSOptions? = HSTSOptions()
  public var frameOptions: String? = "DENY"
  /// `nosniff`.
  public var contentTypeOptions = true
  public var referrerPolicy: String? = "strict-origin-when-cross-origin"
  public var crossOriginOpenerPolicy: String? = "same-origin"
  public var crossOriginEmbedderPolicy: String?
  public var crossOriginResourcePolicy: String?
  public var permittedCrossDomainPolicies: String? = "none"
  public var contentSecurityPolicy: String?
  public var permissionsPolicy: String?
  /// The policy's fields replace those that handlers and upstreams set.
  public var overrides = false

  public init() {}

  /// What is sent beside HSTS, names in lower case.
  public var fields: [(name: String, value: String)] {
    let all = [
      ("x-content-type-options", contentTypeOptions ? "nosniff" : nil), ("x-frame-options", frameOptions),
      ("referrer-policy", referrerPolicy), ("cross-origin-opener-policy", crossOriginOpenerPolicy),
      ("cross-origin-embedder-policy", crossOriginEmbedderPolicy),
      ("cross-origin-resource-policy", crossOriginResourcePolicy),
      ("x-permitted-cross-domain-policies", permittedCrossDomainPolicies),
      ("content-security-policy", contentSecurityPolicy), ("permissions-policy", permissionsPolicy),
    ]
    return all.compactMap { name, value in value.map { (name, $0) } }
  }
}

public struct HSTSOptions: Sendable, Equatable {
  /// Whole seconds; zero makes browsers forget.
  public var maxAge = Duration.seconds(31_536_000)
  public var includeSubdomains = false
  public var preload = false

  public init() {}
}

public struct TrustedHostsOptions: Sendable, Equatable {
  /// Lower case, without a port; `*.example.com` is any name below `example.com`.
  public var hosts: [Located<String>] = []

  public init() {}
}

/// At least one of the two.
public struct LimitsOptions: Sendable, Equatable {
  public var body: Located<Int>?
  public var timeout: Located<Duration>?

  public init() {}
}

/// A policy that a plugin brings.
public struct PluginPolicyOptions: Sendable, Equatable {
  public var policy = PluginReference()
  /// Handed to the plugin as JSON; an empty object where the file says nothing.
  public var config = LocatedJSON(.object(JSONObject()))
  /// An answer's body that the policy wants whole; over it 500.
  public var responseBody = 1 << 20

  public init() {}

  public static func == (left: PluginPolicyOptions, right: PluginPolicyOptions) -> Bool {
    left.policy == right.policy && left.config.value == right.config.value && left.responseBody == right.responseBody
  }
}

extension GatewayFile {
  /// The policies of a route in the order they run: those of every route, those of its groups from the outermost, then
  /// its own, lists opened.
  public func policies(of route: Route) -> [Policy] {
    opened(use + (route.groups.isEmpty ? [] : groups(of: route).flatMap(\.use)) + route.use)
  }

  /// The policies of the document and its page, in the order they run.
  public func policies(of openapi: OpenAPISettings) -> [Policy] { opened(use + openapi.use) }

  /// What holds for a route beside its `body.max_size`: of the nearest that says something, which is the route, then its
  /// groups from the innermost, then the file. At each of them `limits` counts above a policy of that kind.
  public func limits(of route: Route) -> RouteLimits {
    var limits = route.limits
    func fill(_ body: Located<Int>?, _ timeout: Located<Duration>?) {
      limits.body = limits.body ?? body
      limits.timeout = limits.timeout ?? timeout
    }
    func fill(_ use: [PolicyUse]) {
      for policy in opened(use) {
        if case .limits(let options) = policy.options { fill(options.body, options.timeout) }
      }
    }
    fill(route.use)
    for group in groups(of: route).reversed() {
      fill(group.limits.body, group.limits.timeout)
      fill(group.use)
    }
    fill(use)
    return limits
  }

  private func opened(_ entries: [PolicyUse]) -> [Policy] {
    entries.flatMap { entry -> [Policy] in
      switch entry {
      case .list(let name): policies.named(name.value)?.policies ?? []
      case .inline(let policy): [policy]
      }
    }
  }
}
