/// `server:`: listeners, limits and clocks of the edge.
public struct ServerSettings: Sendable {
  /// At least one.
  public var listen = [Listener()]
  /// Event loops, each on its own thread; nil: one for each core.
  public var workers: Int?
  public var limits = ServerLimits()
  public var timeouts = ServerTimeouts()
  public var health = ServerHealth()
  public var blocking = ServerBlocking()
  /// Nil: nobody looks.
  public var watchdog: ServerWatchdog? = ServerWatchdog()
  public var background = BackgroundLimits()
  /// Nil: none are kept.
  public var crashReports: ServerCrashReports? = ServerCrashReports()
  /// Nil: no function is ever taken out of service.
  public var quarantine: ServerQuarantine? = ServerQuarantine()
  /// Peers whose forwarding fields are believed.
  public var trustedProxies: [Located<Network>] = []
  /// Where uploads go that are too large for memory. As written: it was a directory when the file was read. A loaded
  /// file that does not say has the environment's `TMPDIR`, else `/tmp`, which nobody has looked at.
  public var temporaryDirectory: Located<String> = "/tmp"
  public var admin = AdminSocket.standard
  /// Where private copies of plugins go; nil: a directory of this user.
  public var pluginStore: Located<String>?
  /// Libraries that may stay in the process after nothing uses them any more.
  public var retainedPlugins = 16

  public init() {}
}

/// The threads for functions that block, of the process.
public struct ServerBlocking: Sendable, Equatable {
  /// Nil: one for each core, at least four.
  public var threads: Int?
  /// Calls that may wait for a thread; over it 503.
  public var queue = 1024
  /// Threads that may be added while nothing moves; nil: as many as `threads`.
  public var extraThreads: Int?

  public init() {}
}

/// Looks for plugin functions that keep an event loop.
public struct ServerWatchdog: Sendable, Equatable {
  public var threshold = Duration.milliseconds(100)
  public var stack = true

  public init() {}
}

/// Where it is kept what a process died of.
public struct ServerCrashReports: Sendable, Equatable {
  /// Nil: `gateway/crashes` in the user's state directory, see `CrashDirectory`.
  public var directory: Located<String>?
  /// How many, the newest.
  public var keep = 20

  public init() {}
}

/// When a supervised gateway takes a function that crashes it out of service.
public struct ServerQuarantine: Sendable, Equatable {
  /// At least 1.
  public var crashes = 3
  /// Crashes that lie further back do not count.
  public var within = Duration.seconds(600)
  public var time = Duration.seconds(600)

  public init() {}
}

public struct Listener: Sendable {
  public var address: Located<ListenAddress> = Located(.tcp(host: "127.0.0.1", port: 8080))
  public var tls: TLSFiles?

  public init() {}
}

public enum ListenAddress: Sendable, Hashable {
  /// An IP address (IPv6 without brackets) or a host name. Port 0 lets the system choose.
  case tcp(host: String, port: Int)
  case unix(path: String)
}

extension ListenAddress: CustomStringConvertible {
  /// As the file writes it.
  public var description: String {
    switch self {
    case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    case .unix(let path): "unix:\(path)"
    }
  }
}

/// PEM files, by absolute path. That they exist and are files is checked; their content is not.
public struct TLSFiles: Sendable, Equatable {
  public var certificate: Located<String> = ""
  public var key: Located<String> = ""

  public init() {}
}

/// Sizes are bytes.
public struct ServerLimits: Sendable, Equatable {
  public var requestLine = 8 * 1024
  public var head = 32 * 1024
  public var fields = 100
  public var body = 1024 * 1024
  /// Open connections; nil: derived from the descriptor limit.
  public var connections: Int?

  public init() {}
}

/// Tasks that handlers leave behind for after the answer.
public struct BackgroundLimits: Sendable, Equatable {
  /// Of one request.
  public var perRequest = 64
  /// Waiting or running in the whole process.
  public var total = 10_000

  public init() {}
}

public struct ServerTimeouts: Sendable, Equatable {
  public var head = Duration.seconds(10)
  public var bodyGrace = Duration.seconds(5)
  /// Bytes a second that a body must make after `bodyGrace`; 0 switches the rule off.
  public var bodyMinRate = 240
  public var keepAlive = Duration.seconds(60)
  public var exchange = Duration.seconds(60)
  public var drain = Duration.seconds(30)

  public init() {}
}

/// How plugins are asked whether they can serve.
public struct ServerHealth: Sendable, Equatable {
  /// From an answer to the next question.
  public var interval = Duration.seconds(5)
  /// No answer within it counts as a failure.
  public var timeout = Duration.seconds(2)

  public init() {}
}

/// An address block, `10.0.0.0/8` or `2001:db8::/32`, as 128 bits; IPv4 in the mapped form `::ffff:a.b.c.d`.
public struct Network: Sendable, Hashable {
  public var high: UInt64
  public var low: UInt64
  /// Leading bits that count, of 128: 96 more than an IPv4 block's own number.
  public var prefix: Int

  public init(high: UInt64, low: UInt64, prefix: Int) {
    self.high = high
    self.low = low
    self.prefix = prefix
  }
}

/// Where the running gateway can be asked and told things.
public enum AdminSocket: Sendable, Hashable {
  /// A path that follows from the configuration's.
  case standard
  case path(String)
  case off
}
