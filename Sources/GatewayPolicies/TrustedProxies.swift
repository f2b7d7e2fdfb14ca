import GatewayHTTP

/// Finds the client behind proxies that the configuration trusts. One answer for every feature: policies, logs,
/// limits and the fields that upstreams see.
///
/// Forwarding fields are believed only where the connection's peer is in the list; then the walk goes from the last
/// entry (written by that peer) to the first and stops at the first address that is not itself trusted: that is the
/// client. Whatever stands further left was written by the client and proves nothing. An entry that is no address
/// (`unknown`, an obfuscated name, garbage) stops the walk at the hop before it.
///
/// Exactly one kind of field is read: a proxy that maintains one and passes the other on would let clients choose.
public struct TrustedProxies: Sendable {
  /// The field that the trusted proxies maintain.
  public enum Source: Sendable, Equatable {
    /// `X-Forwarded-For` and `X-Forwarded-Proto`.
    case xForwardedFor
    /// `Forwarded` (RFC 7239).
    case forwarded
    /// A field with exactly one address, such as `x-real-ip` or `cf-connecting-ip`.
    case field(String)
  }

  /// Nobody is trusted: the client is the peer.
  public static let none = TrustedProxies(.empty, nameOfField: [], source: .xForwardedFor)

  /// Entries looked at in one request; more hops than this are no real chain.
  static let maximumHops = 64

  public let networks: NetworkSet
  public let source: Source
  private let nameOfField: [UInt8]

  public init(_ networks: NetworkSet, source: Source = .xForwardedFor) throws(PolicyMistakes) {
    var name: [UInt8] = []
    if case .field(let text) = source {
      name = Array(text.lowercased().utf8)
      guard name.withUnsafeBytes({ FieldSyntax.isName($0) }) else {
        throw PolicyMistakes([
          PolicyMistake(option: "header", found: "\"\(text)\"", expected: "a field name", hint: "x-forwarded-for")
        ])
      }
    }
    self.init(networks, nameOfField: name, source: source)
  }

  private init(_ networks: NetworkSet, nameOfField: [UInt8], source: Source) {
    self.networks = networks
    self.source = source
    self.nameOfField = nameOfField
  }

  /// Whether the peer's forwarding fields, ids and trace context may be believed; nil is a Unix socket.
  public func trusts(_ peer: IPAddress?) -> Bool { networks.contains(peer) }

  /// Sets `client`, and `isTLS` where the proxy in front ended the client's TLS. Before any policy.
  public func apply(to context: inout RequestContext) {
    guard !networks.isEmpty, trusts(context.peer) else { return }
    context.client = client(of: context)
    if !context.isTLS { context.isTLS = saysHTTPS(context.head) }
  }

  /// The client's address as far as it can be trusted.
  public func client(of context: RequestContext) -> IPAddress? {
    guard trusts(context.peer) else { return context.peer }
    return context.head.bytes.withUnsafeReadableBytes { bytes in
      switch source {
      case .field: return singleAddress(context.head, bytes) ?? context.peer
      case .xForwardedFor: return walk(context, bytes, .forwardedFor) { AddressText.parseNode($0) }
      case .forwarded: return walk(context, bytes, .forwarded) { ForwardedElement.address($0) }
      }
    }
  }

  private func walk(
    _ context: RequestContext, _ bytes: UnsafeRawBufferPointer, _ field: KnownField,
    _ parse: (UnsafeRawBufferPointer) -> IPAddress?
  ) -> IPAddress? {
    var client = context.peer
    var hops = 0
    for line in context.head.fields.reversed() where line.known == field {
      var elements = ListFromRight(bytes[line.value])
      while let element = elements.next() {
        hops += 1
        guard hops <= Self.maximumHops, let address = parse(element) else { return client }
        client = address
        guard networks.contains(address) else { return client }
      }
      // Quotes that do not close make everything further left unreadable.
      guard elements.isComplete else { return client }
    }
    return client
  }

  private func singleAddress(_ head: RequestHead, _ bytes: UnsafeRawBufferPointer) -> IPAddress? {
    var found: ByteRange?
    for line in head.fields where nameOfField.withUnsafeBytes({ FieldSyntax.isSame(bytes[line.name], $0) }) {
      guard found == nil else { return nil }
      found = line.value
    }
    return found.flatMap { AddressText.parseNode(bytes[$0]) }
  }

  /// What the last hop says about the scheme: the last entry of the last field.
  private func saysHTTPS(_ head: RequestHead) -> Bool {
    head.bytes.withUnsafeReadableBytes { bytes in
      let known: KnownField = source == .forwarded ? .forwarded : .forwardedProto
      guard let line = head.fields.last(where: { $0.known == known }) else { return false }
      var elements = ListFromRight(bytes[line.value])
      guard let element = elements.next() else { return false }
      if source == .forwarded {
        return ForwardedElement.parameter("proto", of: element).map { FieldSyntax.isSameName($0, "https") } ?? false
      }
      return FieldSyntax.isSameName(element, "https")
    }
  }
}
