import CGatewayPlugin
import GatewayHTTP
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix

/// What the host does for plugins beside answering requests: the functions of `gw_host` since contract 1.2.
enum HostServices {
  /// Of the loop with that index; of the calling thread's gateway where no loop is named.
  private static func services(_ loop: UInt32) -> LoopServices? {
    loop == UInt32.max ? CurrentServices.get() : LoopRegistry.shared.services(of: loop)
  }

  // MARK: log

  static func log(
    _ call: UnsafePointer<gw_call>?, _ level: UInt32, _ message: gw_bytes_borrowed,
    _ facts: UnsafePointer<gw_field_borrowed>?, _ count: Int
  ) {
    let event = PluginLogEvent(level, message, facts, count)
    guard let handle = call?.pointee else {
      CurrentServices.get()?.gateway.write(event)
      return
    }
    let call = Unmanaged<PluginCall>.fromOpaque(handle.slot).takeUnretainedValue()
    let generation = handle.generation
    guard let services = LoopRegistry.shared.services(of: call.loopIndex) else { return }
    let isWritten = services.onLoop {
      var event = event
      event.call = call.facts(generation)
      services.gateway.write(event)
    }
    if !isWritten { services.gateway.write(event) }
  }

  // MARK: traces

  static func traceParent(_ handle: gw_call, _ buffer: UnsafeMutablePointer<UInt8>, _ capacity: Int) -> Int {
    let call = Unmanaged<PluginCall>.fromOpaque(handle.slot).takeUnretainedValue()
    let generation = handle.generation
    var text: String?
    if call.loop.inEventLoop {
      text = call.traceParent(generation)
    } else if MultiThreadedEventLoopGroup.currentEventLoop == nil,
      let services = LoopRegistry.shared.services(of: call.loopIndex)
    {
      // Threads that may block wait for the loop, which alone knows the exchange and never waits for them. One loop
      // must not wait for another: both could.
      let answer = call.loop.makePromise(of: String?.self)
      let isAsked = services.soon { answer.succeed(call.traceParent(generation)) }
      if !isAsked { answer.succeed(nil) }
      text = (try? answer.futureResult.wait()) ?? nil
    }
    guard var text, text.utf8.count <= capacity else { return 0 }
    return text.withUTF8 { bytes in
      if let start = bytes.baseAddress { buffer.update(from: start, count: bytes.count) }
      return bytes.count
    }
  }

  // MARK: metrics

  static func metric(
    _ kind: UInt32, _ name: gw_bytes_borrowed, _ labels: UnsafePointer<gw_field_borrowed>?, _ count: Int
  ) -> UInt64 {
    guard let metrics = CurrentServices.get()?.gateway.metrics, kind <= GW_METRIC_HISTOGRAM.rawValue,
      // Before anything is copied; the registry has closer limits.
      name.raw.count <= 1024, (0...64).contains(count)
    else { return 0 }
    let given = UnsafeBufferPointer(start: labels, count: labels == nil ? 0 : count)
    guard given.allSatisfy({ $0.name.raw.count <= 1024 && $0.value.raw.count <= 1024 }) else { return 0 }
    return metrics.metric(
      gw_metric_kind(kind), name: String(decoding: name.raw, as: UTF8.self),
      labels: given.map { (String(decoding: $0.name.raw, as: UTF8.self), String(decoding: $0.value.raw, as: UTF8.self)) })
  }

  static func record(_ metric: UInt64, _ value: Double) { CurrentServices.get()?.gateway.metrics.record(metric, value) }

  // MARK: time

  static func now(_ loop: UInt32) -> UInt64 {
    let now = services(loop)?.gateway.time.now() ?? .now()
    return now.uptimeNanoseconds
  }

  static func wallClock(_ loop: UInt32) -> Int64 {
    services(loop)?.gateway.time.wallClock() ?? GatewayTime.systemWallClock()
  }

  static func startTimer(
    _ loop: UInt32, _ nanoseconds: UInt64, _ fire: @escaping LoopTimers.Fire, _ context: UnsafeMutableRawPointer?
  ) -> UInt64 {
    guard let services = services(loop) else { return 0 }
    let number = HostNumber.make(services.index)
    let callback = LoopTimers.Callback(fire: fire, context: context, on: services.index)
    // From when it was asked for, not from when the loop gets to it.
    let deadline = services.gateway.time.now() + .nanoseconds(Int64(clamping: nanoseconds))
    return services.onLoop { services.timers.start(number, at: deadline, callback) } ? number : 0
  }

  static func cancelTimer(_ loop: UInt32, _ timer: UInt64) {
    guard let services = LoopRegistry.shared.services(of: HostNumber.loop(of: timer)) else { return }
    // Always in a later turn: behind a start from another thread, and never inside a call of the plugin's.
    _ = services.soon { services.timers.cancel(timer) }
  }

  // MARK: upstreams

  static func fetch(_ fetch: UnsafePointer<gw_fetch_borrowed>) -> UInt64 {
    guard let services = services(fetch.pointee.loop), let request = PluginFetchRequest(fetch) else { return 0 }
    let number = HostNumber.make(services.index)
    let callbacks = PluginFetchCallbacks(fetch, number, services)
    let isTaken = services.onLoop {
      if let fetcher = services.fetcher { return fetcher.start(number, request, callbacks) }
      let isToBeTold = services.soon { callbacks.fail(status: 503, type: "stopped", FetchText.stopped) }
      if !isToBeTold { callbacks.fail(status: 503, type: "stopped", FetchText.stopped) }
    }
    return isTaken ? number : 0
  }

  static func resumeFetch(_ loop: UInt32, _ fetch: UInt64) {
    guard let services = LoopRegistry.shared.services(of: HostNumber.loop(of: fetch)) else { return }
    _ = services.soon { services.fetcher?.resume(fetch) }
  }

  static func writeFetch(_ loop: UInt32, _ fetch: UInt64, _ part: gw_bytes_borrowed, _ isLast: UInt32) -> gw_completion {
    guard let services = LoopRegistry.shared.services(of: HostNumber.loop(of: fetch)) else { return GW_TOO_LATE }
    let part = ByteBuffer(bytes: part.raw)
    if services.loop.inEventLoop {
      return services.fetcher?.write(fetch, part, isLast: isLast != 0, announces: false) ?? GW_TOO_LATE
    }
    if let refusal = services.refusedWrites.withLockedValue({ $0[fetch] }) { return refusal }
    // From another thread: the loop says `writable` when it has taken it, so that one part is on its way at a time. Where it
    // refuses it, it says so too, and the next write tells.
    let isTaken = services.soon {
      _ = services.fetcher?.write(fetch, part, isLast: isLast != 0, announces: true)
    }
    return isTaken ? GW_PAUSED : GW_TOO_LATE
  }

  static func cancelFetch(_ loop: UInt32, _ fetch: UInt64) {
    guard let services = LoopRegistry.shared.services(of: HostNumber.loop(of: fetch)) else { return }
    _ = services.soon { services.fetcher?.cancel(fetch) }
  }
}

enum FetchText {
  static let stopped = "the gateway has stopped, or is not ready for requests to upstreams"
}
