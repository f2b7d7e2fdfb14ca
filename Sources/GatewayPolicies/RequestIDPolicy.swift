import GatewayHTTP

/// Gives every request an id, for logs, error bodies, upstreams and the client.
public struct RequestIDPolicy: RequestPolicy, ResponsePolicy {
  public var kind: StaticString { "request_id" }
  public var yieldsToInner: Bool { true }

  /// Whose ids are taken over. An id from outside lets a stranger write into the operator's logs and traces, so it is
  /// taken only from where the configuration says, and only if it is short and plain.
  public enum Acceptance: Sendable {
    case never
    /// From peers in this set.
    case trusted(NetworkSet)
    case always
  }

  /// The longest accepted id, in bytes.
  public static let maximumLength = 128

  private let name: [UInt8]
  private let isDefaultName: Bool
  private let acceptance: Acceptance
  private let echoes: Bool

  /// `header` carries the id in and out. `echo` false keeps it from the client.
  public init(
    header: String = "x-request-id", accept acceptance: Acceptance = .never, echo: Bool = true
  ) throws(PolicyMistakes) {
    name = Array(header.lowercased().utf8)
    guard name.withUnsafeBytes({ FieldSyntax.isName($0) }) else {
      throw PolicyMistakes([
        PolicyMistake(option: "header", found: "\"\(header)\"", expected: "a field name", hint: "x-request-id")
      ])
    }
    isDefaultName = header.lowercased() == KnownField.requestID.name
    self.acceptance = acceptance
    self.echoes = echo
  }

  public func onRequest(_ context: inout RequestContext) throws(HTTPError) -> PolicyVerdict {
    let accepts =
      switch acceptance {
      case .never: false
      case .always: true
      case .trusted(let peers): peers.contains(context.peer)
      }
    context.requestID = (accepts ? receivedID(context.head) : nil) ?? RequestIDGenerator.next()
    return .next
  }

  /// The gateway's id replaces one that the handler or the upstream set: client and log must see the same.
  public func onResponse(_ status: inout UInt16, _ fields: inout FieldLines, _ context: RequestContext) {
    guard echoes, !context.requestID.isEmpty else { return }
    var id = context.requestID
    name.withUnsafeBytes { name in
      fields.removeLines { FieldSyntax.isSame($0, name) }
      _ = id.withUTF8 { fields.append(name: name, value: UnsafeRawBufferPointer($0)) }
    }
  }

  /// The id that came with the request, if there is exactly one and it is safe.
  private func receivedID(_ head: RequestHead) -> String? {
    head.bytes.withUnsafeReadableBytes { bytes in
      var found: ByteRange?
      for field in head.fields {
        let matches =
          isDefaultName
          ? field.known == .requestID
          : name.withUnsafeBytes { FieldSyntax.isSame(bytes[field.name], $0) }
        guard matches else { continue }
        guard found == nil else { return nil }
        found = field.value
      }
      guard let found, Self.isSafe(bytes[found]) else { return nil }
      return String(decoding: bytes[found], as: UTF8.self)
    }
  }

  /// Letters, digits and a few separators that mean nothing to shells, terminals, log parsers and HTML; 1 to 128 bytes.
  /// Quotes, backslash, `<`, `$` and `{` are out on purpose (log and template injection).
  static func isSafe(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard !bytes.isEmpty, bytes.count <= maximumLength else { return false }
    for byte in bytes {
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "a")...UInt8(ascii: "z"):
        continue
      case UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "~"), UInt8(ascii: ":"),
        UInt8(ascii: "/"), UInt8(ascii: "+"), UInt8(ascii: "="), UInt8(ascii: "@"), UInt8(ascii: ","),
        UInt8(ascii: ";"):
        continue
      default: return false
      }
    }
    return true
  }
}
