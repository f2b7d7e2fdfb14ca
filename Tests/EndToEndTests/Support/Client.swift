import Foundation
import Glibc

/// A response as it came.
struct Answer {
  var status = 0
  var version = ""
  var fields: [(name: String, value: String)] = []
  var body: [UInt8] = []

  var text: String { String(decoding: body, as: UTF8.self) }

  /// The value of the field; several are joined as HTTP joins them.
  subscript(name: String) -> String? {
    let values = fields.filter { $0.name == name }.map(\.value)
    return values.isEmpty ? nil : values.joined(separator: ", ")
  }

  /// The body as a JSON object; empty when it is none.
  var json: [String: Any] { (try? JSONSerialization.jsonObject(with: Data(body))) as? [String: Any] ?? [:] }
  var jsonList: [[String: Any]] {
    (try? JSONSerialization.jsonObject(with: Data(body))) as? [[String: Any]] ?? []
  }
}

/// A socket with blocking calls and a limit of 20 s for each, for scripted bytes in both directions.
final class Wire {
  struct Failure: Error, CustomStringConvertible {
    let description: String
    init(_ what: String) { description = "\(what): \(String(cString: strerror(errno)))" }
  }

  let descriptor: Int32
  /// Kept alive as long as the wire: the process at its other end.
  var peer: Child?
  /// Received, and not yet read by the test.
  private var received: [UInt8] = []
  private var start = 0

  init(_ descriptor: Int32) {
    self.descriptor = descriptor
    var limit = timeval(tv_sec: 20, tv_usec: 0)
    for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
      setsockopt(descriptor, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
    }
  }

  deinit { close(descriptor) }

  convenience init(port: Int) throws {
    self.init(Socket.make(AF_INET))
    let descriptor = descriptor
    guard Socket.withAddress(port: port, { connect(descriptor, $0, $1) }) == 0 else { throw Failure("connect") }
    var on: Int32 = 1
    setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
  }

  convenience init(unixPath: String) throws {
    self.init(Socket.make(AF_UNIX))
    let descriptor = descriptor
    guard Socket.withAddress(path: unixPath, { connect(descriptor, $0, $1) }) == 0 else { throw Failure("connect") }
  }

  // MARK: write

  func send(_ text: String) throws { try send(Array(text.utf8)) }

  func send(_ bytes: [UInt8]) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      guard count > 0 else { throw Failure("send") }
      rest = rest.dropFirst(count)
    }
  }

  /// No more will be sent; what is received stays open.
  func finishSending() { shutdown(descriptor, Int32(SHUT_WR)) }

  /// From now on closing this socket resets the connection, as the kernel does for a process that died.
  func resetOnClose() {
    var linger = linger(l_onoff: 1, l_linger: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<linger>.size))
  }

  // MARK: read

  /// One more read; false at the end of the stream, also where it was reset.
  private func fill() throws -> Bool {
    var chunk = [UInt8](repeating: 0, count: 65536)
    let count = chunk.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress, $0.count, 0) }
    if count > 0 {
      if start == received.count {
        received.removeAll(keepingCapacity: true)
        start = 0
      }
      received += chunk[..<count]
      return true
    }
    if count < 0, errno != ECONNRESET { throw Failure("receive") }
    return false
  }

  /// A line without its end, or nil at the end of the stream.
  func line() throws -> String? {
    while true {
      if let end = received[start...].firstIndex(of: 10) {
        defer { start = end + 1 }
        return String(decoding: received[start..<end].filter { $0 != 13 }, as: UTF8.self)
      }
      guard try fill() else { return nil }
    }
  }

  func bytes(_ count: Int) throws -> [UInt8] {
    while received.count - start < count {
      guard try fill() else { throw Failure("\(received.count - start) bytes of \(count), then the end") }
    }
    defer { start += count }
    return Array(received[start..<start + count])
  }

  /// Everything until the peer closes.
  func rest() throws -> [UInt8] {
    while try fill() {}
    defer { start = received.count }
    return Array(received[start...])
  }

  /// Whether the peer closes now, with nothing further said.
  func isAtEnd() throws -> Bool {
    if start < received.count { return false }
    return try !fill()
  }

  /// Start line and fields, names in lower case.
  func head() throws -> (line: String, fields: [(name: String, value: String)])? {
    guard let first = try line() else { return nil }
    var fields: [(name: String, value: String)] = []
    while let line = try line(), !line.isEmpty {
      let parts = line.split(separator: ":", maxSplits: 1)
      fields.append(
        (parts[0].lowercased(), parts.count > 1 ? parts[1].trimmingCharacters(in: .whitespaces) : ""))
    }
    return (first, fields)
  }

  /// A whole response, framed as RFC 9112 section 6.3 has it.
  func answer(to method: String = "GET") throws -> Answer {
    guard let head = try head() else { throw Failure("no response") }
    let parts = head.line.split(separator: " ", maxSplits: 2)
    var answer = Answer()
    answer.version = String(parts[0])
    answer.status = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
    answer.fields = head.fields
    if method == "HEAD" || answer.status < 200 || answer.status == 204 || answer.status == 304 { return answer }
    if answer["transfer-encoding"] == "chunked" {
      while let size = try line(), let count = Int(size.prefix { $0 != ";" }, radix: 16), count > 0 {
        answer.body += try bytes(count)
        _ = try line()
      }
      while let trailer = try line(), !trailer.isEmpty {}
    } else if let length = answer["content-length"].flatMap({ Int($0) }) {
      answer.body = try bytes(length)
    } else {
      answer.body = try rest()
    }
    return answer
  }

  /// Sends a request and reads its response.
  func ask(
    _ method: String, _ target: String, fields: [String] = [], body: [UInt8]? = nil
  ) throws -> Answer {
    var head = "\(method) \(target) HTTP/1.1\r\nhost: gateway.example\r\n"
    for field in fields { head += "\(field)\r\n" }
    if let body { head += "content-length: \(body.count)\r\n" }
    try send(Array("\(head)\r\n".utf8) + (body ?? []))
    return try answer(to: method)
  }
}

extension Wire {
  func ask(_ target: String, fields: [String] = []) throws -> Answer { try ask("GET", target, fields: fields) }
}

/// A listening socket that the test plays the server on.
final class Backend {
  let port: Int
  private let descriptor: Int32

  /// - Parameter listens: without, connections to the port are refused, and nobody else gets it.
  init(listens: Bool = true) throws {
    let descriptor = Socket.make(AF_INET)
    self.descriptor = descriptor
    guard Socket.withAddress(port: 0, { bind(descriptor, $0, $1) }) == 0 else { throw Wire.Failure("bind") }
    if listens, listen(descriptor, 64) != 0 { throw Wire.Failure("listen") }
    port = try Socket.port(descriptor)
    var limit = timeval(tv_sec: 20, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
  }

  deinit { close(descriptor) }

  func accept() throws -> Wire {
    let accepted = Glibc.accept(descriptor, nil, nil)
    guard accepted >= 0 else { throw Wire.Failure("accept") }
    return Wire(accepted)
  }
}

enum Socket {
  static func make(_ family: Int32) -> Int32 {
    socket(family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
  }

  static func withAddress(port: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
    return withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    }
  }

  static func withAddress(path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
    return withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
    }
  }

  static func port(_ descriptor: Int32) throws -> Int {
    var address = sockaddr_in()
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let result = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &size) }
    }
    guard result == 0 else { throw Wire.Failure("getsockname") }
    return Int(in_port_t(bigEndian: address.sin_port))
  }
}
