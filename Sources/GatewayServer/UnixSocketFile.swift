import Glibc
import NIOCore

/// The file of a Unix listener: made way for when a dead process left it, removed at the end if it is still ours.
struct UnixSocketFile: Sendable {
  private let path: String
  private let device: dev_t
  private let inode: ino_t

  /// Remembers the file's identity just after it was bound; nil where it has already gone.
  init?(_ path: String) {
    var status = stat()
    guard lstat(path, &status) == 0 else { return nil }
    self.path = path
    device = status.st_dev
    inode = status.st_ino
  }

  /// Removes the file unless something else (a successor's socket) took its path.
  func remove() {
    var status = stat()
    guard lstat(path, &status) == 0, status.st_dev == device, status.st_ino == inode else { return }
    _ = unlink(path)
  }

  /// Removes a socket that nobody listens on any more; refuses everything else that has the path.
  static func clear(_ path: String, for target: SocketAddress, at address: ListenAddress) throws(ListenError) {
    var status = stat()
    guard lstat(path, &status) == 0 else {
      if errno == ENOENT { return }
      throw failure(errno, path: path, at: address)
    }
    guard status.st_mode & S_IFMT == S_IFSOCK else {
      throw ListenError(
        .badPath, address: address.description, message: "the path is taken by something that is not a socket",
        remedy: "choose another path; the gateway removes only sockets that nobody listens on")
    }
    let flags = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue) | CInt(SOCK_NONBLOCK.rawValue)
    let probe = socket(AF_UNIX, flags, 0)
    guard probe >= 0 else { throw ListenError(errno, address, "socket") }
    defer { _ = close(probe) }
    let result = target.withSockAddr { connect(probe, $0, socklen_t($1)) }
    if result == 0 || errno == EAGAIN || errno == EINPROGRESS {  // EAGAIN: it listens and its backlog is full.
      throw ListenError(
        .inUse, address: address.description, message: "another process already listens there",
        remedy: "find it with `ss -lxp 'src = \(path)'`, or choose another path")
    }
    guard errno == ECONNREFUSED else { throw failure(errno, path: path, at: address) }
    guard unlink(path) == 0 || errno == ENOENT else { throw failure(errno, path: path, at: address) }
  }

  static func failure(_ code: CInt, path: String, at address: ListenAddress) -> ListenError {
    switch code {
    case EADDRINUSE:
      ListenError(.inUse, address: address.description, message: "another process took the path just now")
    case EACCES, EPERM, EROFS:
      ListenError(
        .permission, address: address.description, message: "this user may not make a socket there",
        remedy: "check the permissions of the directory")
    case ENOENT, ENOTDIR:
      ListenError(
        .badPath, address: address.description, message: "the directory does not exist", remedy: "create it first")
    default:
      ListenError(code, address, "bind")
    }
  }
}
