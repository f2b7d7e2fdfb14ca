import Foundation
import NIOCore

/// A plain blocking client over a real socket, for what only a kernel can show: resets, half-closed connections,
/// back-pressure. Every wait ends after ten seconds; then what was received so far is the answer.
final class Client {
  private var descriptor: CInt

  struct Failure: Error, CustomStringConvertible { var description: String }

  init(_ address: SocketAddress, receiveBuffer: CInt? = nil) throws {
    let family =
      switch address {
      case .v4: AF_INET
      case .v6: AF_INET6
      case .unixDomainSocket: AF_UNIX
      }
    descriptor = socket(family, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw Failure(description: "socket: \(errno)") }
    var wait = timeval(tv_sec: 60, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &wait, socklen_t(MemoryLayout<timeval>.size))
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &wait, socklen_t(MemoryLayout<timeval>.size))
    if var receiveBuffer {
      setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, socklen_t(MemoryLayout<CInt>.size))
    }
    let descriptor = descriptor
    guard address.withSockAddr({ connect(descriptor, $0, socklen_t($1)) }) == 0 else {
      let code = errno
      close()
      throw Failure(description: "connect: \(String(cString: strerror(code)))")
    }
  }

  deinit { close() }

  /// The number of bytes the kernel took.
  @discardableResult
  func send(_ text: String) -> Int {
    let bytes = Array(text.utf8)
    var sent = 0
    while sent < bytes.count {
      let count = bytes[sent...].withUnsafeBytes {
        Glibc.send(descriptor, $0.baseAddress, $0.count, noSignal)
      }
      guard count > 0 else { break }
      sent += count
    }
    return sent
  }

  enum Received: Equatable { case bytes([UInt8]), end, reset, nothing }

  func receive(upTo count: Int = 64 * 1024) -> Received {
    var part = [UInt8](repeating: 0, count: count)
    let result = recv(descriptor, &part, count, 0)
    if result > 0 { return .bytes(Array(part[..<result])) }
    if result == 0 { return .end }
    return errno == ECONNRESET || errno == EPIPE ? .reset : .nothing
  }

  /// Reads until `text` has come or the connection is over.
  func receive(until text: String) -> String {
    var all: [UInt8] = []
    while !String(decoding: all, as: UTF8.self).contains(text) {
      guard case .bytes(let part) = receive() else { break }
      all += part
    }
    return String(decoding: all, as: UTF8.self)
  }

  /// Reads to the end; how it ended comes second.
  func receiveAll() -> (String, Received) {
    var all: [UInt8] = []
    while true {
      let next = receive()
      guard case .bytes(let part) = next else { return (String(decoding: all, as: UTF8.self), next) }
      all += part
    }
  }

  func finishSending() { shutdown(descriptor, CInt(SHUT_WR)) }

  func close() {
    if descriptor >= 0 { Glibc.close(descriptor) }
    descriptor = -1
  }

  /// Closes with a reset, as a client that crashed behind a firewall looks.
  func reset() {
    var option = linger(l_onoff: 1, l_linger: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    close()
  }
}

private let noSignal: CInt = 0x4000  // MSG_NOSIGNAL

/// Runs blocking work on a thread of its own, so that it holds up neither tests nor loops.
func blocking<T: Sendable>(_ work: @escaping @Sendable () throws -> T) async throws -> T {
  try await withCheckedThrowingContinuation { continuation in
    Thread.detachNewThread { continuation.resume(with: Result(catching: work)) }
  }
}
