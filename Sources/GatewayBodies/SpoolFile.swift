import Atomics
import Glibc
import NIOCore

/// An open file without a name, mode 0600; its space is free again with the last reference, also when the process is
/// killed.
public final class SpoolFile: Sendable {
  public let descriptor: Int32

  /// Opens the file anew, inside this process and as long as this object lives. `linkat` with AT_SYMLINK_FOLLOW gives
  /// the file a name, where its file system has O_TMPFILE; `rename` cannot.
  public var path: String { "/proc/self/fd/\(descriptor)" }

  private let directory: SpoolDirectory
  /// Bytes reserved of the directory's.
  private let reserved = ManagedAtomic(0)

  private init(descriptor: Int32, directory: SpoolDirectory) {
    self.descriptor = descriptor
    self.directory = directory
  }

  deinit {
    close(descriptor)
    directory.release(reserved.load(ordering: .relaxed))
    directory.releaseFile()
  }

  /// Blocks: for a thread that may.
  static func create(in directory: SpoolDirectory) throws(SpoolFailure) -> SpoolFile {
    try directory.reserveFile()
    var descriptor = open(directory.path, Self.temporary | O_RDWR | O_CLOEXEC, 0o600)
    if descriptor < 0, errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL {
      descriptor = createAndUnlink(directory.path)
    }
    guard descriptor >= 0 else {
      let code = errno
      directory.releaseFile()
      throw .errno("open", code)
    }
    return SpoolFile(descriptor: descriptor, directory: directory)
  }

  /// O_TMPFILE, which Glibc shows to GNU sources only.
  private static let temporary = 0o20_000_000 | O_DIRECTORY

  /// For file systems without O_TMPFILE (overlayfs before Linux 6.3, NFS). O_EXCL refuses a name that somebody laid
  /// out, symbolic links included.
  static func createAndUnlink(_ directory: String) -> Int32 {
    for _ in 0..<8 {
      let name = "\(directory)/.gateway-spool-\(UInt64.random(in: 0...UInt64.max))"
      let descriptor = open(name, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0o600)
      if descriptor >= 0 { unlink(name) }
      if descriptor >= 0 || errno != EEXIST { return descriptor }
    }
    return -1
  }

  /// Writes all of `bytes`. Blocks.
  func write(_ bytes: ByteBuffer, at offset: Int) throws(SpoolFailure) {
    let count = bytes.readableBytes
    try directory.reserve(count)
    reserved.wrappingIncrement(by: count, ordering: .relaxed)
    let failure: Int32? = bytes.withUnsafeReadableBytes { source in
      guard let base = source.baseAddress else { return nil }
      var done = 0
      while done < count {
        // Reads at most `count - done` bytes from `done`, inside the buffer.
        let wrote = pwrite(descriptor, base + done, count - done, off_t(offset + done))
        if wrote < 0 {
          if errno == EINTR { continue }
          return errno
        }
        if wrote == 0 { return ENOSPC }
        done += wrote
      }
      return nil
    }
    if let failure { throw .errno("pwrite", failure) }
  }

  /// Up to `count` bytes from `offset`; empty at the end. Blocks where the file is not in the page cache.
  public func read(at offset: Int, count: Int) throws(SpoolFailure) -> ByteBuffer {
    var buffer = ByteBuffer()
    var failure: Int32?
    buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: max(count, 0)) { space in
      while true {
        // Writes at most `count` bytes, for which there is room.
        let got = pread(descriptor, space.baseAddress, max(count, 0), off_t(max(offset, 0)))
        if got >= 0 { return got }
        if errno == EINTR { continue }
        failure = errno
        return 0
      }
    }
    if let failure { throw .errno("pread", failure) }
    return buffer
  }
}
