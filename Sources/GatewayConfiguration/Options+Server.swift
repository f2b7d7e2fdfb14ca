extension ServerSettings {
  static let section = Section<ServerSettings>(
    "server", "Where the gateway listens, and the limits and clocks that protect it.", make: ServerSettings()
  ) {
    Option(
      "listen", \.listen, .list(of: .listener, atLeast: 1, isSingleAllowed: true),
      "Addresses to accept connections on.")
    Option(
      "workers", optional: \.workers, .integer(1...1024), default: "number of cores",
      "Event loops, each on its own thread.")
    Option("limits", \.limits, .section(ServerLimits.section), default: "{}", "What a request may cost.")
    Option("timeouts", \.timeouts, .section(ServerTimeouts.section), default: "{}", "How long the server waits.")
    Option(
      "health", \.health, .section(ServerHealth.section), default: "{}", "How plugins are asked whether they can serve.")
    Option(
      "blocking", \.blocking, .section(ServerBlocking.section), default: "{}", "The threads for functions that block.")
    Option(
      "watchdog", \.watchdog, Kind.section(ServerWatchdog.section).orFalse(), default: "{}",
      "Says which function of a plugin keeps an event loop too long; `false` does not look.")
    Option(
      "background", \.background, .section(BackgroundLimits.section), default: "{}",
      "How much work handlers may leave behind for after the answer.")
    Option(
      "crash_reports", \.crashReports, Kind.section(ServerCrashReports.section).orFalse(), default: "{}",
      "Where it is kept which plugin the process died in; `false` tells it on standard error only.")
    Option(
      "quarantine", \.quarantine, Kind.section(ServerQuarantine.section).orFalse(), default: "{}",
      "When a function that crashes the gateway again and again is taken out of service, with `run --supervise`; `false` "
        + "never does.")
    Option(
      "trusted_proxies", \.trustedProxies, .list(of: Kind.network.located),
      "Peers whose `x-forwarded-for` is believed, and whose other `x-forwarded-` fields are passed on.")
    Option(
      "temporary_directory", \.temporaryDirectory, Kind.existingDirectory.located,
      default: "the environment's `TMPDIR`, else `/tmp`", "Where uploads go that are too large for memory.")
    Option(
      "admin", \.admin, .adminSocket, default: "a path that follows from the configuration's",
      "The Unix socket for `gateway status` and `gateway plugin`, open to this user alone; `false`: none.")
    Option(
      "plugin_store", optional: \.pluginStore, Kind.directory.located,
      default: "`gateway/plugins` in `XDG_RUNTIME_DIR`, else `/tmp/gateway-UID/plugins`",
      "Where the private copies go that plugins are opened from; of this user alone, and not mounted noexec.")
    Option(
      "retained_plugins", \.retainedPlugins, .integer(0...10_000),
      "Libraries that may stay in the process after a newer one took their place: none can be unloaded. Over it a reload is "
        + "refused.")
  }
}

extension Kind where Value == AdminSocket {
  fileprivate static var adminSocket: Kind {
    Kind<String>.path.orFalse().map(show: { if case .path(let path) = $0 { path } else { "false" } }) { path in
      path.map { .path($0) } ?? .off
    }
  }
}

extension Kind where Value == Listener {
  static var listener: Kind {
    Kind.section(Listener.section).orShort(
      Kind<ListenAddress>.listenAddress.located.map(show: { $0.address.value.description }) { address in
        var listener = Listener()
        listener.address = address
        return listener
      })
  }
}

extension Listener {
  static let section = Section<Listener>(
    "server.listen", "A listener in its long form.", make: Listener()
  ) {
    Option(required: "address", \.address, Kind.listenAddress.located, "Where to listen.")
    Option(
      "tls", optional: \.tls, .section(TLSFiles.section), default: "clear text",
      "Certificate and key; HTTP/1.1 over TLS.")
  }
}

extension TLSFiles {
  static let section = Section<TLSFiles>("server.listen.tls", "Files of a TLS listener.", make: TLSFiles()) {
    Option(
      required: "certificate", \.certificate, Kind.readableFile.located,
      "PEM file with the certificate and its chain, leaf first.")
    Option(required: "key", \.key, Kind.readableFile.located, "PEM file with the private key.")
  }
}

extension ServerLimits {
  static let section = Section<ServerLimits>(
    "server.limits", "What one request, and all of them together, may cost.", make: ServerLimits()
  ) {
    Option(
      "request_line", \.requestLine, .size(256...(1 << 20)), "The request line; over it 414.")
    Option("head", \.head, .size(1024...(1 << 20)), "The whole head of a request; over it 431.")
    Option("fields", \.fields, .integer(8...10_000), "Fields in a head; over it 431.")
    Option("body", \.body, .size(), "A request body; over it 413. Routes may set their own.")
    Option(
      "connections", optional: \.connections, .integer(1...10_000_000), default: "from the descriptor limit",
      "Open client connections; more are not accepted until one closes.")
  }
}

extension BackgroundLimits {
  static let section = Section<BackgroundLimits>(
    "server.background", "Tasks that handlers leave behind for after the answer; over a limit a task is refused.",
    make: BackgroundLimits()
  ) {
    Option("per_request", \.perRequest, .integer(0...100_000), "Tasks of one request.")
    Option("total", \.total, .integer(0...100_000_000), "Tasks that wait or run, of all requests.")
  }
}

extension ServerBlocking {
  static let section = Section<ServerBlocking>(
    "server.blocking", "The threads for plugin functions that block, and for files.", make: ServerBlocking()
  ) {
    Option(
      "threads", optional: \.threads, .integer(1...4096), default: "number of cores, at least 4",
      "Functions that may run at once.")
    Option(
      "queue", \.queue, .integer(0...1_000_000),
      "Calls that may wait for a thread; any more are answered 503.")
    Option(
      "extra_threads", optional: \.extraThreads, .integer(0...4096), default: "as many as `threads`",
      "Threads that may be added while functions hold all of them and nothing moves, such as functions that wait for each "
        + "other; they go when the queue is empty.")
  }
}

extension ServerWatchdog {
  static let section = Section<ServerWatchdog>(
    "server.watchdog", "What is said of plugin functions that keep an event loop from everybody else.",
    make: ServerWatchdog()
  ) {
    Option(
      "threshold", \.threshold, .duration(.milliseconds(1)...Duration.seconds(60)),
      "A function that has not come back after this time is told of.")
    Option(
      "stack", \.stack, .boolean,
      "With what its thread was doing. The thread is interrupted by a signal (SIGURG) either way.")
  }
}

extension ServerCrashReports {
  static let section = Section<ServerCrashReports>(
    "server.crash_reports", "What is kept of a crash, for `gateway crashes` and the next start.",
    make: ServerCrashReports()
  ) {
    Option(
      "directory", optional: \.directory, Kind.directory.located,
      default: "`gateway/crashes` in `STATE_DIRECTORY` or `XDG_STATE_HOME`, else `/tmp/gateway-UID/crashes`",
      "Made if it is not there. It must belong to the user whose process this is, and nobody else may write in it.")
    Option("keep", \.keep, .integer(1...1000), "How many reports; older ones are removed.")
  }
}

extension ServerQuarantine {
  static let section = Section<ServerQuarantine>(
    "server.quarantine", "When routes whose function crashes the gateway are answered 503, with `run --supervise`.",
    make: ServerQuarantine()
  ) {
    Option("crashes", \.crashes, .integer(1...1000), "After so many crashes in the same function.")
    Option(
      "within", \.within, .duration(.seconds(1)...(.seconds(86_400 * 7))), "Only crashes of this time count.")
    Option(
      "for", \.time, .duration(.seconds(1)...(.seconds(86_400 * 7))),
      "Then it is let in again; the next crash takes it out for twice as long.")
  }
}

extension ServerHealth {
  static let section = Section<ServerHealth>(
    "server.health", "How plugins are asked whether they can serve; routes with `health: ready` tell.", make: ServerHealth()
  ) {
    Option(
      "interval", \.interval, .duration(.milliseconds(100)...(.seconds(3600))), "From an answer to the next question.")
    Option(
      "timeout", \.timeout, .duration(.milliseconds(10)...(.seconds(3600))),
      "A plugin that has not answered within this time cannot serve.")
  }
}

extension ServerTimeouts {
  private static let day = Duration.seconds(86_400)

  static let section = Section<ServerTimeouts>(
    "server.timeouts", "How long the server waits.", make: ServerTimeouts()
  ) {
    Option(
      "head", \.head, .duration(.milliseconds(1)...day),
      "From the first byte of a request to the end of its head; over it 408.")
    Option("body_grace", \.bodyGrace, .duration(.zero...day), "Time before `body_min_rate` counts.")
    Option(
      "body_min_rate", \.bodyMinRate, .byteRate(0...(1 << 30)),
      "The slowest body that is read after `body_grace`; `0B/s` switches the rule off.")
    Option("keep_alive", \.keepAlive, .duration(.milliseconds(1)...day), "An idle connection is kept this long.")
    Option(
      "exchange", \.exchange, .duration(.milliseconds(1)...day),
      "A request and its whole response. Routes may set their own.")
    Option(
      "drain", \.drain, .duration(.zero...day),
      "After a signal to stop, exchanges in flight may finish within this time.")
  }
}
