import Glibc

/// Folders that only this user can look into.
public enum PrivateFolder {
  public struct Problem: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String
    /// A sentence without full stop.
    public let remedy: String
  }

  /// This user's own: `gateway` below `XDG_RUNTIME_DIR`, else `/tmp/gateway-UID`. Not made yet.
  public static func ofUser() -> String {
    if let value = getenv("XDG_RUNTIME_DIR") {
      let directory = String(cString: value)
      // Of another user's session, as `sudo` leaves it, it is no place for ours.
      var status = stat()
      if directory.hasPrefix("/"), stat(directory, &status) == 0, status.st_uid == geteuid() { return directory + "/gateway" }
    }
    return "/tmp/gateway-\(geteuid())"
  }

  /// Makes it, and what is missing above it, with mode 0700; refuses one that somebody else owns or can get into.
  ///
  /// Anyone can make a folder in `/tmp` before us, and would own what is put there.
  public static func make(_ path: String) throws(Problem) {
    var missing: [String] = []
    var parent = path
    while parent.count > 1, access(parent, F_OK) != 0, errno == ENOENT {
      missing.append(parent)
      parent = FileText.directory(of: parent)
    }
    for folder in missing.reversed() where mkdir(folder, 0o700) != 0 && errno != EEXIST {
      throw Problem(
        description: "`\(folder)` cannot be made: \(String(cString: strerror(errno)))", remedy: "make it, for this user alone")
    }
    try check(path)
    // `/tmp/gateway-UID/plugins` is only as private as `/tmp/gateway-UID`.
    let above = FileText.directory(of: path)
    if above == ofUser() { try check(above) }
  }

  /// Throws unless it is a folder of this user that nobody else can change.
  static func check(_ path: String) throws(Problem) {
    var status = stat()
    guard lstat(path, &status) == 0 else {
      throw Problem(description: "`\(path)`: \(String(cString: strerror(errno)))", remedy: "make it, for this user alone")
    }
    guard status.st_mode & S_IFMT == S_IFDIR else {
      throw Problem(description: "`\(path)` is \(ReadableFile.kind(status.st_mode))", remedy: "remove it")
    }
    guard status.st_uid == geteuid() else {
      throw Problem(description: "`\(path)` belongs to user \(status.st_uid), not to \(geteuid())", remedy: "have it removed")
    }
    guard status.st_mode & 0o077 == 0 else {
      throw Problem(
        description: "`\(path)` has mode \(String(status.st_mode & 0o7777, radix: 8)): others can get into it",
        remedy: "chmod 700 it after a look at what is in there")
    }
  }

  /// What is in a folder, but for `.` and `..`; at most 65,536 names.
  static func names(in folder: String) -> [String] {
    guard let stream = opendir(folder) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while names.count < 65_536, let entry = readdir(stream) {
      let capacity = MemoryLayout.size(ofValue: entry.pointee.d_name)
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: capacity) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names
  }
}

/// Paths as text.
enum FileText {
  static func directory(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  static func name(of path: String) -> String {
    path.lastIndex(of: "/").map { String(path[path.index(after: $0)...]) } ?? path
  }
}
