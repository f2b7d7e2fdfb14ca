/// One thing to say about a configuration file: what, where, and what to write instead.
public struct Diagnostic: Sendable, Equatable {
  public enum Severity: String, Sendable {
    /// The gateway does not start.
    case error
    case warning
  }

  /// A stretch of a file. Lines and columns count from 1, columns in Unicode scalars.
  public struct Span: Sendable, Equatable {
    public var line: Int
    public var column: Int
    /// The position after the last character.
    public var endLine: Int
    public var endColumn: Int

    public init(line: Int, column: Int, endLine: Int, endColumn: Int) {
      self.line = line
      self.column = column
      self.endLine = endLine
      self.endColumn = endColumn
    }
  }

  /// A further fact, with its own place where it has one.
  public struct Note: Sendable, Equatable {
    public var message: String
    public var file: String?
    public var span: Span?

    public init(_ message: String, file: String? = nil, span: Span? = nil) {
      self.message = message
      self.file = file
      self.span = span
    }
  }

  public var severity: Severity
  /// Stable, for programs: `unknown-key`.
  public var code: DiagnosticCode
  /// One sentence without a full stop.
  public var message: String
  /// The file as the user named it.
  public var file: String
  /// Nil where the file as a whole is meant.
  public var span: Span?
  public var keyPath: String
  public var found: String?
  public var expected: String?
  /// The nearest right word.
  public var suggestion: String?
  /// What to do, in a sentence.
  public var help: String?
  public var notes: [Note]

  public init(
    severity: Severity, code: DiagnosticCode, message: String, file: String = "", span: Span? = nil,
    keyPath: String = "", found: String? = nil, expected: String? = nil, suggestion: String? = nil,
    help: String? = nil, notes: [Note] = []
  ) {
    self.severity = severity
    self.code = code
    self.message = message
    self.file = file
    self.span = span
    self.keyPath = keyPath
    self.found = found
    self.expected = expected
    self.suggestion = suggestion
    self.help = help
    self.notes = notes
  }
}

/// A diagnostic's stable name. Later stages add their own.
public struct DiagnosticCode: RawRepresentable, Sendable, Hashable, ExpressibleByStringLiteral {
  public var rawValue: String
  public init(rawValue: String) { self.rawValue = rawValue }
  public init(stringLiteral value: String) { rawValue = value }

  public static let unreadableFile: DiagnosticCode = "unreadable-file"
  public static let encoding: DiagnosticCode = "encoding"
  public static let syntax: DiagnosticCode = "syntax"
  public static let limit: DiagnosticCode = "limit"
  public static let emptyFile: DiagnosticCode = "empty-file"
  public static let duplicateKey: DiagnosticCode = "duplicate-key"
  public static let unknownKey: DiagnosticCode = "unknown-key"
  public static let missingKey: DiagnosticCode = "missing-key"
  public static let wrongType: DiagnosticCode = "wrong-type"
  public static let invalidValue: DiagnosticCode = "invalid-value"
  public static let outOfRange: DiagnosticCode = "out-of-range"
  public static let yaml11Boolean: DiagnosticCode = "yaml-1.1-boolean"
  public static let unknownReference: DiagnosticCode = "unknown-reference"
  public static let interpolation: DiagnosticCode = "interpolation"
  public static let conflict: DiagnosticCode = "conflict"
  public static let notAvailable: DiagnosticCode = "not-available"
  public static let unused: DiagnosticCode = "unused"
}
