import CGatewayPlugin
import Dispatch
import GatewayConfiguration
import GatewayPluginHost
import GatewayServer
import GatewayTelemetry
import Glibc
import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix

/// `gateway run`: from a file's name to an exit code.
public enum GatewayProcess {
  /// What the process ends with.
  public enum ExitCode: Int32, Sendable {
    case clean = 0
    /// The configuration has mistakes; they were printed.
    case configuration = 1
    /// The configuration is fine, but something it needs is not: a port, a dependency, a descriptor limit.
    case start = 2
    /// Stopped, but requests had to be cut off or something did not end cleanly.
    case unclean = 3
  }

  /// Serves until a signal ends it. Blocks the calling thread: everything happens on the event loops and in tasks.
  ///
  /// - Parameter serving: called once, as soon as requests are served, with what replaces plugins and configuration.
  public static func run(
    path: String, changes: EnvironmentChanges = EnvironmentChanges(), isColored: Bool,
    serving: @escaping @Sendable (Reloader) -> Void = { _ in }
  ) -> ExitCode {
    let result = NIOLockedValueBox(ExitCode.start)
    let done = DispatchSemaphore(value: 0)
    Task {
      let code = await serve(Reloader.Source(path: path, changes: changes), isColored: isColored, serving)
      result.withLockedValue { $0 = code }
      done.signal()
    }
    done.wait()
    return result.withLockedValue { $0 }
  }

  private static func serve(
    _ source: Reloader.Source, isColored: Bool, _ serving: @Sendable (Reloader) -> Void
  ) async -> ExitCode {
    // Loops first: plugins learn of them when they are opened.
    let read = GatewayLoader.read(path: source.path, source.changes)
    let workers = read.file?.server.workers ?? System.coreCount
    let group = MultiThreadedEventLoopGroup(numberOfThreads: max(1, workers))
    guard let loops = LoopGroup(group) else {
      Complaint.write("gateway: more event loops than plugins can name\n")
      return .start
    }
    let loaded = GatewayLoader.assemble(read, .serve)
    let text = loaded.text(isColored: isColored)
    if !text.isEmpty { Complaint.write(text) }
    guard let file = loaded.file, let snapshot = loaded.snapshot else { return .configuration }
    return await serve(source, loaded, file, snapshot, group, loops, serving)
  }

  private static func serve(
    _ source: Reloader.Source, _ loaded: LoadedGateway, _ file: GatewayFile, _ snapshot: Snapshot,
    _ group: MultiThreadedEventLoopGroup, _ loops: LoopGroup, _ serving: @Sendable (Reloader) -> Void
  ) async -> ExitCode {
    let writer: LogWriter
    do {
      writer = try LogWriter(
        .standardError, droppedLine: { count, _ in ByteBuffer(string: "{\"message\":\"\(count) lines were lost\"}\n") },
        onProblem: { _ in })
    } catch {
      Complaint.write("gateway: \(error)\n")
      return .start
    }
    let secrets = KnownSecrets(file.secrets)
    let logger = Logger(label: "gateway") { _ in ProcessLogHandler(writer: writer, secrets: secrets) }
    defer { _ = writer.close(within: .seconds(2)) }

    let threads = file.server.blocking.threads ?? max(4, System.coreCount)
    let blocking = BlockingPool(
      threads: threads, queue: file.server.blocking.queue, extraThreads: file.server.blocking.extraThreads,
      onEvent: { logger.log($0) })
    if let watchdog = file.server.watchdog {
      do {
        try loops.watch(Watchdog.Options(watchdog)) { logger.log($0) }
      } catch {
        // Not a reason not to serve.
        logger.warning("event loops are not watched", metadata: ["error": "\(error)"])
      }
    }
    defer { loops.unwatch() }
    // Never in silence: what stands in for a dependency may be meant for a test.
    if !snapshot.overridden.isEmpty {
      let count = snapshot.overridden.count
      logger.warning(
        "\(count) \(count == 1 ? "dependency" : "dependencies") overridden",
        metadata: ["dependencies": "\(snapshot.overridden.joined(separator: ", "))"])
    }
    // Before anything is started, so that a signal during the start ends it in order too.
    let stopping = StopRequests()
    let running = NIOLockedValueBox<Reloader?>(nil)
    let signals = SignalSource { signal in
      switch signal {
      case .stop:
        if stopping.ask() == .again {
          Complaint.write("gateway: stopped at once\n")
          _exit(ExitCode.unclean.rawValue)
        }
      case .reopenLogs:
        for snapshot in running.withLockedValue({ $0?.instance.snapshots }) ?? [snapshot] { snapshot.reopenLogs() }
        logger.info("log files opened again")
      case .reload:
        guard let reloader = running.withLockedValue({ $0 }) else {
          logger.warning("nothing is reloaded: the gateway is still starting")
          return
        }
        Task { _ = await reloader.reload(.everything) }
      }
    }
    defer { signals.cancel() }

    let instance: Instance
    do {
      instance = try await Instance.start(snapshot, loops: loops, blocking: blocking, logger: logger)
    } catch {
      logger.critical("cannot start", metadata: ["error": "\(error)"])
      return .start
    }

    let server: Server
    do {
      server = try await Server.start(
        loaded.listeners, configuration: ServerConfiguration(file.server), group: group,
        onEvent: { logger.log($0) },
        responder: { loop in instance.responder(on: loop) ?? UnavailableResponder() })
    } catch {
      logger.critical("cannot listen", metadata: ["error": "\(error)"])
      _ = await instance.stop()
      return .start
    }
    let reloader = Reloader(source, serving: loaded, by: instance, secrets: secrets, logger: logger)
    running.withLockedValue { $0 = reloader }
    var admin: AdminServer?
    if let reloader, let path = AdminPath.path(file.server.admin, for: source.path) {
      admin = await AdminServer.start(path, reloader, group: group, logger)
    }
    for endpoint in server.endpoints {
      logger.info(
        "listening",
        metadata: [
          "address": "\(endpoint.listener)", "bound": "\(endpoint.bound.text)", "tls": "\(endpoint.isTLS)",
        ])
    }
    logger.info(
      "ready",
      metadata: [
        "routes": "\(snapshot.routes.count)", "plugins": "\(snapshot.plugins.count)",
        "loops": "\(loops.members.count)", "max_connections": "\(server.maxConnections)",
      ])

    if let reloader { serving(reloader) }

    await stopping.first()
    let drain = await reloader?.file.server.timeouts.drain ?? file.server.timeouts.drain
    logger.info("stopping", metadata: ["drain": "\(drain)"])
    instance.beginDrain()
    let began = NIODeadline.now()
    let drained = await server.drain(within: TimeAmount(drain))
    if drained.aborted > 0 {
      logger.warning("requests were cut off", metadata: ["count": "\(drained.aborted)"])
    }
    await reloader?.close()
    // What is left of the time is for background tasks.
    let left = max(TimeAmount(drain) - (.now() - began), .zero)
    let problems = await instance.stop(within: .seconds(5), drain: left)
    await admin?.stop()
    for problem in problems { logger.error("did not end cleanly", metadata: ["error": "\(problem)"]) }
    await loops.close()
    for snapshot in instance.snapshots { snapshot.closeLogs() }
    logger.info("stopped")
    return drained.aborted == 0 && problems.isEmpty ? .clean : .unclean
  }
}

/// Counts requests to stop, and lets one task wait for the first.
final class StopRequests: Sendable {
  enum Answer { case first, again }

  private struct State {
    var isAsked = false
    var waiting: CheckedContinuation<Void, Never>?
  }

  private let state = NIOLockedValueBox(State())

  func ask() -> Answer {
    let (answer, waiting) = state.withLockedValue { state -> (Answer, CheckedContinuation<Void, Never>?) in
      defer {
        state.isAsked = true
        state.waiting = nil
      }
      return (state.isAsked ? .again : .first, state.waiting)
    }
    waiting?.resume()
    return answer
  }

  func first() async {
    await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
      let isAsked = state.withLockedValue { state in
        if !state.isAsked { state.waiting = continuation }
        return state.isAsked
      }
      if isAsked { continuation.resume() }
    }
  }
}

extension Logger.Level {
  init(_ level: gw_log_level) {
    switch level {
    case GW_LOG_DEBUG: self = .debug
    case GW_LOG_WARNING: self = .warning
    case GW_LOG_ERROR: self = .error
    default: self = .info
    }
  }
}

extension Logger {
  func log(_ event: ServerEvent) {
    switch event {
    case .acceptPaused(let address, let reason):
      error("accepting paused", metadata: ["address": "\(address)", "error": "\(reason)"])
    case .connectionsExhausted(let address, let limit):
      warning("connection limit reached", metadata: ["address": "\(address)", "limit": "\(limit)"])
    case .acceptResumed(let address): info("accepting again", metadata: ["address": "\(address)"])
    case .listenerFailed(let address, let reason):
      error("listener failed, opening it again", metadata: ["address": "\(address)", "error": "\(reason)"])
    }
  }
}

extension SocketAddress {
  /// Host and port, or the path of a Unix socket.
  var text: String {
    switch self {
    case .unixDomainSocket: "unix:\(pathname ?? "")"
    default:
      (ipAddress.map { $0.contains(":") ? "[\($0)]" : $0 } ?? "?") + ":\(port ?? 0)"
    }
  }
}
