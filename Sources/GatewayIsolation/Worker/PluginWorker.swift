import CWorkerProcess
import GatewayPluginHost
import Glibc
import NIOCore
import NIOPosix

/// The process that an isolated plugin lives in: it opens the library, and is its host.
public enum PluginWorker {
  /// Serves the gateway at the other end of descriptors 3, 4, ... until that goes or says so. Does not return.
  ///
  /// - Parameter metrics: says which names and labels can be; values are the gateway's.
  public static func run(connections: Int, metrics: any PluginMetrics) -> Never {
    guard (1...4096).contains(connections) else { end("this command is for the gateway alone") }
    for descriptor in 3..<(3 + Int32(connections)) {
      guard fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0 else { end("this command is for the gateway alone") }
    }
    // A process that is only asked has no shared memory.
    for descriptor in (3 + Int32(connections))..<(3 + 3 * Int32(connections)) { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
    signal(SIGPIPE, SIG_IGN)
    // What the plugin prints is seen line by line.
    wp_write_lines()
    guard let setup = readSetup() else { exit(0) }
    var limits = wp_limits(
      memory: setup.limits.memory ?? 0, cpu: setup.limits.cpu ?? 0, descriptors: setup.limits.descriptors ?? 0,
      processes: setup.limits.processes ?? -1)
    // Before there is a thread, and before a byte of the plugin is mapped.
    if let what = wp_confine(setup.parent, &limits) {
      end("cannot \(String(cString: what)): \(String(cString: strerror(errno)))")
    }
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let loop = group.next()
    let worker = WorkerHost(setup, loop, metrics)
    guard let services = HostTable.shared.register([loop], worker.services)?.first else { end("no event loop") }
    worker.loopServices = services
    open(setup, worker)
    loop.execute { worker.serve(connections) }
    while true { pause() }
  }

  /// Opens the library and says what it offers. On the start-up thread, as in a gateway.
  private static func open(_ setup: WorkerSetup, _ worker: WorkerHost) {
    var loader = PluginLoader(host: HostTable.shared.pointer)
    var frame = ByteBuffer()
    var problems: [PluginProblem] = []
    guard let digest = FileDigest(setup.digest) else { end("the gateway names no content") }
    switch loader.open(copy: setup.path, digest: digest, name: setup.name) {
    case .success(let plugin):
      worker.plugin = plugin
      frame.writeFrame(WorkerFrame.opened.rawValue) { PluginDescription(plugin).write(to: &$0) }
    case .failure(let error): problems = error.problems
    }
    if worker.plugin == nil { frame.writeFrame(WorkerFrame.refused.rawValue) { ProblemCoding.write(problems, to: &$0) } }
    guard frame.readableBytes - Frame.headSize <= Frame.limit else { end("the plugin describes itself in too many words") }
    frame.withUnsafeReadableBytes { writeAll($0) }
    if worker.plugin == nil || setup.isQuestion { exit(0) }
  }

  private static func readSetup() -> WorkerSetup? {
    func read(_ count: Int) -> [UInt8]? {
      var bytes = [UInt8](repeating: 0, count: count)
      var filled = 0
      while filled < count {
        let got = bytes.withUnsafeMutableBytes { Glibc.read(3, $0.baseAddress.map { $0 + filled }, count - filled) }
        if got == 0 || (got < 0 && errno != EINTR) { return nil }
        filled += max(0, got)
      }
      return bytes
    }
    guard let bytes = read(Frame.headSize), let head = try? bytes.withUnsafeBytes({ try Frame.head(of: $0) }),
      head.kind == GatewayFrame.setup.rawValue, head.length < 1 << 20, let payload = read(head.length)
    else { return nil }
    return try? payload.withUnsafeBytes { try WorkerSetup($0) }
  }

  private static func writeAll(_ bytes: UnsafeRawBufferPointer) {
    var rest = bytes
    while !rest.isEmpty {
      let count = write(3, rest.baseAddress, rest.count)
      if count < 0, errno == EINTR { continue }
      // The gateway has gone.
      guard count > 0 else { exit(0) }
      rest = UnsafeRawBufferPointer(rebasing: rest[count...])
    }
  }

  private static func end(_ reason: String) -> Never {
    var text = "plugin worker: \(reason)\n"
    text.withUTF8 { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
    exit(1)
  }
}
