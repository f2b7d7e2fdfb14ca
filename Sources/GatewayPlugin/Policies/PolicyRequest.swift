import CGatewayPlugin

/// A request on its way through a policy, which may change it before it goes on.
///
/// Lent for the time of the hook, or until it is given to `next`: what is needed later is read before. It cannot be copied or
/// kept; what it gives out are copies and can.
public struct PolicyRequest: ~Copyable, @unchecked Sendable {
  // Proof for @unchecked: as for Request, of which this is one with changes of its own.
  let request: UnsafePointer<gw_request>
  var changes = MessageChanges()

  init(_ invocation: Invocation) throws {
    guard let request = invocation.pointer.pointee.request else { throw NoRequest() }
    self.request = request
  }

  private var lent: Request { Request(request: request) }

  /// As the client wrote it, such as `GET`.
  public var method: String { lent.method }
  /// Normalised, still percent-encoded: the path that routing saw.
  public var path: String { lent.path }
  /// Without `?`, as received.
  public var query: String { lent.query }
  /// Empty where no policy before this one gives requests an id.
  public var id: String { lent.id }
  /// The client's address; empty where there is none, as over a Unix socket.
  public var client: String { lent.client }
  /// Whether the client came over TLS.
  public var isTLS: Bool { lent.isTLS }

  // MARK: fields

  /// The first field of that name, in any letter case, with the changes made so far.
  public func header(_ name: String) -> String? {
    (changes.removes(name) ? nil : lent.header(name)) ?? changes.added.values(name).first
  }

  /// Every field of that name, in any letter case, with the changes made so far.
  public func headers(_ name: String) -> [String] {
    (changes.removes(name) ? [] : lent.headers(name)) + changes.added.values(name)
  }

  /// Replaces every field of that name by one.
  ///
  /// Fields that frame the message or say whom it is for (`content-length`, `transfer-encoding`, `connection`, `host`, `expect`,
  /// `te` and the like) are the gateway's: changing one is a failed policy and a 500.
  public mutating func setHeader(_ name: String, _ value: String) {
    changes.remove(name)
    changes.added.append(name, value)
  }

  /// Adds a field behind those that are there.
  public mutating func addHeader(_ name: String, _ value: String) { changes.added.append(name, value) }

  /// Removes every field of that name, in any letter case.
  public mutating func removeHeader(_ name: String) { changes.remove(name) }

  // MARK: body

  /// The bytes as sent, compressed or not; a copy. There with `bufferedRequest` only.
  public var body: [UInt8] { changes.body ?? lent.body }
  /// The body as UTF-8; wrong bytes become U+FFFD. There with `bufferedRequest` only.
  public var bodyText: String { String(decoding: body, as: UTF8.self) }

  /// Lends the body without a copy; the bytes are valid inside `read` only.
  public func withBody<Result, Failure: Error>(
    _ read: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    if let body = changes.body {
      // Typed errors do not get through `withUnsafeBytes` of an array held in a property: a span of the copy does.
      var outcome: Swift.Result<Result, Failure>?
      body.withUnsafeBytes { bytes in
        do throws(Failure) { outcome = .success(try read(bytes)) } catch { outcome = .failure(error) }
      }
      if let outcome { return try outcome.get() }
    }
    return try read(request.pointee.body.raw)
  }

  /// Replaces the body. Only with `bufferedRequest`: else the policy fails.
  public mutating func setBody(_ body: [UInt8]) { changes.body = body }
}

/// What a policy changes in a message: most change nothing, so all but the status is behind one reference.
struct MessageChanges: Sendable {
  /// Of an answer; 0: as it is.
  var status: UInt16 = 0
  private var content: Content?

  // Proof for @unchecked: written only where there is one reference to it.
  private final class Content: @unchecked Sendable {
    var removed: [String] = []
    var added = Headers()
    var body: [UInt8]?

    var isEmpty: Bool { removed.isEmpty && added.isEmpty && body == nil }

    init() {}

    init(copying other: Content) {
      removed = other.removed
      added = other.added
      body = other.body
    }
  }

  private var ownContent: Content {
    mutating get {
      if isKnownUniquelyReferenced(&content), let content { return content }
      let own = content.map { Content(copying: $0) } ?? Content()
      content = own
      return own
    }
  }

  var removed: [String] {
    get { content?.removed ?? [] }
    _modify {
      let content = ownContent
      yield &content.removed
    }
  }
  var added: Headers {
    get { content?.added ?? Headers() }
    _modify {
      let content = ownContent
      yield &content.added
    }
  }
  var body: [UInt8]? {
    get { content?.body }
    set { ownContent.body = newValue }
  }

  var isEmpty: Bool { status == 0 && content?.isEmpty ?? true }

  func removes(_ name: String) -> Bool {
    !removed.isEmpty && removed.contains { $0.isSameName(name) }
  }

  mutating func remove(_ name: String) {
    added.remove(name)
    if !removes(name) { removed.append(name) }
  }
}

extension String {
  /// Letter case of ASCII aside.
  func isSameName(_ other: String) -> Bool {
    utf8.count == other.utf8.count && zip(utf8, other.utf8).allSatisfy { Headers.lowercased($0) == Headers.lowercased($1) }
  }
}

extension Headers {
  static func lowercased(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }

  /// Every value under that name, in any letter case, in order.
  func values(_ name: String) -> [String] {
    guard !isEmpty else { return [] }
    return pairs.compactMap { $0.name.isSameName(name) ? $0.value : nil }
  }

  /// Removes every field of that name, in any letter case.
  mutating func remove(_ name: String) {
    guard !isEmpty, pairs.contains(where: { $0.name.isSameName(name) }) else { return }
    var kept = Headers()
    for (other, value) in pairs where !other.isSameName(name) { kept.append(other, value) }
    self = kept
  }

  var pairs: [(name: String, value: String)] {
    var at = 0
    return lengths.map { name, value in
      defer { at += name + value }
      return (
        String(decoding: bytes[at..<at + name], as: UTF8.self),
        String(decoding: bytes[at + name..<at + name + value], as: UTF8.self)
      )
    }
  }
}
