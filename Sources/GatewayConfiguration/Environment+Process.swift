import Glibc

extension Environment {
  /// The process's own variables and files. Variables in a `.env` file in `directory` count where the process has none
  /// of that name.
  public static func process(directory: String = "") -> Environment {
    var variables: [String: String] = [:]
    if case .success(let bytes) = SystemFiles.read(Paths.joined(".env", to: directory), limit: 1 << 20) {
      variables = DotEnv.parse(String(decoding: bytes, as: UTF8.self))
    }
    variables.merge(SystemFiles.variables()) { _, own in own }
    return Environment(
      variables: variables, read: { SystemFiles.read($0, limit: $1) }, check: { SystemFiles.check($0) })
  }
}

/// Lines `NAME=value`; `export` before, quotes around and comments between are understood, expansion is not.
enum DotEnv {
  static func parse(_ text: String) -> [String: String] {
    var variables: [String: String] = [:]
    for line in text.split(whereSeparator: \.isNewline) {
      var rest = line.drop { $0 == " " || $0 == "\t" }
      if rest.hasPrefix("export ") { rest = rest.dropFirst("export ".count).drop { $0 == " " } }
      guard !rest.hasPrefix("#"), let equals = rest.firstIndex(of: "=") else { continue }
      let name = rest[..<equals].filter { $0 != " " }
      var value = rest[rest.index(after: equals)...].drop { $0 == " " }
      while let last = value.last, last == " " || last == "\t" { value.removeLast() }
      if value.count >= 2, let quote = value.first, quote == "\"" || quote == "'", value.last == quote {
        value = value.dropFirst().dropLast()
      }
      if !name.isEmpty { variables[String(name)] = String(value) }
    }
    return variables
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
