/// One reason why a plugin does not fit, or one thing about it that deserves a warning.
///
/// Data first: `description` is the wording, programs read the members.
public struct PluginProblem: Error, Sendable, Equatable, CustomStringConvertible {
  public enum Code: String, Sendable, CaseIterable {
    /// Nothing is there, or the name cannot be a path.
    case notFound
    /// A directory, FIFO, socket or device.
    case notAFile
    case unreadable
    /// Everybody can change the file, or put another one into its place.
    case worldWritable
    /// A group can.
    case groupWritable
    /// Its content is not the one that `sha256` names.
    case wrongDigest
    /// No private copy of it could be made.
    case noCopy
    /// Too many libraries are in the process that nothing uses any more.
    case tooManyImages
    case notELF
    case otherClass
    case otherEndianness
    case otherMachine
    case notASharedLibrary
    /// The file ends before what its own tables promise.
    case truncated
    case malformedELF
    case noNote
    case malformedNote
    case otherMajor
    case newerMinor
    case otherCompiler
    case missingSymbol
    /// Opening it makes the process's stacks executable.
    case executableStack
    /// Its code is changed while it is opened.
    case textRelocations
    /// It looks types up by their names, which finds those of an earlier generation.
    case looksUpTypes
    /// The linker exported more than the entry.
    case manyExports
    /// The dynamic linker refused it.
    case cannotOpen
    /// The file is already open under another name.
    case openedTwice
    /// The file is not the one that was read, or not the one that has been running since.
    case replaced
    case nullDescriptor
    /// A member of the descriptor breaks the contract.
    case invalidDescriptor
  }

  public enum Severity: String, Sendable {
    case error
    case warning
  }

  public let code: Code
  public let severity: Severity
  /// What does not fit, such as `machine` or `handlers[2].name`.
  public let field: String
  public let found: String
  public let expected: String
  /// What the operator or the plugin's author can do; a sentence without full stop.
  public let remedy: String

  public init(
    _ code: Code, severity: Severity = .error, field: String, found: String, expected: String, remedy: String
  ) {
    self.code = code
    self.severity = severity
    self.field = field
    self.found = found
    self.expected = expected
    self.remedy = remedy
  }

  public var description: String {
    "\(field): found \(found), expected \(expected); \(remedy)"
  }
}

/// Everything that keeps one plugin from being used: at least one error, and the warnings found on the way.
public struct PluginProblems: Error, Sendable, Equatable, CustomStringConvertible {
  /// The name under which the configuration asked for it.
  public let name: String
  /// The file, or nil for a plugin that is linked into this process.
  public let path: String?
  public let problems: [PluginProblem]

  public init(name: String, path: String?, problems: [PluginProblem]) {
    self.name = name
    self.path = path
    self.problems = problems
  }

  public var description: String {
    let place = path.map { " (\($0))" } ?? ""
    return (["plugin \(name)\(place) cannot be used:"] + problems.map { "  \($0.severity.rawValue): \($0)" })
      .joined(separator: "\n")
  }
}

/// Problems of one part, before they are gathered under the plugin's name.
public struct PluginProblemList: Error, Sendable, Equatable {
  public let problems: [PluginProblem]
  public init(_ problems: [PluginProblem]) { self.problems = problems }
}
