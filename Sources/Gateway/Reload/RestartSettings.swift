import GatewayConfiguration

/// Settings that count from the start of the process to its end.
enum RestartSettings {
  /// Key paths of those that say something else now.
  static func changed(from old: ServerSettings, to new: ServerSettings) -> [String] {
    func listeners(_ settings: ServerSettings) -> [[String]] {
      settings.listen.map { [$0.address.value.description, $0.tls?.certificate.value ?? "", $0.tls?.key.value ?? ""] }
    }
    let all: [(String, Bool)] = [
      ("server.listen", listeners(old) != listeners(new)),
      ("server.workers", old.workers != new.workers),
      ("server.limits.request_line", old.limits.requestLine != new.limits.requestLine),
      ("server.limits.head", old.limits.head != new.limits.head),
      ("server.limits.fields", old.limits.fields != new.limits.fields),
      ("server.limits.connections", old.limits.connections != new.limits.connections),
      ("server.timeouts.head", old.timeouts.head != new.timeouts.head),
      ("server.timeouts.keep_alive", old.timeouts.keepAlive != new.timeouts.keepAlive),
      ("server.timeouts.body_grace", old.timeouts.bodyGrace != new.timeouts.bodyGrace),
      ("server.timeouts.body_min_rate", old.timeouts.bodyMinRate != new.timeouts.bodyMinRate),
      ("server.blocking", old.blocking != new.blocking),
      ("server.watchdog", old.watchdog != new.watchdog),
      ("server.admin", old.admin != new.admin),
    ]
    return all.filter(\.1).map(\.0)
  }
}
