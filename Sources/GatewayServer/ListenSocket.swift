import Glibc
import NIOCore

/// A listener's bound sockets, one descriptor for each event loop, so that a connection is accepted, served and closed
/// on one thread.
///
/// Opened here and not by NIO's bootstrap because the order matters: the first socket is bound without SO_REUSEPORT,
/// so that an address which another process serves is refused instead of silently shared with it, and shares only
/// afterwards with the sockets of the other loops.
struct ListenSocket: Sendable {
  let address: ListenAddress
  /// As bound: the port that the kernel chose where the listener asked for 0.
  let bound: SocketAddress
  /// One for each loop; owned by whoever holds this value, until `close`.
  let descriptors: [CInt]
  let file: UnixSocketFile?

  /// Binds every address of `address` and starts to listen.
  static func open(_ address: ListenAddress, loops: Int, backlog: CInt) throws(ListenError) -> [ListenSocket] {
    switch address {
    case .unix(let path, let mode):
      return [try openUnix(address, path: path, mode: mode, backlog: backlog)]
    case .tcp(let host, let port):
      return try openTCP(address, host: host, port: port, loops: loops, backlog: backlog)
    }
  }

  /// Closes the descriptors and removes the socket file, if it is still this listener's.
  func close() {
    for descriptor in descriptors { _ = Glibc.close(descriptor) }
    file?.remove()
  }
}

// MARK: Internet addresses

extension ListenSocket {
  private static func openTCP(
    _ address: ListenAddress, host: String, port: Int, loops: Int, backlog: CInt
  ) throws(ListenError) -> [ListenSocket] {
    var sockets: [ListenSocket] = []
    do throws(ListenError) {
      if host == "*" {
        // One socket for both families where the machine has IPv6 at all.
        do throws(ListenError) {
          sockets.append(try bind(address, host: "::", port: port, both: true, loops: loops, backlog: backlog))
        } catch where error.kind == .notAvailable {
          sockets.append(try bind(address, host: "0.0.0.0", port: port, both: false, loops: loops, backlog: backlog))
        }
        return sockets
      }
      var missing: ListenError?
      for candidate in try addresses(of: host, in: address) {
        do throws(ListenError) {
          // With port 0 a name's further addresses take the port the first one was given.
          let port = sockets.first?.bound.port ?? port
          sockets.append(try bind(address, host: candidate, port: port, both: false, loops: loops, backlog: backlog))
        } catch where error.kind == .notAvailable {
          missing = error  // A name may have an address this machine lacks: `localhost` without IPv6.
        }
      }
      if sockets.isEmpty, let missing { throw missing }
      return sockets
    } catch {
      sockets.forEach { $0.close() }
      throw error
    }
  }

  /// Numeric addresses of a host, which may be a name.
  private static func addresses(of host: String, in address: ListenAddress) throws(ListenError) -> [String] {
    var hints = addrinfo()
    hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
    hints.ai_flags = AI_PASSIVE
    var list: UnsafeMutablePointer<addrinfo>?
    let result = getaddrinfo(host, nil, &hints, &list)
    guard result == 0 else {
      throw ListenError(
        .unknownName, address: address.description,
        message: "the host '\(host)' has no address (\(String(cString: gai_strerror(result))))",
        remedy: "use an address of this machine, or `*` for all of them")
    }
    defer { freeaddrinfo(list) }
    var found: [String] = []
    var next = list
    while let info = next {
      var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
      if getnameinfo(
        info.pointee.ai_addr, info.pointee.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) == 0
      {
        let name = String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        if !found.contains(name) { found.append(name) }
      }
      next = info.pointee.ai_next
    }
    return found
  }

  private static func bind(
    _ address: ListenAddress, host: String, port: Int, both: Bool, loops: Int, backlog: CInt
  ) throws(ListenError) -> ListenSocket {
    var target: SocketAddress
    do { target = try SocketAddress(ipAddress: host, port: port) } catch {
      throw ListenError(.notAvailable, address: address.description, message: "'\(host)' is not an address")
    }
    var descriptors: [CInt] = []
    do throws(ListenError) {
      for index in 0..<max(1, loops) {
        let descriptor = try make(target, at: address)
        descriptors.append(descriptor)
        set(descriptor, SOL_SOCKET, SO_REUSEADDR, 1)
        // Accepted sockets inherit it, which saves a system call for each connection.
        set(descriptor, CInt(IPPROTO_TCP), TCP_NODELAY, 1)
        if case .v6 = target { set(descriptor, CInt(IPPROTO_IPV6), IPV6_V6ONLY, both ? 0 : 1) }
        if index > 0 { set(descriptor, SOL_SOCKET, SO_REUSEPORT, 1) }
        guard target.withSockAddr({ Glibc.bind(descriptor, $0, socklen_t($1)) }) == 0 else {
          throw failure(errno, address: address, target: target)
        }
        if index == 0 {
          set(descriptor, SOL_SOCKET, SO_REUSEPORT, 1)
          target = try localAddress(descriptor, at: address)
        }
      }
      for descriptor in descriptors where listen(descriptor, backlog) != 0 {
        throw failure(errno, address: address, target: target)
      }
    } catch {
      for descriptor in descriptors { _ = Glibc.close(descriptor) }
      throw error
    }
    return ListenSocket(address: address, bound: target, descriptors: descriptors, file: nil)
  }

  private static func localAddress(_ descriptor: CInt, at address: ListenAddress) throws(ListenError) -> SocketAddress {
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let result = withUnsafeMutablePointer(to: &storage) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
    }
    guard result == 0 else { throw ListenError(errno, address, "getsockname") }
    let isV6 = CInt(storage.ss_family) == AF_INET6
    return withUnsafePointer(to: storage) { pointer in
      if isV6 {
        pointer.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { SocketAddress($0.pointee) }
      } else {
        pointer.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { SocketAddress($0.pointee) }
      }
    }
  }

  private static func failure(_ code: CInt, address: ListenAddress, target: SocketAddress) -> ListenError {
    let port = target.port ?? 0
    switch code {
    case EADDRINUSE:
      return ListenError(
        .inUse, address: address.description, message: "another process already listens there",
        remedy: "find it with `ss -ltnp 'sport = :\(port)'`, or choose another port")
    case EACCES, EPERM:
      return ListenError(
        .permission, address: address.description,
        message: port > 0 && port < 1024 ? "ports below 1024 are reserved for privileged processes" : "not permitted",
        remedy: port > 0 && port < 1024
          ? "use a port from 1024 on, or grant CAP_NET_BIND_SERVICE to the process" : nil)
    case EADDRNOTAVAIL, EAFNOSUPPORT:
      return ListenError(
        .notAvailable, address: address.description, message: "this machine has no such address",
        remedy: "see its addresses with `ip address`, or use `*` for all of them")
    default:
      return ListenError(code, address, "bind")
    }
  }
}

// MARK: Unix sockets

extension ListenSocket {
  private static func openUnix(
    _ address: ListenAddress, path: String, mode: UInt16, backlog: CInt
  ) throws(ListenError) -> ListenSocket {
    let target: SocketAddress
    do { target = try SocketAddress(unixDomainSocketPath: path) } catch {
      throw ListenError(
        .badPath, address: address.description, message: "the path is longer than a Unix socket's may be (107 bytes)")
    }
    try UnixSocketFile.clear(path, for: target, at: address)
    let first = try make(target, at: address)
    do throws(ListenError) {
      guard target.withSockAddr({ Glibc.bind(first, $0, socklen_t($1)) }) == 0 else {
        throw UnixSocketFile.failure(errno, path: path, at: address)
      }
      // Before `listen`: until then nobody can connect, so the file is never open to more than `mode` allows.
      guard chmod(path, mode_t(mode)) == 0, listen(first, backlog) == 0 else {
        throw ListenError(errno, address, "chmod or listen")
      }
    } catch {
      _ = Glibc.close(first)
      throw error
    }
    // Unix sockets have no SO_REUSEPORT. Loops that shared one queue would wake each other for nothing, and NIO takes an
    // accept that another loop won for a fault: so the first loop accepts them all.
    return ListenSocket(address: address, bound: target, descriptors: [first], file: UnixSocketFile(path))
  }

  private static func make(_ target: SocketAddress, at address: ListenAddress) throws(ListenError) -> CInt {
    let flags = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue) | CInt(SOCK_NONBLOCK.rawValue)
    let family =
      switch target {
      case .v4: AF_INET
      case .v6: AF_INET6
      case .unixDomainSocket: AF_UNIX
      }
    let descriptor = socket(family, flags, 0)
    guard descriptor >= 0 else {
      if errno == EAFNOSUPPORT { throw failure(errno, address: address, target: target) }
      throw ListenError(errno, address, "socket")
    }
    return descriptor
  }

  private static func set(_ descriptor: CInt, _ level: CInt, _ name: CInt, _ value: CInt) {
    var value = value
    // None of these can fail on a fresh socket of the right family; what follows (bind) reports what matters.
    _ = setsockopt(descriptor, level, name, &value, socklen_t(MemoryLayout<CInt>.size))
  }
}

extension ListenError {
  /// For a system call that failed in a way no operator's mistake explains.
  init(_ code: CInt, _ address: ListenAddress, _ call: String) {
    if code == EMFILE || code == ENFILE {
      self.init(
        .descriptors, address: address.description, message: "no file descriptor is left",
        remedy: "raise the limit of open files (ulimit -n, LimitNOFILE= in a systemd unit)")
    } else {
      self.init(.system, address: address.description, message: "\(call): \(String(cString: strerror(code)))")
    }
  }
}
