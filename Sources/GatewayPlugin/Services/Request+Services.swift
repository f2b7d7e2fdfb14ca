import CGatewayPlugin

extension Request {
  /// Writes to the gateway's log, with this request's id, route and handler.
  public var log: Log { Log(call: call) }

  /// The gateway's clock.
  public var clock: GatewayClock { GatewayClock(loop: call?.loop ?? anyLoop) }

  /// An upstream of `gateway.yaml`, by its name. Requests through it belong to this request's trace.
  public func upstream(_ name: String) -> Upstream {
    Upstream(name, loop: call?.loop ?? anyLoop, trace: trace)
  }

  /// The W3C `traceparent` for requests that are made on behalf of this one: the client's trace, or one that begins here.
  /// Nil where the gateway knows none. `upstream` sends it by itself.
  public var traceParent: String? { trace?.parent }

  private var trace: TraceFields? {
    guard let call, let host = HostAccess.current, host.hasServices else { return nil }
    let parent = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 64) { buffer -> String? in
      guard let start = buffer.baseAddress else { return nil }
      let count = host.table.pointee.trace_parent(call.call, start, buffer.count)
      return count == 0 ? nil : String(decoding: buffer.prefix(count), as: UTF8.self)
    }
    guard let parent else { return nil }
    // The state belongs to the client's trace; where another one begins here there is none (W3C Trace Context §4.3).
    let isContinued = header("traceparent").map { $0.dropFirst(3).prefix(32) == parent.dropFirst(3).prefix(32) } ?? false
    let state = isContinued ? headers("tracestate").joined(separator: ",") : ""
    return TraceFields(parent: parent, state: state)
  }

  private var call: CallHandle? { invocation.map { CallHandle($0) } }
}

extension Provision {
  /// Writes to the gateway's log; in an exchange with the request's id, route and handler.
  public var log: Log { Log(call: CallHandle(invocation)) }

  /// The gateway's clock.
  public var clock: GatewayClock { GatewayClock(loop: invocation.pointee.loop) }

  /// An upstream of `gateway.yaml`, by its name.
  public func upstream(_ name: String) -> Upstream { Upstream(name, loop: invocation.pointee.loop, trace: nil) }
}

/// What requests to upstreams say about the trace they belong to.
struct TraceFields: Sendable {
  let parent: String
  /// May be empty.
  let state: String
}
