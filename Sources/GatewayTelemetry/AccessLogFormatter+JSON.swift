import GatewayHTTP

extension AccessLogFormatter {
  /// One object, its members always in this order. Members whose value is absent are left out.
  mutating func writeJSON(
    _ record: AccessLogRecord, _ request: LoggedRequest, _ requestID: String, _ time: Int64, to line: inout LineCursor
  ) {
    let isSlow = options.isSlow(record.duration)
    line.write("{\"timestamp\":\"")
    clock.writeRFC3339(time, to: &line)
    if isSlow {
      line.write("\",\"level\":\"warning\"")
    } else {
      line.write("\",\"level\":\"info\"")
    }
    writeRequest(request, to: &line)
    if !record.route.isEmpty {
      line.write(",\"http.route\":\"")
      line.write(record.route, limit: AccessLogLimits.name, .json)
      line.write("\"")
    }
    if let version = record.protocolVersion {
      line.write(",\"network.protocol.version\":\"")
      line.write(version)
      line.write("\"")
    } else if let minor = request.minorVersion {
      line.write(",\"network.protocol.version\":\"1.")
      line.write(Int(minor))
      line.write("\"")
    }
    if record.status > 0 {
      line.write(",\"http.response.status_code\":")
      line.write(Int(record.status))
    }
    line.write(",\"http.request.body.size\":")
    line.write(record.requestBytes)
    line.write(",\"http.response.body.size\":")
    line.write(record.responseBytes)
    writeClient(request, to: &line)
    if !requestID.isEmpty {
      line.write(",\"request_id\":\"")
      line.write(requestID, limit: AccessLogLimits.requestID, .json)
      line.write("\"")
    }
    writeAction(record, to: &line)
    line.write(",\"reason\":\"")
    line.write(record.reason.name)
    line.write("\"")
    if record.reason != .ok {
      line.write(",\"error.type\":\"")
      line.write(record.reason.name)
      line.write("\"")
    }
    if let cause = record.cause {
      line.write(",\"cause\":\"")
      line.write(cause, limit: AccessLogLimits.cause, .json)
      line.write("\"")
    }
    if isSlow { line.write(",\"slow\":true") }
    writeTimes(record, to: &line)
    line.write("}")
  }

  private func writeRequest(_ request: LoggedRequest, to line: inout LineCursor) {
    if !request.method.isEmpty {
      line.write(",\"http.request.method\":\"")
      line.write(request.method, limit: AccessLogLimits.method, .json)
      line.write("\"")
    }
    if request.isTLS {
      line.write(",\"url.scheme\":\"https\"")
    } else {
      line.write(",\"url.scheme\":\"http\"")
    }
    if !request.host.isEmpty {
      line.write(",\"server.address\":\"")
      line.write(request.host, limit: AccessLogLimits.host, .json)
      line.write("\"")
    }
    if !request.path.isEmpty {
      line.write(",\"url.path\":\"")
      line.write(request.path, limit: AccessLogLimits.path, .json)
      line.write("\"")
    }
    if !request.query.isEmpty {
      line.write(",\"url.query\":\"")
      line.writeQuery(request.query, limit: AccessLogLimits.query, options.query, .json)
      line.write("\"")
    }
  }

  private func writeClient(_ request: LoggedRequest, to line: inout LineCursor) {
    if let client = request.client {
      line.write(",\"client.address\":\"")
      line.write(client)
      line.write("\"")
    }
    if let peer = request.peer, peer != request.client {
      line.write(",\"network.peer.address\":\"")
      line.write(peer)
      line.write("\"")
    }
    if !request.userAgent.isEmpty {
      line.write(",\"user_agent.original\":\"")
      line.write(request.userAgent, limit: AccessLogLimits.userAgent, .json)
      line.write("\"")
    }
    if !request.referer.isEmpty {
      line.write(",\"referer\":\"")
      line.writeURL(request.referer, limit: AccessLogLimits.referer, options.query, .json)
      line.write("\"")
    }
  }

  /// What answered: plugin handler or upstream.
  private func writeAction(_ record: AccessLogRecord, to line: inout LineCursor) {
    if !record.handler.isEmpty {
      line.write(",\"plugin\":\"")
      line.write(record.handler, limit: AccessLogLimits.name, .json)
      line.write("\"")
    }
    if !record.upstream.isEmpty {
      line.write(",\"upstream\":\"")
      line.write(record.upstream, limit: AccessLogLimits.name, .json)
      line.write("\"")
    }
    if !record.upstreamTarget.isEmpty {
      line.write(",\"upstream_target\":\"")
      line.write(record.upstreamTarget, limit: AccessLogLimits.name, .json)
      line.write("\"")
    }
    if record.upstreamStatus > 0 {
      line.write(",\"upstream_status\":")
      line.write(Int(record.upstreamStatus))
    }
    if record.attempts > 0 {
      line.write(",\"attempts\":")
      line.write(record.attempts)
    }
    if !record.tlsVersion.isEmpty {
      line.write(",\"tls.version\":\"")
      line.write(record.tlsVersion, limit: AccessLogLimits.name, .json)
      line.write("\"")
    }
  }

  /// Milliseconds with three decimals.
  private func writeTimes(_ record: AccessLogRecord, to line: inout LineCursor) {
    line.write(",\"t_total\":")
    line.writeThousandths(record.duration / 1000)
    guard !record.phases.isEmpty else { return }
    for (index, name) in AccessLogPhases.names.enumerated() {
      guard let phase = record.phases[index] else { continue }
      line.write(name)
      line.writeThousandths(phase / 1000)
    }
  }
}
