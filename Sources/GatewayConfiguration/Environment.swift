/// What a configuration may look at beside its own text. A value, so that a load is a function of its inputs.
public struct Environment: Sendable {
  public var variables: [String: String]
  /// Reads a file of at most `limit` bytes.
  public var read: @Sendable (_ path: String, _ limit: Int) -> Result<[UInt8], FileProblem>
  /// Nil where there is a file that may be read.
  public var check: @Sendable (_ path: String) -> FileProblem?

  public init(
    variables: [String: String], read: @escaping @Sendable (String, Int) -> Result<[UInt8], FileProblem>,
    check: @escaping @Sendable (String) -> FileProblem?
  ) {
    self.variables = variables
    self.read = read
    self.check = check
  }

  /// Files in memory, for tests and tools. A path that others lie under is a directory.
  public init(variables: [String: String] = [:], files: [String: [UInt8]] = [:]) {
    self.variables = variables
    let problem: @Sendable (String) -> FileProblem? = { path in
      if files[path] != nil { return nil }
      return files.keys.contains { $0.hasPrefix(path + "/") } ? .isDirectory : .missing
    }
    check = problem
    read = { path, limit in
      guard let bytes = files[path] else { return .failure(problem(path) ?? .missing) }
      return bytes.count <= limit ? .success(bytes) : .failure(.tooLarge(limit: limit))
    }
  }
}

/// Why a file cannot be read.
public enum FileProblem: Error, Sendable, Equatable {
  case missing
  case isDirectory
  case notAllowed
  case tooLarge(limit: Int)
  /// The system's words.
  case other(String)

  /// Completes the sentence "the file `x` …".
  public var sentence: String {
    switch self {
    case .missing: "does not exist"
    case .isDirectory: "is a directory"
    case .notAllowed: "may not be read: permission denied"
    case .tooLarge(let limit): "is larger than \(SizeText.format(limit))"
    case .other(let text): "cannot be read: \(text)"
    }
  }
}

enum Paths {
  /// The directory part with its slash; empty for a bare name.
  static func directory(of path: String) -> String {
    path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
  }

  static func joined(_ path: String, to directory: String) -> String {
    path.hasPrefix("/") ? path : directory + path
  }
}
