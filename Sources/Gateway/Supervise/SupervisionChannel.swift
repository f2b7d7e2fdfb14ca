import Glibc

/// One end of the socket between a supervisor and its gateway. Packets are small and few; who reads seldom loses none.
struct SupervisionChannel: Sendable {
  let descriptor: Int32

  static func pair() -> (ours: SupervisionChannel, theirs: SupervisionChannel)? {
    var ends: [Int32] = [-1, -1]
    let kind = Int32(SOCK_SEQPACKET.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else { return nil }
    // The list of functions may be longer than what a socket takes by default.
    var size = Int32(2 * SupervisionMessage.capacity)
    for end in ends { setsockopt(end, SOL_SOCKET, SO_SNDBUF, &size, socklen_t(MemoryLayout<Int32>.size)) }
    return (SupervisionChannel(descriptor: ends[0]), SupervisionChannel(descriptor: ends[1]))
  }

  /// A descriptor that was inherited; nil where it is no such socket.
  init?(inherited descriptor: Int32) {
    var kind: Int32 = 0
    var length = socklen_t(MemoryLayout<Int32>.size)
    guard getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &kind, &length) == 0, kind == Int32(SOCK_SEQPACKET.rawValue),
      fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0
    else { return nil }
    self.descriptor = descriptor
  }

  private init(descriptor: Int32) { self.descriptor = descriptor }

  func close() { _ = Glibc.close(descriptor) }

  /// Does not wait: false where the other end is gone or does not read.
  @discardableResult
  func send(_ message: SupervisionMessage) -> Bool {
    let bytes = message.bytes
    return Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
      == bytes.count
  }

  /// The next packet that is there; nil where none is, or it is not one of ours.
  func receive() -> Received {
    var bytes = [UInt8](repeating: 0, count: SupervisionMessage.capacity)
    while true {
      let count = recv(descriptor, &bytes, bytes.count, Int32(MSG_DONTWAIT))
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return .nothing }
      return SupervisionMessage(Array(bytes[..<count])).map { .message($0) } ?? .garbage
    }
  }

  enum Received {
    case nothing
    case message(SupervisionMessage)
    case garbage
  }
}
