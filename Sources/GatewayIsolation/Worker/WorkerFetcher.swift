import CGatewayPlugin
import GatewayPluginHost
import NIOCore

/// Requests to upstreams, carried out by the gateway. Used on the worker's loop only.
final class WorkerFetcher: PluginFetcher {
  private struct Fetch {
    let plugin: PluginFetchCallbacks
    let connection: WorkerConnection
    let isStreamed: Bool
    /// Bytes of the body that the gateway has not answered for.
    var outstanding = 0
    var isPaused = false
    var announces = false
    var isBodyOver = false
    var excess = 0
    var refusal: gw_completion?
  }

  private let connections: [WorkerConnection]
  private var fetches: [UInt64: Fetch] = [:]
  private var next = 0

  /// Bytes that may be on their way, above which the plugin is told to wait; and those that it may write all the same.
  private static let window = 64 << 10
  private static let excessLimit = 1 << 20

  init(_ connections: [WorkerConnection]) { self.connections = connections }

  func start(_ number: UInt64, _ request: PluginFetchRequest, _ plugin: PluginFetchCallbacks) {
    guard !connections.isEmpty else { return }
    // In turn: no loop of the gateway's carries all of them.
    next = (next + 1) % connections.count
    let connection = connections[next]
    fetches[number] = Fetch(plugin: plugin, connection: connection, isStreamed: request.isStreamed)
    connection.write(.fetch, number: number) { buffer in
      buffer.put(text: request.upstream)
      buffer.put(text: request.method)
      request.target.withUnsafeReadableBytes { buffer.put(bytes: $0) }
      var fields = request.fields
      if let host = request.host { fields.append("host", host) }
      buffer.put(fields: fields)
      request.body.withUnsafeReadableBytes { buffer.put(bytes: $0) }
      buffer.put(UInt64(clamping: request.timeout?.nanoseconds ?? 0))
      buffer.put(request.isStreamed ? GW_FETCH_STREAMED : 0)
    }
  }

  func resume(_ number: UInt64) { fetches[number]?.connection.write(.fetchResume, number: number) }

  func cancel(_ number: UInt64) { fetches[number]?.connection.write(.fetchCancel, number: number) }

  func write(_ number: UInt64, _ part: ByteBuffer, isLast: Bool, announces: Bool) -> gw_completion {
    guard var fetch = fetches[number] else { return GW_TOO_LATE }
    defer { fetches[number] = fetch }
    if let refusal = fetch.refusal { return refusal }
    guard fetch.isStreamed, !fetch.isBodyOver else { return GW_INVALID }
    fetch.connection.write(.fetchWrite, flag: isLast ? 1 : 0, number: number) { $0.writeImmutableBuffer(part) }
    fetch.outstanding += part.readableBytes
    if isLast {
      fetch.isBodyOver = true
      return GW_ACCEPTED
    }
    if announces { fetch.announces = true }
    guard fetch.outstanding > Self.window else {
      // The gateway's answer says `writable`.
      return announces ? GW_PAUSED : GW_ACCEPTED
    }
    if fetch.isPaused {
      fetch.excess += part.readableBytes
      if fetch.excess > Self.excessLimit {
        fetch.connection.write(.fetchCancel, number: number)
        return GW_INVALID
      }
    }
    fetch.isPaused = true
    return GW_PAUSED
  }

  // MARK: from the gateway

  func take(_ kind: GatewayFrame, _ head: Frame.Head, _ payload: UnsafeRawBufferPointer) {
    guard let fetch = fetches[head.number] else { return }
    var reader = FrameReader(payload)
    switch kind {
    case .fetchHead:
      let fields = FieldTable()
      guard let status: UInt16 = try? reader.integer(), (try? fields.read(&reader)) != nil else { return }
      fetch.plugin.head(status, UnsafeBufferPointer(start: fields.pointer, count: fields.count))
    case .fetchPart: fetch.plugin.part(ByteBuffer(bytes: payload))
    case .fetchEnd:
      fetches[head.number] = nil
      guard head.flag == 1 else { return fetch.plugin.end() }
      let status: UInt16 = (try? reader.integer()) ?? 500
      let type = (try? reader.text(limit: 1024)) ?? "failed"
      fetch.plugin.fail(status: status, type: type, (try? reader.text(limit: 64 << 10)) ?? "")
    case .fetchCredit: credit(head.number, Int((try? reader.integer(UInt32.self)) ?? 0))
    case .fetchRefused:
      let code = gw_completion(rawValue: (try? reader.integer(UInt32.self)) ?? 0)
      fetches[head.number]?.refusal = code
      if fetch.announces || fetch.isPaused {
        fetch.plugin.refused(code)
        fetch.plugin.writable()
      }
    default: break
    }
  }

  private func credit(_ number: UInt64, _ count: Int) {
    guard var fetch = fetches[number] else { return }
    fetch.outstanding -= count
    let isTold = (fetch.isPaused || fetch.announces) && fetch.outstanding <= Self.window / 2 && !fetch.isBodyOver
    if isTold {
      fetch.isPaused = false
      fetch.announces = false
      fetch.excess = 0
    }
    fetches[number] = fetch
    if isTold { fetch.plugin.writable() }
  }
}
