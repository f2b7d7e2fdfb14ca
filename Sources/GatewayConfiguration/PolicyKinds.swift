import GatewayJSON
import GatewayYAML

/// A policy: its word in the file, its options, and how they are read.
struct PolicyKind: Sendable {
  let name: String
  let section: @Sendable () -> any SectionDescription
  let read: @Sendable (Cursor, FileDecoder) -> PolicyOptions?

  init<Options: Sendable>(
    _ name: String, _ section: @autoclosure @escaping @Sendable () -> Section<Options>,
    _ wrap: @escaping @Sendable (Options) -> PolicyOptions,
    check: @escaping @Sendable (Options, Cursor, FileDecoder) -> Bool = { _, _, _ in true }
  ) {
    self.name = name
    self.section = { section() }
    read = { cursor, decoder in
      guard let options = section().read(cursor, decoder), check(options, cursor, decoder) else { return nil }
      return wrap(options)
    }
  }

  static let all: [PolicyKind] = [
    PolicyKind("access_log", AccessLogOptions.section, PolicyOptions.accessLog) { $0.check($1, $2) },
    PolicyKind("request_id", RequestIDOptions.section, PolicyOptions.requestID),
    PolicyKind("cors", CORSOptions.section, PolicyOptions.cors) { $0.check($1, $2) },
    PolicyKind("addresses", AddressesOptions.section, PolicyOptions.addresses) { $0.check($1, $2) },
    PolicyKind("security_headers", SecurityHeadersOptions.section, PolicyOptions.securityHeaders),
    PolicyKind("trusted_hosts", TrustedHostsOptions.section, PolicyOptions.trustedHosts),
    PolicyKind("limits", LimitsOptions.section, PolicyOptions.limits) { $0.check($1, $2) },
    PolicyKind("plugin", PluginPolicyOptions.section, PolicyOptions.plugin),
  ]

  /// Policies that the design names and that are still to come.
  static let reserved = ["rate_limit"]

  static var names: [String] { all.map(\.name) }

  static func named(_ name: String) -> PolicyKind? { all.first { $0.name == name } }
}

extension Kind where Value == Policy {
  /// `{ cors: { … } }`, or `request_id` for a policy with nothing but defaults. `{ waf.inspect: { … } }` and `waf.inspect` are
  /// policies of a plugin with their config.
  static var policy: Kind {
    let type = "a policy such as `request_id` or `{ cors: { origins: [...] } }`"
    return Kind(type, schema: schema, sections: PolicyKind.all.map { $0.section() }) { cursor, decoder in
      if let entries = cursor.entries {
        guard entries.count == 1, let entry = entries.first else {
          let second = entries.dropFirst().first
          decoder.error(
            .invalidValue, "an item holds one policy, this one holds \(entries.count)", at: cursor,
            place: second?.keyLocation,
            help: second.map {
              "begin a new item: `- \($0.name.value): …`; order is meaning, and keys of a mapping have none"
            })
          return nil
        }
        if entry.name.value.contains(".") {
          guard let reference = decoder.pluginPolicy(entry.name, entry) else { return nil }
          return Kind<LocatedJSON>.json.read(entry, decoder).map { Policy(reference, config: $0) }
        }
        guard let kind = decoder.policyKind(entry.name, entry) else { return nil }
        return kind.read(entry, decoder).map { Policy(name: entry.name, options: $0) }
      }
      guard let text = decoder.string(cursor, type) else { return nil }
      let name = Located(text, at: cursor.location)
      if text.contains(".") { return decoder.pluginPolicy(name, cursor).map { Policy($0) } }
      guard let kind = decoder.policyKind(name, cursor) else { return nil }
      let empty = Cursor(
        YAMLNode(.mapping([]), mark: cursor.node.mark), keyPath: cursor.keyPath, alias: cursor.alias)
      return kind.read(empty, decoder).map { Policy(name: name, options: $0) }
    }
  }

  private static var schema: JSONValue {
    let pluginPolicy = #"^[^.]+\..+$"#
    let word = JSONValue.object([
      "anyOf": .array([
        .object(["enum": .strings(PolicyKind.names)]),
        .object(["type": .string("string"), "pattern": .string(pluginPolicy)]),
      ])
    ])
    let members = PolicyKind.all.map { kind in
      (kind.name, JSONValue.object(["$ref": .string("#/$defs/" + kind.section().name)]))
    }
    let long = JSONValue.object([
      "type": .string("object"), "minProperties": .integer(1), "maxProperties": .integer(1),
      "additionalProperties": .bool(false), "properties": .object(JSONObject(members)),
      "patternProperties": .object([pluginPolicy: Kind<LocatedJSON>.json.schema]),
    ])
    return .object(["anyOf": .array([word, long])])
  }
}

extension Policy {
  /// A policy of a plugin in its short form.
  fileprivate init(_ reference: PluginReference, config: LocatedJSON? = nil) {
    var options = PluginPolicyOptions()
    options.policy = reference
    if let config { options.config = config }
    self.init(name: Located("plugin", at: reference.location), options: .plugin(options))
  }
}

extension FileDecoder {
  /// `waf.inspect` where a policy is named.
  fileprivate func pluginPolicy(_ name: Located<String>, _ cursor: Cursor) -> PluginReference? {
    let parts = name.value.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
      error(
        .invalidValue, "a plugin's policy is named by the plugin and the policy", at: cursor, place: name.location,
        found: "`\(name.value)`", expected: "`plugin.name`")
      return nil
    }
    var reference = PluginReference()
    // In `waf.inspect: {…}` the key says it, in `- waf.inspect` the item.
    let written = cursor.key.map { Cursor($0, keyPath: cursor.keyPath, alias: cursor.alias) } ?? cursor
    reference.plugin = written.located(parts[0], in: name.value)
    reference.member = written.located(parts[1], in: name.value)
    reference.location = name.location
    return reference
  }

  fileprivate func policyKind(_ name: Located<String>, _ cursor: Cursor) -> PolicyKind? {
    if let kind = PolicyKind.named(name.value) { return kind }
    if PolicyKind.reserved.contains(name.value) {
      error(
        .notAvailable, "the policy `\(name.value)` is not available yet", at: cursor, place: name.location,
        expected: NearestWord.list(PolicyKind.names))
      return nil
    }
    error(
      .unknownReference, "there is no policy `\(name.value)`", at: cursor, place: name.location,
      expected: NearestWord.list(PolicyKind.names), suggestion: NearestWord.of(name.value, among: PolicyKind.names))
    return nil
  }
}

extension Kind where Value == PolicyList {
  static var policyList: Kind {
    let list = Kind<[Policy]>.list(of: .policy)
    return Kind("a list of policies", schema: list.schema, sections: list.sections) { cursor, decoder in
      if PolicyKind.named(cursor.name.value) != nil {
        decoder.error(
          .conflict, "`\(cursor.name.value)` is a policy already, so a list cannot have this name", at: cursor,
          place: cursor.keyLocation)
      }
      guard let policies = list.read(cursor, decoder) else { return nil }
      var entry = PolicyList()
      entry.policies = policies
      return entry
    }
  }
}

extension Kind where Value == PolicyUse {
  static var policyUse: Kind {
    let policy = Kind<Policy>.policy
    let type = "the name of a list of policies, or a policy"
    return Kind(
      type, schema: .object(["anyOf": .array([.object(["type": .string("string")]), policy.schema])]),
      sections: policy.sections
    ) { cursor, decoder in
      if cursor.node.mapping != nil { return policy.read(cursor, decoder).map { .inline($0) } }
      guard let text = decoder.string(cursor, type) else { return nil }
      if PolicyKind.named(text) != nil || text.contains(".") { return policy.read(cursor, decoder).map { .inline($0) } }
      return .list(Located(text, at: cursor.location))
    }
  }
}
