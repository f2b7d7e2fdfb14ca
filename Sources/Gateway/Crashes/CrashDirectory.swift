import Glibc

/// Where crash reports are kept: a directory of the user's own.
///
/// A report is written under a name that no reader looks at (`pending-PROCESS`), in a file that a running process holds
/// locked, and gets its final name by the process that dies. `….new.json` becomes `….json` once it was told of.
struct CrashDirectory: Sendable {
  struct Problem: Error, Equatable, CustomStringConvertible {
    let description: String
  }

  struct Entry: Equatable {
    /// File name.
    var name: String
    /// Not told of yet.
    var isNew: Bool
    /// Nil where the file is damaged.
    var report: CrashReport?
  }

  let path: String
  /// Open for as long as the process lives.
  let descriptor: Int32

  /// Longer than any report that is written.
  private static let longest = 64 * 1024

  /// Where reports go when the file does not say. A variable with a relative path does not count, as its specification says.
  static func usual(_ variable: (String) -> String?) -> String {
    for name in ["STATE_DIRECTORY", "XDG_STATE_HOME"] {
      // systemd lists several with colons.
      if let first = variable(name)?.split(separator: ":").first, first.hasPrefix("/") { return "\(first)/gateway/crashes" }
    }
    return "/tmp/gateway-\(geteuid())/crashes"
  }

  /// Opens it, made where it is not there, for this user alone.
  init(path: String, makes: Bool = true) throws(Problem) {
    if makes { try Self.make(path) }
    // The last part is no link: in /tmp anybody could have put one there.
    descriptor = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard descriptor >= 0 else { throw Self.problem("cannot open \(path)", errno) }
    self.path = path
    if let reason = Self.misfit(descriptor) {
      close()
      throw Problem(description: "\(path) \(reason)")
    }
  }

  func close() { _ = Glibc.close(descriptor) }

  private static func make(_ path: String) throws(Problem) {
    var parent = ""
    for part in path.split(separator: "/") {
      parent += "/\(part)"
      guard mkdir(parent, 0o700) != 0, errno != EEXIST else { continue }
      // Directories further up need not be readable; what counts is the last one.
      if errno != EROFS && errno != EACCES { throw problem("cannot make \(parent)", errno) }
    }
    // The directory above, where it is in /tmp, must be the user's own too: who owns it may put another in the place of this.
    let above = "/tmp/gateway-\(geteuid())"
    guard path.hasPrefix(above + "/") else { return }
    let descriptor = open(above, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard descriptor >= 0 else { throw problem("cannot open \(above)", errno) }
    defer { _ = Glibc.close(descriptor) }
    if let reason = misfit(descriptor) { throw Problem(description: "\(above) \(reason)") }
  }

  private static func misfit(_ descriptor: Int32) -> String? {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { return "cannot be looked at: \(String(cString: strerror(errno)))" }
    if status.st_uid != geteuid() { return "belongs to user \(status.st_uid), and this process runs as \(geteuid())" }
    if status.st_mode & 0o022 != 0 { return "may be written by others: chmod go-w" }
    return nil
  }

  private static func problem(_ what: String, _ code: Int32) -> Problem {
    Problem(description: "\(what): \(String(cString: strerror(code)))")
  }

  // MARK: a running process

  /// Makes the file that a report would go to, with room for it, and locks it for as long as it is open.
  func makePending(size: Int) throws(Problem) -> (descriptor: Int32, name: String) {
    removeStale()
    let name = "pending-\(getpid())"
    // A process that had this number before has left it, or `removeStale` would have kept it.
    _ = unlinkat(descriptor, name, 0)
    let file = openat(descriptor, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw Self.problem("cannot make \(path)/\(name)", errno) }
    let code = posix_fallocate(file, 0, off_t(size))
    guard code == 0 else {
      _ = Glibc.close(file)
      _ = unlinkat(descriptor, name, 0)
      throw Self.problem("no room for a report in \(path)", code)
    }
    _ = flock(file, LOCK_EX | LOCK_NB)
    return (file, name)
  }

  func remove(_ name: String) { _ = unlinkat(descriptor, name, 0) }

  /// What processes have left that ended without a crash and without a word, such as by SIGKILL.
  private func removeStale() {
    for name in names() where name.hasPrefix("pending-") {
      let file = openat(descriptor, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
      guard file >= 0 else { continue }
      if flock(file, LOCK_EX | LOCK_NB) == 0 { remove(name) }
      _ = Glibc.close(file)
    }
  }

  // MARK: reports

  /// Newest first.
  func entries() -> [Entry] {
    names().filter { $0.hasPrefix("crash-") && $0.hasSuffix(".json") }
      .sorted { Self.age($0) > Self.age($1) }
      .map { Entry(name: $0, isNew: $0.hasSuffix(".new.json"), report: read($0).flatMap(CrashReport.init)) }
  }

  /// Told of: not new any more.
  func markTold(_ entry: Entry) {
    guard entry.isNew else { return }
    let stem = entry.name.dropLast(".new.json".count)
    _ = renameat(descriptor, entry.name, descriptor, "\(stem).json")
  }

  /// Removes all but the newest.
  func prune(keep: Int) {
    for entry in names().filter({ $0.hasPrefix("crash-") }).sorted(by: { Self.age($0) > Self.age($1) }).dropFirst(keep) {
      remove(entry)
    }
  }

  /// Sorts names by time, then by process: "crash-SECONDS-PROCESS.…".
  private static func age(_ name: String) -> (Int, Int) {
    let parts = name.dropFirst("crash-".count).prefix { $0 != "." }.split(separator: "-")
    return (parts.first.flatMap { Int($0) } ?? 0, parts.dropFirst().first.flatMap { Int($0) } ?? 0)
  }

  private func names() -> [String] {
    let copy = openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard copy >= 0 else { return [] }
    guard let list = fdopendir(copy) else {
      _ = Glibc.close(copy)
      return []
    }
    defer { closedir(list) }
    var names: [String] = []
    // Bounded, whoever filled it.
    while names.count < 10_000, let entry = readdir(list) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      names.append(name)
    }
    return names
  }

  private func read(_ name: String) -> [UInt8]? {
    let file = openat(descriptor, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
    guard file >= 0 else { return nil }
    defer { _ = Glibc.close(file) }
    var status = stat()
    guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size <= Self.longest else { return nil }
    var bytes: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 16 * 1024)
    while bytes.count <= Self.longest {
      let count = Glibc.read(file, &part, part.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return count == 0 ? bytes : nil }
      bytes += part[..<count]
    }
    return nil
  }
}
