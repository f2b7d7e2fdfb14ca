/// What is wrong with a listener's certificate or key, before anything listens.
public struct TLSProblem: Error, Sendable, Equatable, CustomStringConvertible {
  public enum Kind: Sendable, Equatable {
    case missingFile
    case directory
    case unreadable
    /// No PEM block at all: DER, PKCS #12, or something else.
    case notPEM
    /// PEM, but without a certificate (or key) in it, or with one that cannot be decoded.
    case noCertificate
    case noKey
    case keyMismatch
    case expired
    case notYetValid
    case encryptedKey
    /// TLS itself refused the pair, such as a key that is too small.
    case refused
  }

  public enum File: Sendable, Equatable { case certificate, key }

  public var kind: Kind
  public var file: File
  public var path: String
  public var message: String
  public var remedy: String?

  public init(_ kind: Kind, _ file: File, path: String, message: String, remedy: String? = nil) {
    self.kind = kind
    self.file = file
    self.path = path
    self.message = message
    self.remedy = remedy
  }

  public var description: String {
    let start = "\(file == .certificate ? "certificate" : "key") \(path): \(message)"
    return remedy.map { "\(start); \($0)" } ?? start
  }
}

/// All that is wrong with one certificate and key.
public struct TLSProblems: Error, Sendable, CustomStringConvertible {
  public var problems: [TLSProblem]
  public var description: String { problems.map(\.description).joined(separator: "\n") }
}
