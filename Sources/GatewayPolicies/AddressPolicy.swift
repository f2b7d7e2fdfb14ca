import GatewayHTTP

/// Lets requests in or refuses them by the client's address.
///
/// `deny` is asked first; then, where `allow` has entries, only its members pass. It looks at `context.client`, the
/// address that trusted proxies vouch for. Requests over a Unix socket have none: they pass unless an `allow` list
/// without the word `unix`, or a `deny` list with it, shuts them out.
public struct AddressPolicy: RequestPolicy {
  public var kind: StaticString { "addresses" }

  private let allow: NetworkSet
  private let deny: NetworkSet
  private let allowsEveryone: Bool

  /// Networks as text; see `NetworkSet`. At least one list must have an entry.
  public init(allow: [String] = [], deny: [String] = []) throws(PolicyMistakes) {
    guard !allow.isEmpty || !deny.isEmpty else {
      throw PolicyMistakes([
        PolicyMistake(
          option: "allow", found: "no entries", expected: "at least one network in `allow` or `deny`",
          hint: "0.0.0.0/0 and ::/0 stand for everyone")
      ])
    }
    var mistakes: [PolicyMistake] = []
    func compiled(_ entries: [String], _ option: String) -> NetworkSet {
      do {
        return try NetworkSet(entries, option: option)
      } catch {
        mistakes += error.all
        return .empty
      }
    }
    self.allow = compiled(allow, "allow")
    self.deny = compiled(deny, "deny")
    allowsEveryone = allow.isEmpty
    guard mistakes.isEmpty else { throw PolicyMistakes(mistakes) }
  }

  /// Whether a client may pass.
  public func admits(_ client: IPAddress?) -> Bool {
    !deny.contains(client) && (allowsEveryone || allow.contains(client))
  }

  public func onRequest(_ context: inout RequestContext) throws(HTTPError) -> PolicyVerdict {
    guard admits(context.client) else {
      throw HTTPError(
        403, cause: "addresses: \(context.client.map(\.description) ?? "a Unix socket") is not admitted")
    }
    return .next
  }
}
