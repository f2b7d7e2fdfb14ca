import GatewayJSON

extension AccessLogOptions {
  static let section = Section<AccessLogOptions>(
    "policies.access_log", "One line for each exchange, written off the event loop.", make: AccessLogOptions()
  ) {
    Option("format", \.format, .word, "`json`: one object a line; `combined`: the format of Apache and nginx.")
    Option(
      "path", \.destination, Kind.logDestination.located, "`stdout`, `stderr`, or a file that lines are appended to.")
    Option(
      "slow", optional: \.slow, .duration(.milliseconds(1)...Duration.seconds(86_400)), default: "none",
      "From this duration on an exchange is marked slow.")
    Option("only_slow", \.onlySlow, .boolean, "Only slow exchanges and those with status 500 and above are written.")
    Option(
      "buffer", \.buffer, .integer(1024...1_000_000),
      "Lines that may wait to be written; more are dropped and counted.")
  }
}

extension AccessLogOptions {
  func check(_ cursor: Cursor, _ decoder: FileDecoder) -> Bool {
    guard onlySlow, slow == nil, let place = cursor.child("only_slow"), cursor.child("slow") == nil else { return true }
    decoder.error(
      .conflict, "`only_slow` needs `slow`: from what duration on an exchange is slow", at: place,
      place: place.keyLocation)
    return false
  }
}

extension Kind where Value == AccessLogOptions.Destination {
  static var logDestination: Kind {
    let path = Kind<String>.path
    return Kind(
      "`stdout`, `stderr` or a path", schema: path.schema,
      show: {
        switch $0 {
        case .stdout: "stdout"
        case .stderr: "stderr"
        case .file(let path): path
        }
      }
    ) { cursor, decoder in
      switch decoder.scalar(cursor)?.text {
      case "stdout": return .stdout
      case "stderr": return .stderr
      default: break
      }
      guard let file = path.read(cursor, decoder) else { return nil }
      if decoder.environment.check(file) == .isDirectory {
        decoder.error(.unreadableFile, "`\(file)` is a directory", at: cursor, expected: "a file")
        return nil
      }
      return .file(file)
    }
  }
}

extension RequestIDOptions {
  static let section = Section<RequestIDOptions>(
    "policies.request_id", "Every exchange has an id, in logs, errors and upstream requests.",
    make: RequestIDOptions()
  ) {
    Option("header", \.header, Kind.fieldName.located, "The field that carries it.")
    Option("accept", \.accept, .word, "Whose id is taken over: nobody's, a trusted proxy's, or anybody's.")
    Option("echo", \.echo, .boolean, "The response carries it.")
  }
}

extension AddressesOptions {
  static let section = Section<AddressesOptions>(
    "policies.addresses",
    "Who may come, by client address. `deny` is looked at first; where `allow` is given, only those pass.",
    make: AddressesOptions()
  ) {
    Option(
      "allow", \.allow, .list(of: Kind.network.located, atLeast: 1, isSingleAllowed: true), default: "everybody",
      "Addresses and blocks that pass.")
    Option(
      "deny", \.deny, .list(of: Kind.network.located, atLeast: 1, isSingleAllowed: true), default: "nobody",
      "Addresses and blocks that are answered 403.")
  }

  fileprivate func mistake(_ cursor: Cursor) -> Bool { cursor.child("allow") == nil && cursor.child("deny") == nil }

  /// A rule that failed to decode must not leave a policy that lets everybody in.
  func check(_ cursor: Cursor, _ decoder: FileDecoder) -> Bool {
    if mistake(cursor) {
      decoder.error(
        .missingKey, "`addresses` needs `allow`, `deny` or both", at: cursor, place: cursor.keyLocation)
      return false
    }
    return (cursor.child("allow") == nil || !allow.isEmpty) && (cursor.child("deny") == nil || !deny.isEmpty)
  }
}

extension SecurityHeadersOptions {
  static let section = Section<SecurityHeadersOptions>(
    "policies.security_headers",
    "Response fields that switch on browsers' defences. `false` leaves one out; what handlers and upstreams set is kept.",
    make: SecurityHeadersOptions()
  ) {
    Option(
      "hsts", \.hsts, Kind.section(HSTSOptions.section).orFalse(), default: "{}",
      "`strict-transport-security`, over TLS only.")
    Option("frame_options", \.frameOptions, Kind.fieldValue.orFalse(), "`x-frame-options`.")
    Option("content_type_options", \.contentTypeOptions, .boolean, "`x-content-type-options: nosniff`.")
    Option("referrer_policy", \.referrerPolicy, Kind.fieldValue.orFalse(), "`referrer-policy`.")
    Option(
      "cross_origin_opener_policy", \.crossOriginOpenerPolicy, Kind.fieldValue.orFalse(),
      "`cross-origin-opener-policy`.")
    Option(
      "cross_origin_embedder_policy", \.crossOriginEmbedderPolicy, Kind.fieldValue.orFalse(),
      "`cross-origin-embedder-policy`.")
    Option(
      "cross_origin_resource_policy", \.crossOriginResourcePolicy, Kind.fieldValue.orFalse(),
      "`cross-origin-resource-policy`.")
    Option(
      "permitted_cross_domain_policies", \.permittedCrossDomainPolicies, Kind.fieldValue.orFalse(),
      "`x-permitted-cross-domain-policies`.")
    Option(
      "content_security_policy", \.contentSecurityPolicy, Kind.fieldValue.orFalse(),
      "`content-security-policy`; no value fits every page.")
    Option("permissions_policy", \.permissionsPolicy, Kind.fieldValue.orFalse(), "`permissions-policy`.")
    Option("override", \.overrides, .boolean, "Fields that handlers and upstreams set are replaced.")
  }
}

extension HSTSOptions {
  static let section = Section<HSTSOptions>(
    "policies.security_headers.hsts", "Browsers come back over TLS only (RFC 6797).", make: HSTSOptions()
  ) {
    Option(
      "max_age", \.maxAge, .wholeSeconds(.zero...Duration.seconds(86_400 * 3650)),
      "How long browsers remember; `0s` makes them forget.")
    Option("include_subdomains", \.includeSubdomains, .boolean, "Names below the host too.")
    Option("preload", \.preload, .boolean, "The host may go into browsers' built-in lists.")
  }
}

extension Kind where Value == Duration {
  /// For fields that carry seconds.
  static func wholeSeconds(_ range: ClosedRange<Duration>) -> Kind {
    let duration = Kind.duration(range)
    return Kind(duration.type, schema: duration.schema, show: duration.show) { cursor, decoder in
      guard let value = duration.read(cursor, decoder) else { return nil }
      guard value.components.attoseconds == 0 else {
        decoder.invalid(cursor, "`\(cursor.keyPath)` must be whole seconds", expected: duration.type)
        return nil
      }
      return value
    }
  }
}

extension PluginPolicyOptions {
  static let section = Section<PluginPolicyOptions>(
    "policies.plugin",
    "A policy of a plugin. `- waf.inspect` is short for one without options, `- waf.inspect: {…}` for one with a config.",
    make: PluginPolicyOptions()
  ) {
    Option(required: "policy", \.policy, .pluginReference, "The policy, as `plugin.name`.")
    Option("config", \.config, .json, default: "{}", "Handed to the policy; checked by the policy's own schema.")
    Option(
      "response_body", \.responseBody, .size(0...1 << 30),
      "An answer's body, where the policy wants it whole before it goes on; over it 500.")
  }
}

extension TrustedHostsOptions {
  static let section = Section<TrustedHostsOptions>(
    "policies.trusted_hosts", "Requests for other hosts are answered 400.", make: TrustedHostsOptions()
  ) {
    Option(
      required: "hosts", \.hosts, .list(of: Kind.hostPattern.located, atLeast: 1, isSingleAllowed: true),
      "Host names; `*.shop.example` is any name below `shop.example`.")
  }
}

extension LimitsOptions {
  static let section = Section<LimitsOptions>("policies.limits", "Limits of routes.", make: LimitsOptions()) {
    Option("body", optional: \.body, Kind.size().located, default: "as it is", "A request body; over it 413.")
    Option(
      "timeout", optional: \.timeout, Kind.duration(UpstreamTimeouts.range).located, default: "as it is",
      "A request and its whole response; over it 504, or 408 while the body still arrives.")
  }

  func check(_ cursor: Cursor, _ decoder: FileDecoder) -> Bool {
    guard cursor.child("body") == nil, cursor.child("timeout") == nil else { return true }
    decoder.error(.missingKey, "`limits` needs `body`, `timeout` or both", at: cursor, place: cursor.keyLocation)
    return false
  }
}
