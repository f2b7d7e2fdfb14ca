import Glibc

extension Environment {
  /// The process's own variables and files.
  public static func process() -> Environment {
    Environment(
      variables: SystemFiles.variables(), read: { SystemFiles.read($0, limit: $1) }, check: { SystemFiles.check($0) })
  }
}

private enum SystemFiles {
  static func variables() -> [String: String] {
    var variables: [String: String] = [:]
    var entry = environ
    while let text = entry.pointee {
      let pair = String(cString: text)
      if let equals = pair.firstIndex(of: "=") {
        variables[String(pair[..<equals])] = String(pair[pair.index(after: equals)...])
      }
      entry += 1
    }
    return variables
  }

  static func check(_ path: String) -> FileProblem? {
    var status = stat()
    guard stat(path, &status) == 0 else { return problem(errno) }
    if status.st_mode & S_IFMT == S_IFDIR { return .isDirectory }
    return access(path, R_OK) == 0 ? nil : problem(errno)
  }

  static func read(_ path: String, limit: Int) -> Result<[UInt8], FileProblem> {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return .failure(problem(errno)) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { return .failure(problem(errno)) }
    if status.st_mode & S_IFMT == S_IFDIR { return .failure(.isDirectory) }
    var bytes: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 64 * 1024)
    // By reading, not by size: /proc files and pipes have none.
    while true {
      let count = Glibc.read(descriptor, &part, part.count)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { return .failure(problem(errno)) }
      if count == 0 { return .success(bytes) }
      guard bytes.count + count <= limit else { return .failure(.tooLarge(limit: limit)) }
      bytes += part[..<count]
    }
  }

  private static func problem(_ code: Int32) -> FileProblem {
    switch code {
    case ENOENT, ENOTDIR: .missing
    case EISDIR: .isDirectory
    case EACCES, EPERM: .notAllowed
    default: .other(strerror(code).map { String(cString: $0) } ?? "error \(code)")
    }
  }
}
