import GatewayConfiguration
import GatewayHTTP
import GatewayJSON
import GatewayPluginHost
import GatewayServer
import Glibc
import Logging
import NIOCore

/// Where the admin socket of a configuration is.
public enum AdminPath {
  /// Below a folder of this user, named after the file's absolute path, so that whoever names the same file finds it.
  public static func standard(for configuration: String) -> String {
    var absolute = configuration
    if let resolved = realpath(configuration, nil) {
      absolute = String(cString: resolved)
      free(resolved)
    }
    var text = absolute
    let digest = text.withUTF8 { FileDigest(of: UnsafeRawBufferPointer($0)) }
    return "\(folder)/\(digest.hex.prefix(16)).sock"
  }

  static var folder: String { PrivateFolder.ofUser() + "/admin" }

  /// Nil: the file wants none.
  static func path(_ option: AdminSocket, for configuration: String) -> String? {
    switch option {
    case .standard: standard(for: configuration)
    case .path(let path): path
    case .off: nil
    }
  }

  /// As the file says it, also where it has mistakes.
  public static func find(for configuration: String, changes: EnvironmentChanges) -> String? {
    let read = GatewayLoader.read(path: configuration, changes)
    return path(read.file?.server.admin ?? .standard, for: configuration)
  }
}

/// The gateway's side of `gateway status` and `gateway plugin list`: HTTP/1.1 with JSON on a Unix socket of this user.
struct AdminServer {
  private let server: Server

  /// Nil with a line in the log where it cannot be: the gateway serves without it.
  static func start(_ path: String, _ reloader: Reloader, group: any EventLoopGroup, _ logger: Logger) async -> AdminServer? {
    func refuse(_ error: String, _ remedy: String) {
      logger.warning("no admin socket", metadata: ["path": "\(path)", "error": "\(error)", "remedy": "\(remedy)"])
    }
    if path.hasPrefix(AdminPath.folder + "/") {
      do throws(PrivateFolder.Problem) { try PrivateFolder.make(AdminPath.folder) } catch {
        refuse(error.description, error.remedy)
        return nil
      }
    }
    var configuration = ServerConfiguration()
    configuration.maxConnections = 64
    do throws(ListenError) {
      let server = try await Server.start(
        [Listener(.unix(path: path, mode: 0o600))], configuration: configuration, group: group,
        responder: { _ in AdminResponder(reloader) })
      logger.info("admin socket", metadata: ["path": "\(path)"])
      return AdminServer(server: server)
    } catch {
      refuse(error.message, error.remedy ?? "set `server.admin` to another path, or to false")
      return nil
    }
  }

  func stop() async { _ = await server.drain(within: .seconds(1)) }
}

/// Answers on one loop.
private final class AdminResponder: Responder {
  private let reloader: Reloader

  init(_ reloader: Reloader) { self.reloader = reloader }

  func respond(to head: RequestHead, on stream: any ResponseStream) {
    let request = AdminRequest(method: head.methodText, target: head.text(head.pathAndQuery))
    let consumer = AdminConsumer()
    stream.consumer = consumer
    // The stream keeps no consumer: the box does, until the answer is out.
    let exchange = NIOLoopBound((stream: stream, consumer: consumer), eventLoop: stream.eventLoop)
    let reloader = reloader
    Task {
      let (status, body) = await request.answer(by: reloader)
      exchange.eventLoop.execute {
        guard !exchange.value.consumer.isOver else { return }
        var fields = FieldLines()
        fields.append("content-type", "application/json")
        fields.append("cache-control", "no-store")
        if status == 405 { fields.append("allow", request.target == "/status" || request.target == "/plugins" ? "GET" : "POST") }
        exchange.value.stream.send(status: status, fields: fields, body: ByteBuffer(bytes: body + [UInt8(ascii: "\n")]))
      }
    }
  }

  func response(to error: HTTPError, peer: IPAddress?, isTLS: Bool) -> LocalResponse {
    ErrorResponder(shape: .detail).response(to: error)
  }
}

/// Follows a stream whose request has no body that matters. Used on its loop.
private final class AdminConsumer: StreamConsumer {
  var isOver = false
  func requestBody(_ body: ByteBuffer) {}
  func requestPart(_ part: ByteBuffer) {}
  func requestEnd(trailers: FieldLines?) {}
  func requestFailed(_ error: HTTPError) {}
  func writable() {}
  func clientGone() { isOver = true }
  func streamEnded() { isOver = true }
  func tick(_ now: NIODeadline) {}
}

/// What is asked of a running gateway.
struct AdminRequest: Sendable {
  var method: String
  var target: String

  enum Action: Equatable {
    case status, plugins
    case reload(ReloadRequest)
    case wrongMethod, unknown
  }

  var action: Action {
    let parts = target.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map(String.init)
    func post(_ request: ReloadRequest) -> Action { method == "POST" ? .reload(request) : .wrongMethod }
    switch parts.count {
    case 1 where parts[0] == "status": return method == "GET" ? .status : .wrongMethod
    case 1 where parts[0] == "plugins": return method == "GET" ? .plugins : .wrongMethod
    case 1 where parts[0] == "reload": return post(.everything)
    case 3 where parts[0] == "plugins" && parts[2] == "reload": return post(.plugins([parts[1]]))
    case 3 where parts[0] == "plugins" && parts[2] == "rollback": return post(.rollback(parts[1]))
    default: return .unknown
    }
  }

  func answer(by reloader: Reloader) async -> (status: UInt16, body: [UInt8]) {
    switch action {
    case .status: return (200, await reloader.statusJSON())
    case .plugins: return (200, await reloader.pluginsJSON())
    case .reload(let request):
      let report = await reloader.reload(request)
      return (report.outcome == .refused ? 409 : 200, Array(report.jsonWithText.utf8))
    case .wrongMethod: return (405, Self.error("\(method) is not for \(target)"))
    case .unknown:
      return (
        404,
        Self.error(
          "there is GET /status, GET /plugins, POST /reload, POST /plugins/NAME/reload and POST /plugins/NAME/rollback")
      )
    }
  }

  static func error(_ text: String) -> [UInt8] {
    var json = JSONWriter()
    json.beginObject()
    json.name("detail" as StaticString)
    json.string(text)
    json.endObject()
    return json.bytes
  }
}
