import GatewayHTTP

extension AccessLogFormatter {
  /// `client - - [time] "request line" status bytes "referer" "user agent" seconds`, and ` slow` at the end where the
  /// request was. The user field stays empty: credentials are not read for the log.
  mutating func writeCombined(
    _ record: AccessLogRecord, _ request: LoggedRequest, _ time: Int64, to line: inout LineCursor
  ) {
    if let client = request.client { line.write(client) } else { line.write("-") }
    line.write(" - - [")
    clock.writeCommon(time, to: &line)
    line.write("] \"")
    if request.method.isEmpty {
      line.write("-")
    } else {
      line.write(request.method, limit: AccessLogLimits.method, .combined)
      line.write(" ")
      line.write(request.path, limit: AccessLogLimits.path, .combined)
      if !request.query.isEmpty {
        line.write("?")
        line.writeQuery(request.query, limit: AccessLogLimits.query, options.query, .combined)
      }
      line.write(" HTTP/")
      if let version = record.protocolVersion {
        line.write(version)
      } else {
        line.write("1.")
        line.write(Int(request.minorVersion ?? 1))
      }
    }
    line.write("\" ")
    // 499 is what nginx writes, and log tools know, where the client left before an answer.
    if record.status > 0 {
      line.write(Int(record.status))
    } else {
      line.write("499")
    }
    line.write(" ")
    line.write(record.responseBytes)
    line.write(" \"")
    if request.referer.isEmpty {
      line.write("-")
    } else {
      line.writeURL(request.referer, limit: AccessLogLimits.referer, options.query, .combined)
    }
    line.write("\" \"")
    if request.userAgent.isEmpty {
      line.write("-")
    } else {
      line.write(request.userAgent, limit: AccessLogLimits.userAgent, .combined)
    }
    line.write("\" ")
    line.writeThousandths(record.duration / 1_000_000)
    if options.isSlow(record.duration) { line.write(" slow") }
  }
}
