import GatewayHTTP
import GatewayPluginHost
import GatewayTelemetry

/// What the exchange tells plugins' calls about itself.
extension Exchange {
  func facts(of call: PluginCall) -> PluginCallFacts {
    identify()
    var facts = PluginCallFacts()
    facts.requestID = context.requestID
    if let route {
      facts.route = route.label
      if case .handler(let function, _) = route.action { facts.handler = function.label }
    }
    facts.traceParent = trace?.text ?? ""
    return facts
  }

  func traceParent(of call: PluginCall) -> String? {
    if let trace { return trace.text }
    // Where there are two there is none: nobody knows which was meant.
    let received = context.head.fields.count { $0.known == .traceparent } == 1 ? context.head.value(.traceparent) : nil
    let made = received.flatMap { TraceContext(parsing: $0) }?.child() ?? TraceContext()
    trace = made
    return made.text
  }
}
