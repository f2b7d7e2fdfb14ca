import GatewayJSON
import GatewayYAML

/// A built-in policy: its word in the file, its options, and how they are read.
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
  ]

  /// Policies that the design names and that are still to come.
  static let reserved = ["rate_limit"]

  static var names: [String] { all.map(\.name) }

  static func named(_ name: String) -> PolicyKind? { all.first { $0.name == name } }
}

extension Kind where Value == Policy {
  /// `{ cors: { … } }`, or `request_id` for a policy with nothing but defaults.
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
        guard let kind = decoder.policyKind(entry.name, entry) else { return nil }
        return kind.read(entry, decoder).map { Policy(name: entry.name, options: $0) }
      }
      guard let text = decoder.string(cursor, type) else { return nil }
      let name = Located(text, at: cursor.location)
      guard let kind = decoder.policyKind(name, cursor) else { return nil }
      let empty = Cursor(
        YAMLNode(.mapping([]), mark: cursor.node.mark), keyPath: cursor.keyPath, alias: cursor.alias)
      return kind.read(empty, decoder).map { Policy(name: name, options: $0) }
    }
  }

  private static var schema: JSONValue {
    let word = JSONValue.object(["enum": .strings(PolicyKind.names)])
    let members = PolicyKind.all.map { kind in
      (kind.name, JSONValue.object(["$ref": .string("#/$defs/" + kind.section().name)]))
    }
    let long = JSONValue.object([
      "type": .string("object"), "minProperties": .integer(1), "maxProperties": .integer(1),
      "additionalProperties": .bool(false), "properties": .object(JSONObject(members)),
    ])
    return .object(["anyOf": .array([word, long])])
  }
}

extension FileDecoder {
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
      if PolicyKind.named(text) != nil { return policy.read(cursor, decoder).map { .inline($0) } }
      return .list(Located(text, at: cursor.location))
    }
  }
}
