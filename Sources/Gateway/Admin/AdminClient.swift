import GatewayJSON
import Glibc

/// Asks a gateway that runs on this machine, over its admin socket. Blocks: for commands.
public struct AdminClient: Sendable {
  public struct Failure: Error, CustomStringConvertible {
    public let description: String
  }

  public struct Answer: Sendable {
    public let status: Int
    /// JSON.
    public let body: [UInt8]

    public var isFine: Bool { status == 200 }

    /// The value of a member of type string, such as `text` of a reload's report.
    public func text(_ name: String) -> String? {
      guard case .object(let object)? = try? JSONValue(parsing: body), case .string(let text)? = object[name] else { return nil }
      return text
    }
  }

  public let path: String
  /// What a reload may take: plugins start, and may wait for what they need.
  private static let patience = 120

  public init(path: String) { self.path = path }

  /// - Parameters:
  ///   - configuration: the file that the gateway serves.
  ///   - socket: in place of the one that follows from it.
  public init(configuration: String, changes: EnvironmentChanges, socket: String?) throws(Failure) {
    if let socket {
      path = socket
    } else if let found = AdminPath.find(for: configuration, changes: changes) {
      path = found
    } else {
      throw Failure(description: "`\(configuration)` says `server.admin: false`: its gateway cannot be asked")
    }
  }

  public func ask(_ method: String, _ target: String) throws(Failure) -> Answer {
    let descriptor = try connected()
    defer { close(descriptor) }
    var limit = timeval(tv_sec: Self.patience, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    var request = "\(method) \(target) HTTP/1.1\r\nhost: gateway\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    let sent = request.withUTF8 { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    guard sent == request.utf8.count else { throw failure("it cannot be written to") }
    // The connection closes behind the answer, which our own server frames by its length.
    var received: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      let count = read(descriptor, &part, part.count)
      if count > 0 {
        received += part[..<count]
      } else if count == 0 {
        break
      } else if errno != EINTR {
        throw failure(errno == EAGAIN ? "it has not answered within \(Self.patience) s" : "it cannot be read from")
      }
    }
    return try Self.answer(in: received, path)
  }

  static func answer(in bytes: [UInt8], _ path: String) throws(Failure) -> Answer {
    let end = Array("\r\n\r\n".utf8)
    let start = Array("HTTP/1.1 ".utf8)
    guard bytes.starts(with: start), bytes.count >= 12, let status = Int(String(decoding: bytes[9..<12], as: UTF8.self)),
      let head = bytes.indices.first(where: { bytes[$0...].starts(with: end) })
    else { throw Failure(description: "what answers on `\(path)` is no gateway, or ended in the middle") }
    var body = Array(bytes[(head + end.count)...])
    if body.last == UInt8(ascii: "\n") { body.removeLast() }
    return Answer(status: status, body: body)
  }

  private func connected() throws(Failure) -> Int32 {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw failure("no socket can be made") }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let capacity = MemoryLayout.size(ofValue: address.sun_path)
    guard path.utf8.count < capacity else {
      close(descriptor)
      throw Failure(description: "the path `\(path)` is longer than a Unix socket's may be")
    }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    guard result == 0 else {
      let code = errno
      close(descriptor)
      guard code == ENOENT || code == ECONNREFUSED else {
        errno = code
        throw failure("it cannot be connected to")
      }
      throw Failure(
        description: "no gateway runs with this configuration as this user: nothing listens on `\(path)`; start it with "
          + "`gateway run`, or name its socket with --socket")
    }
    return descriptor
  }

  private func failure(_ what: String) -> Failure {
    Failure(description: "`\(path)`: \(what): \(String(cString: strerror(errno)))")
  }
}
