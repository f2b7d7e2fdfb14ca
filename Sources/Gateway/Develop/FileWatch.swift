import Glibc

/// Tells of changed files in directories, through inotify. Used on one thread.
///
/// Directories and not files: an editor that saves by renaming puts another file in the place of the watched one.
final class FileWatch {
  struct Problem: Error, CustomStringConvertible {
    let description: String
  }

  let descriptor: Int32
  private var paths: [Int32: String] = [:]
  private var deep: Set<Int32> = []
  private var watches: [String: Int32] = [:]

  /// More than any source tree that one person works on; the kernel has a limit of its own.
  private static let most = 20_000

  init() throws(Problem) {
    descriptor = inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC))
    guard descriptor >= 0 else { throw Problem(description: "cannot watch files: \(String(cString: strerror(errno)))") }
  }

  deinit { close(descriptor) }

  /// Watches just these from here on: `flat` on one level, `deep` with all below them.
  ///
  /// - Returns: what is wrong with some; the others are watched.
  func set(flat: Set<String>, deep roots: Set<String>) -> [String] {
    var problems: [String] = []
    var wanted: Set<String> = flat
    deep = []
    for root in roots { collect(root, &wanted) }
    for (path, watch) in watches where !wanted.contains(path) {
      inotify_rm_watch(descriptor, watch)
      watches[path] = nil
      paths[watch] = nil
    }
    for path in wanted.sorted() where watches[path] == nil {
      if let problem = add(path) { problems.append(problem) }
    }
    for (path, watch) in watches where roots.contains(where: { path == $0 || path.hasPrefix($0 + "/") }) { deep.insert(watch) }
    return problems
  }

  private func add(_ path: String) -> String? {
    guard watches.count < Self.most else { return "more than \(Self.most) directories: \(path) is not watched" }
    let events = UInt32(IN_CLOSE_WRITE) | UInt32(IN_MOVED_TO) | UInt32(IN_MOVED_FROM) | UInt32(IN_CREATE)
      | UInt32(IN_DELETE) | UInt32(IN_ONLYDIR)
    let watch = inotify_add_watch(descriptor, path, events)
    guard watch >= 0 else {
      return errno == ENOENT || errno == ENOTDIR ? nil : "\(path) is not watched: \(String(cString: strerror(errno)))"
    }
    // Another spelling of a directory that is watched already: the kernel counts both as one.
    guard paths[watch] == nil else { return nil }
    watches[path] = watch
    paths[watch] = path
    return nil
  }

  private func collect(_ directory: String, _ found: inout Set<String>) {
    guard found.count < Self.most else { return }
    found.insert(directory)
    guard let list = opendir(directory) else { return }
    defer { closedir(list) }
    while let entry = readdir(list) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      guard !WatchPlan.isSkipped(name) else { continue }
      let path = "\(directory)/\(name)"
      var status = stat()
      // Links are not followed: a loop would have no end.
      guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR, !found.contains(path) else { continue }
      collect(path, &found)
    }
  }

  /// Paths that changed since the last look; `isIncomplete` where the kernel lost some.
  func read() -> (paths: Set<String>, isIncomplete: Bool) {
    var changed: Set<String> = []
    var isIncomplete = false
    let size = 64 * 1024
    let buffer = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: MemoryLayout<inotify_event>.alignment)
    defer { buffer.deallocate() }
    while true {
      let count = Glibc.read(descriptor, buffer, size)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return (changed, isIncomplete) }
      var offset = 0
      // The kernel writes whole events; still nothing is read beyond what it wrote.
      while offset + MemoryLayout<inotify_event>.size <= count {
        let event = (buffer + offset).load(as: inotify_event.self)
        let start = offset + MemoryLayout<inotify_event>.size
        let end = min(start + Int(event.len), count)
        offset = end
        if event.mask & UInt32(IN_Q_OVERFLOW) != 0 { isIncomplete = true }
        guard let directory = paths[event.wd] else { continue }
        if event.mask & UInt32(IN_IGNORED) != 0 {
          paths[event.wd] = nil
          watches[directory] = nil
          continue
        }
        let bytes = UnsafeRawBufferPointer(start: buffer + start, count: end - start)
        let path = "\(directory)/\(String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self))"
        if event.mask & UInt32(IN_ISDIR) != 0 {
          if deep.contains(event.wd), event.mask & (UInt32(IN_CREATE) | UInt32(IN_MOVED_TO)) != 0 {
            changed.formUnion(addNew(path))
          }
        } else if event.mask & UInt32(IN_CREATE) == 0 {
          // A file that was made is told of when it is closed.
          changed.insert(path)
        }
      }
    }
  }

  /// A directory that came into a watched tree, and the files that were in it before it was watched.
  private func addNew(_ directory: String) -> Set<String> {
    guard !WatchPlan.isSkipped(directory.split(separator: "/").last.map(String.init) ?? "") else { return [] }
    var found: Set<String> = []
    collect(directory, &found)
    var files: Set<String> = []
    for path in found {
      if watches[path] == nil { _ = add(path) }
      if let watch = watches[path] { deep.insert(watch) }
      guard let list = opendir(path) else { continue }
      defer { closedir(list) }
      while let entry = readdir(list) {
        let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        if name != ".", name != ".." { files.insert("\(path)/\(name)") }
      }
    }
    return files
  }
}
