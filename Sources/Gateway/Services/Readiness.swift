import enum GatewayConfiguration.HealthProbe
import GatewayHTTP
import GatewayJSON
import GatewayTelemetry
import NIOConcurrencyHelpers
import NIOCore

/// Whether an instance should get requests: its plugins can serve, and it does not stop.
final class Readiness: Sendable {
  private struct State {
    /// Names of plugins that cannot serve, or were not asked yet.
    var failing: Set<String> = []
    var isDraining = false
  }

  private let state = NIOLockedValueBox(State())

  func set(_ plugin: String, isHealthy: Bool) {
    state.withLockedValue { state in
      if isHealthy { state.failing.remove(plugin) } else { state.failing.insert(plugin) }
    }
  }

  func isFailing(_ plugin: String) -> Bool { state.withLockedValue { $0.failing.contains(plugin) } }

  var isReady: Bool { state.withLockedValue { $0.failing.isEmpty && !$0.isDraining } }

  /// Only these are asked.
  func keep(_ plugins: Set<String>) { state.withLockedValue { $0.failing.formIntersection(plugins) } }

  func drain() { state.withLockedValue { $0.isDraining = true } }

  /// Names only: why a plugin cannot serve is for the log.
  func response(to probe: HealthProbe) -> LocalResponse {
    let state = state.withLockedValue { $0 }
    let isReady = state.failing.isEmpty && !state.isDraining
    var json = JSONWriter()
    json.beginObject()
    json.name("status" as StaticString)
    switch probe {
    case .live: json.string("live")
    case .ready where isReady: json.string("ready")
    case .ready: json.string(state.isDraining ? "draining" : "not_ready")
    }
    if probe == .ready, !state.failing.isEmpty {
      json.name("failing" as StaticString)
      json.beginArray()
      for name in state.failing.sorted() { json.string(name) }
      json.endArray()
    }
    json.endObject()
    var response = LocalResponse(status: probe == .live || isReady ? 200 : 503)
    response.fields.append("content-type", "application/json")
    response.fields.append("cache-control", "no-store")
    response.body = ByteBuffer(bytes: json.bytes)
    return response
  }
}

extension Exchange {
  /// The metrics of this process, put together on a thread that may take its time: there may be many.
  func serveMetrics() {
    phase = .acting
    let began = serial
    let loop = runtime.loop
    let metrics = runtime.metrics
    let blocking = runtime.blocking
    let me = NIOLoopBound(self, eventLoop: loop)
    let ledger = runtime.seat.ledger
    let accepted = blocking.submit {
      let text = metrics.prometheusText() + ProcessMetrics.text(blocking.statistics) + PluginGenerationMetrics.text(ledger)
      loop.execute {
        let exchange = me.value
        guard exchange.serial == began, exchange.isWaiting else { return }
        var response = LocalResponse(status: 200)
        response.fields.append("content-type", "text/plain; version=0.0.4; charset=utf-8")
        response.fields.append("cache-control", "no-store")
        response.body = ByteBuffer(string: text)
        exchange.answer(response)
      }
    }
    if !accepted { refuse(HTTPError(503, detail: "The gateway is busy, try again", fields: [("retry-after", "1")])) }
  }
}
