import Glibc

/// A regular file, open for reading; closed with its last reference.
public final class ReadableFile: Sendable {
  let descriptor: Int32
  public let identity: FileIdentity
  public let mode: mode_t
  let owner: uid_t
  let group: gid_t
  /// Bytes, when it was opened.
  public var size: UInt64 { identity.size }

  private init(descriptor: Int32, status: stat) {
    self.descriptor = descriptor
    identity = FileIdentity(status)
    mode = status.st_mode
    owner = status.st_uid
    group = status.st_gid
  }

  deinit { close(descriptor) }

  public enum Failure: Error, Equatable {
    /// `open(2)` or `fstat(2)` failed with this `errno`.
    case system(Int32)
    /// What it is instead.
    case notAFile(String)
  }

  public static func open(_ path: String) throws(Failure) -> ReadableFile {
    // O_NONBLOCK: a FIFO without writer would hold the start for ever.
    let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
    guard descriptor >= 0 else {
      // A socket cannot be opened at all.
      let code = errno
      throw code == ENXIO ? .notAFile("a socket or device") : .system(code)
    }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      let code = errno
      close(descriptor)
      throw .system(code)
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw .notAFile(Self.kind(status.st_mode))
    }
    return ReadableFile(descriptor: descriptor, status: status)
  }

  static func kind(_ mode: mode_t) -> String {
    switch mode & S_IFMT {
    case S_IFDIR: "a directory"
    case S_IFIFO: "a FIFO"
    case S_IFSOCK: "a socket"
    case S_IFCHR, S_IFBLK: "a device"
    default: "something that is not a regular file"
    }
  }

  func read(offset: UInt64, count: Int, _ part: @autoclosure () -> String) throws(ELFFault) -> [UInt8] {
    guard let start = Int(exactly: offset) else { throw .truncated(part: part(), needed: nil, size: size) }
    var failure: Int32?
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      guard let base = buffer.baseAddress else { return }
      while filled < count {
        // Writes at most `count - filled` bytes from `filled`, inside the capacity that was asked for.
        let got = pread(descriptor, base + filled, count - filled, start + filled)
        if got > 0 {
          filled += got
        } else if got == 0 {
          return
        } else if errno != EINTR {
          failure = errno
          return
        }
      }
    }
    if let failure { throw .unreadable(failure) }
    // The file shrank after it was opened.
    guard bytes.count == count else {
      throw .truncated(part: part(), needed: offset + UInt64(count), size: offset + UInt64(bytes.count))
    }
    return bytes
  }
}

/// Which file, and which state of it.
public struct FileIdentity: Sendable, Hashable {
  public let device: UInt64
  public let inode: UInt64
  /// Bytes.
  public let size: UInt64
  /// Last change of the content, nanoseconds since 1970.
  public let modified: Int64

  init(_ status: stat) {
    device = UInt64(status.st_dev)
    inode = UInt64(status.st_ino)
    size = UInt64(max(0, status.st_size))
    modified = Int64(status.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_mtim.tv_nsec)
  }

  /// Of what is at that path now, or nil where nothing is.
  init?(path: String) {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    self.init(status)
  }

  /// Whether both are one file, whatever became of its content.
  public func isSameFile(as other: FileIdentity) -> Bool { device == other.device && inode == other.inode }
}
