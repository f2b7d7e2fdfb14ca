import GatewayHTTP
import NIOCore

extension ForwardingRules {
  /// Fills `request` with what the upstream gets of the request in `context`.
  ///
  /// - Parameters:
  ///   - path: the template of the route, with `captures` in the order of its names; nil: the path as matched. The
  ///     query follows as received.
  ///   - body: how the body will come; its framing is written from this alone, never copied.
  ///   - trustsPeer: whether the connection's peer is a proxy whose forwarding fields are believed. If so, its
  ///     `X-Forwarded-For` is continued and its other forwarding fields stay; if not, all of them are replaced.
  ///   - extra: lines to add, such as an identity that a policy found.
  /// - Throws: what the client is answered: 400 where the target cannot be written or `Connection` has more than 32
  ///   options, 501 for CONNECT and TRACE, which are never forwarded (no tunnel, no echo).
  public func fill(
    _ request: inout UpstreamRequest, from context: borrowing RequestContext, path: ProxyPathTemplate? = nil,
    captures: [ByteRange] = [], body: UpstreamBody, trustsPeer: Bool = false, extra: FieldLines? = nil
  ) throws(HTTPError) {
    let head = context.head
    guard head.method != .connect, head.method != .trace else {
      throw HTTPError(501, detail: "\(head.methodText) is not forwarded")
    }
    // What comes in, each field a blank longer, and what is added. Fixed: the names below and an address.
    let capacity =
      head.bytes.readableBytes + head.fields.count + 2 * Int(head.authority.count) + context.requestID.utf8.count + requestIDField.utf8.count
      + (path?.bound(for: context.path) ?? context.path.readableBytes) + (extra?.bytes.readableBytes ?? 0)
      + (viaLine(minorVersion: head.minorVersion)?.readableBytes ?? 0) + 256
    var refusal: HTTPError?
    let isWritten = request.write(method: head.method, body: body, capacity: capacity) { writer in
      head.bytes.withUnsafeReadableBytes { bytes in
        guard Self.writeRequestLine(context, head, bytes, path, captures, &writer) else {
          refusal = HTTPError(400, cause: "the request has no target that could be forwarded")
          return
        }
        let options = ConnectionOptions(bytes, head.fields)
        guard !options.isExcessive else {
          refusal = HTTPError(400, detail: "more than \(ConnectionOptions.maximum) options in Connection")
          return
        }
        if host == .target || head.authority.isEmpty {
          writer.leaveHostToTarget()
        } else {
          writer.add("host: ", bytes[head.authority])
        }
        let ownsID = !context.requestID.isEmpty
        copyFields(head, bytes, options, trustsPeer: trustsPeer, ownsID: ownsID, &writer)
        writeForwarding(context, head, bytes, trustsPeer: trustsPeer, &writer)
        // RFC 9110 §10.1.4: who sends TE nominates it.
        if options.acceptsTrailers { writer.add("te: trailers\r\nconnection: te\r\n") }
      }
      if let line = viaLine(minorVersion: head.minorVersion) { writer.add(line) }
      if let extra { writer.add(extra.bytes) }
    }
    if let refusal {
      request.removeAll()
      throw refusal
    }
    guard isWritten else {
      assertionFailure("the capacity of a forwarded head was computed too small")
      throw HTTPError(500, cause: "the capacity of a forwarded head was computed too small")
    }
  }

  /// Method, target and version; false where they may not stand in a request line. The path is the one that was
  /// matched, so that the upstream decides about the same path as the gateway did.
  private static func writeRequestLine(
    _ context: borrowing RequestContext, _ head: RequestHead, _ bytes: UnsafeRawBufferPointer,
    _ path: ProxyPathTemplate?, _ captures: [ByteRange], _ writer: inout WireWriter
  ) -> Bool {
    let method = bytes[head.methodRange]
    guard FieldSyntax.isName(method) else { return false }
    writer.add(method)
    writer.add(" ")
    let start = writer.count
    if let path {
      guard path.write(captures: captures, of: context.path, into: &writer) else { return false }
    } else {
      writer.add(context.path)
    }
    if !context.query.isEmpty {
      writer.add("?")
      writer.add(bytes[context.query])
    }
    guard TargetSyntax.isOriginForm(writer.written(from: start)) else { return false }
    writer.add(" HTTP/1.1\r\n")
    return true
  }

  private func copyFields(
    _ head: RequestHead, _ bytes: UnsafeRawBufferPointer, _ options: ConnectionOptions, trustsPeer: Bool, ownsID: Bool,
    _ writer: inout WireWriter
  ) {
    var copier = FieldCopier(bytes)
    for field in head.fields {
      if field.known == .other {
        let name = bytes[field.name]
        if !passesUnderscoreNames, FieldPolicy.hasUnderscore(name) { continue }
        if !trustsPeer, FieldPolicy.isForwarding(name) { continue }
        if ownsID || !trustsPeer, isRequestID(name) { continue }
      } else {
        if FieldPolicy.hopByHop.contains(field.known) || field.known == .host { continue }
        // Continued by `writeForwarding`, which joins several lines into one.
        if field.known == .forwardedFor { continue }
        // The gateway continues X-Forwarded-For only. A peer that maintains that one may pass these on from anybody.
        if field.known == .forwarded || field.known == .realIP { continue }
        if !trustsPeer, FieldPolicy.forwarding.contains(field.known) { continue }
        if ownsID || !trustsPeer, field.known == .requestID { continue }
      }
      if !options.names.isEmpty, options.removes(field, bytes) { continue }
      copier.copy(field, into: &writer)
    }
    copier.flush(into: &writer)
  }

  private func isRequestID(_ name: UnsafeRawBufferPointer) -> Bool {
    guard name.count == requestIDField.utf8.count else { return false }
    return zip(name, requestIDField.utf8).allSatisfy { FieldSyntax.lowercased($0) == $1 }
  }

  /// `X-Forwarded-For`, `-Proto`, `-Host` and `X-Request-Id`.
  private func writeForwarding(
    _ context: borrowing RequestContext, _ head: RequestHead, _ bytes: UnsafeRawBufferPointer, trustsPeer: Bool,
    _ writer: inout WireWriter
  ) {
    writeForwardedFor(context.peer, head, bytes, continues: trustsPeer, &writer)
    if !trustsPeer || head.first(.forwardedProto) == nil {
      if context.isTLS {
        writer.add("x-forwarded-proto: https\r\n")
      } else {
        writer.add("x-forwarded-proto: http\r\n")
      }
    }
    if !head.authority.isEmpty, !trustsPeer || head.first(.forwardedHost) == nil {
      writer.add("x-forwarded-host: ", bytes[head.authority])
    }
    let id = context.requestID
    // Made or accepted by a policy that keeps to safe characters; what is not safe is not worth a broken head.
    if !id.isEmpty, id.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) {
      writer.addText(requestIDField)
      writer.add(": ")
      writer.addText(id)
      writer.add("\r\n")
    }
  }

  /// The chain of addresses ends with who spoke to this process; what stands before is as good as that peer's word, so
  /// it is kept only for a trusted one.
  private func writeForwardedFor(
    _ peer: IPAddress?, _ head: RequestHead, _ bytes: UnsafeRawBufferPointer, continues: Bool,
    _ writer: inout WireWriter
  ) {
    let received = continues && head.first(.forwardedFor) != nil
    guard received || peer != nil else { return }
    writer.add("x-forwarded-for: ")
    var isFirst = true
    if received {
      for field in head.fields where field.known == .forwardedFor && !field.value.isEmpty {
        if !isFirst { writer.add(", ") }
        writer.add(bytes[field.value])
        isFirst = false
      }
    }
    if let peer {
      if !isFirst { writer.add(", ") }
      writer.addAddress(peer)
    }
    writer.add("\r\n")
  }
}
