import GatewayHTTP
import NIOCore

/// What of a client's request the upstream sees, and what of the upstream's response the client sees.
///
/// A message is rebuilt from its parsed parts, never passed on as it came (RFC 9112 §11): what one implementation reads
/// in another way than the next one cannot get through. Frozen when a snapshot is built.
public struct ForwardingRules: Sendable {
  /// What `Host` says to the upstream.
  public enum Host: Sendable {
    /// The target's own name (as nginx and Kong do by default): what a client writes into `Host` cannot choose among
    /// the names that a server has, nor end up in links that it makes. `X-Forwarded-Host` carries the client's.
    case target
    /// The host that the client asked for (as Envoy, Caddy and Traefik do by default).
    case client
  }

  public var host: Host
  /// Whether fields with an underscore in their name are passed on. Off as in nginx, because `X_Forwarded_For` becomes
  /// `X-Forwarded-For` in CGI-like back ends.
  public var passesUnderscoreNames: Bool
  /// Whether the upstream's `Date` is passed on. Off where the stream to the client writes one (as in nginx): two would
  /// be malformed.
  public var passesDate: Bool
  /// Name, in lower case, of the field that carries the request's id; the client's own of that name is replaced.
  public var requestIDField = "x-request-id"
  /// The `Via` lines for HTTP/1.0 and HTTP/1.1 clients; nil: none is added.
  private let via: (v10: ByteBuffer, v11: ByteBuffer)?

  /// `via`: the gateway's pseudonym in `Via` (RFC 9110 §7.6.3), a token; nil adds none. Nil result where it is no token.
  public init?(
    host: Host = .target, via: String? = "gateway", passesUnderscoreNames: Bool = false, passesDate: Bool = false
  ) {
    if var name = via {
      guard name.withUTF8({ FieldSyntax.isName(UnsafeRawBufferPointer($0)) }) else { return nil }
    }
    self.init(host, checkedVia: via, passesUnderscoreNames, passesDate)
  }

  private init(_ host: Host, checkedVia name: String?, _ passesUnderscoreNames: Bool, _ passesDate: Bool) {
    self.host = host
    self.passesUnderscoreNames = passesUnderscoreNames
    self.passesDate = passesDate
    via = name.map { (ByteBuffer(string: "via: 1.0 \($0)\r\n"), ByteBuffer(string: "via: 1.1 \($0)\r\n")) }
  }

  /// The rules without any option.
  public static let standard = ForwardingRules(.target, checkedVia: "gateway", false, false)

  func viaLine(minorVersion: UInt8) -> ByteBuffer? { minorVersion == 0 ? via?.v10 : via?.v11 }
}
