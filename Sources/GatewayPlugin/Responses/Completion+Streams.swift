import CGatewayPlugin

/// Answers in parts, and files: members of the host's table since contract 1.1.
extension Completion {
  /// A table from an older host ends before these members.
  private var hasStreams: Bool { host.pointee.struct_size >= Self.sizeWithFiles }
  private static let sizeWithFiles = UInt32(MemoryLayout<gw_host>.offset(of: \.proceed) ?? MemoryLayout<gw_host>.size)

  func respond(_ response: Response, file path: String) {
    guard hasStreams else { return fail(HostTooOld(what: "files in responses")) }
    var path = path
    path.withUTF8 { path in
      withHead(response, UnsafeRawBufferPointer(start: nil, count: 0)) { head in
        _ = host.pointee.respond_file(call, head, gw_bytes_borrowed(UnsafeRawBufferPointer(path)))
      }
    }
  }

  /// Sends the head, runs `body`, and completes. An error on the way breaks the answer off where the client sees it.
  func stream(_ response: Response, _ body: @Sendable (ResponseWriter) async throws -> Void) async {
    guard hasStreams else { return fail(HostTooOld(what: "streams in responses")) }
    let channel = ResponseChannel(self)
    // The host knows the channel by its address, until the invocation completes.
    let lent = Unmanaged.passRetained(channel)
    var began = GW_INVALID
    withHead(response, UnsafeRawBufferPointer(start: nil, count: 0)) { head in
      began = host.pointee.start_response(call, head, { context in
        guard let context else { return }
        Unmanaged<ResponseChannel>.fromOpaque(context).takeUnretainedValue().resume()
      }, lent.toOpaque())
    }
    do {
      try channel.taken(began)
      try await body(ResponseWriter(channel: channel))
      _ = host.pointee.end_response(call)
    } catch { fail(error) }
    release(lent)
  }

  /// On the loop that `resume` is called on, behind whatever is on its way there.
  private func release(_ lent: Unmanaged<ResponseChannel>) {
    host.pointee.enqueue(
      loop, lent.toOpaque(),
      { job, _ in Unmanaged<ResponseChannel>.fromOpaque(job).release() }, lent.toOpaque())
  }
}

/// A streamed answer from a handler that cannot wait.
struct StreamNeedsAsync: Error, CustomStringConvertible {
  var description: String { "a streamed response needs an async handler: this one is blocking or inline" }
}

/// The gateway is older than what the plugin asks of it.
struct HostTooOld: Error, CustomStringConvertible {
  let what: String
  var contract = "1.1"
  var description: String { "this gateway does not know \(what): that takes contract \(contract)" }
}
