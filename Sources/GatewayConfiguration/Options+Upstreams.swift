extension Upstream {
  static let section = Section<Upstream>("upstreams", "Servers that do the same work.", make: Upstream()) {
    Option(
      required: "targets", \.targets, .list(of: .target, atLeast: 1, isSingleAllowed: true),
      "Their addresses, as `http://host:port`.")
    Option(
      "timeouts", \.timeouts, .section(UpstreamTimeouts.section), default: "{}", "How long the gateway waits for them.")
    Option(
      "connections", \.connections, .section(UpstreamConnections.section), default: "{}",
      "Connections kept and allowed.")
    Option("balance", \.balance, .word, "How a target is chosen.")
    Option(reserved: "health", "remove it; targets are not probed")
  }
}

extension Kind where Value == Upstream {
  static var upstream: Kind {
    Kind.section(Upstream.section).orShort(
      Kind<[UpstreamTarget]>.list(of: .target, atLeast: 1, isSingleAllowed: true).map {
        var upstream = Upstream()
        upstream.targets = $0
        return upstream
      })
  }
}

extension UpstreamTimeouts {
  static let range = Duration.milliseconds(1)...Duration.seconds(86_400)

  static let section = Section<UpstreamTimeouts>(
    "upstreams.timeouts", "How long the gateway waits for an upstream.", make: UpstreamTimeouts()
  ) {
    Option("connect", \.connect, .duration(range), "Until a connection is open; over it the next target, then 504.")
    Option(
      "response_head", \.responseHead, .duration(range), "From the request's end to the response's head; over it 504.")
    Option("idle", \.idle, .duration(range), "Between two reads or writes that make progress.")
    Option(
      "total", optional: \.total, .duration(range), default: "the exchange's limit",
      "The whole exchange with the upstream.")
  }
}

extension UpstreamConnections {
  static let section = Section<UpstreamConnections>(
    "upstreams.connections", "Connections to an upstream.", make: UpstreamConnections()
  ) {
    Option(
      "max_idle_per_loop", \.maxIdlePerLoop, .integer(0...100_000),
      "Idle connections kept for each event loop and target.")
    Option(
      "max_per_target", optional: \.maxPerTarget, .integer(1...1_000_000), default: "512",
      "Open connections to one target, for each event loop; over it up to 1024 requests wait, then 503.")
  }
}
