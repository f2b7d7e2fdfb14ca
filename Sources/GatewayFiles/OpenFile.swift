import Glibc
import NIOCore

/// A regular file, open for reading; closed with its last reference.
public final class OpenFile: Sendable {
  public let descriptor: Int32
  /// As it was when the file was opened.
  public let state: FileState

  /// Takes over `descriptor`.
  init(descriptor: Int32, state: FileState) {
    self.descriptor = descriptor
    self.state = state
  }

  deinit { close(descriptor) }

  /// Opens a path that the gateway's own side chose: symbolic links are followed. Blocks.
  public static func open(path: String) throws(FileRefusal) -> OpenFile {
    guard !path.utf8.contains(0) else { throw .notFound }
    // O_NONBLOCK: a FIFO without writer would hold the thread for ever.
    let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
    guard descriptor >= 0 else { throw FileRefusal(errno: errno) }
    return try judge(descriptor)
  }

  /// The file behind a fresh descriptor, which is closed where it is none.
  static func judge(_ descriptor: Int32) throws(FileRefusal) -> OpenFile {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      let code = errno
      close(descriptor)
      throw FileRefusal(errno: code)
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw status.st_mode & S_IFMT == S_IFDIR ? .directory : .notFound
    }
    return OpenFile(
      descriptor: descriptor,
      state: FileState(
        size: Int(status.st_size), modified: status.st_mtim.tv_sec, modifiedNanoseconds: status.st_mtim.tv_nsec))
  }

  /// Up to `count` bytes from `offset`; fewer at the end only, so fewer than the plan needs means that the file was cut
  /// meanwhile and the answer has to be aborted. Blocks where the file is not in the page cache.
  public func read(at offset: Int, count: Int) throws(FileRefusal) -> ByteBuffer {
    let count = max(count, 0)
    var buffer = ByteBuffer()
    var failure: Int32?
    buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { space in
      guard let base = space.baseAddress else { return 0 }
      var done = 0
      while done < count {
        // Writes at most `count - done` bytes from `done`, for which there is room.
        let got = pread(descriptor, base + done, count - done, off_t(max(offset, 0) + done))
        if got < 0 {
          if errno == EINTR { continue }
          failure = errno
          break
        }
        if got == 0 { break }
        done += got
      }
      return done
    }
    if let failure { throw FileRefusal(errno: failure) }
    return buffer
  }
}
