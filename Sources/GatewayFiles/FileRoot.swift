import Glibc

/// A directory whose files are served.
///
/// Every name on the way is opened by itself, relative to the one before and without following symbolic links. So no
/// spelling, no link and no rename during the walk leads out of the root: what was checked is what is opened.
/// The root itself may be reached through links; it is opened once and stays the directory it was then.
public final class FileRoot: Sendable {
  private let descriptor: Int32
  /// Served for a path that ends with `/`; nil: such a path is not found.
  public let index: String?
  /// Whether names that begin with a dot are served.
  public let dotFiles: Bool

  /// Blocks.
  public init(path: String, index: String? = "index.html", dotFiles: Bool = false) throws(FileRefusal) {
    guard !path.utf8.contains(0), index.map({ !$0.utf8.contains(0) && !$0.utf8.contains(UInt8(ascii: "/")) }) ?? true
    else { throw .notFound }
    let descriptor = Glibc.open(path, Self.pathOnly | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileRefusal(errno: errno) }
    self.descriptor = descriptor
    self.index = index
    self.dotFiles = dotFiles
  }

  deinit { close(descriptor) }

  /// O_PATH, which Glibc shows to GNU sources only: search permission is enough.
  private static let pathOnly: Int32 = 0o10_000_000

  /// Opens the file that a URL path means: percent-encoded, in its normal spelling, without its first `/`. At most 33
  /// names, so as many system calls twice over. Blocks where directories are not in memory.
  public func open(_ path: UnsafeRawBufferPointer) throws(FileRefusal) -> OpenFile {
    guard var path = FilePath(path, dotFiles: dotFiles) else { throw .notFound }
    if path.isDirectory {
      guard let index else { throw .notFound }
      path.append(index)
    }
    var directory = descriptor
    defer { if directory != descriptor { close(directory) } }
    for name in path.names.dropLast() {
      let next = openat(directory, name, Self.pathOnly | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
      let code = errno
      if directory != descriptor { close(directory) }
      directory = descriptor
      guard next >= 0 else { throw FileRefusal(errno: code) }
      directory = next
    }
    guard let name = path.names.last else { throw .notFound }
    let file = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
    guard file >= 0 else { throw FileRefusal(errno: errno) }
    return try OpenFile.judge(file)
  }
}
