import NIOCore
import NIOPosix

/// Puts the errors of sockets and resolvers into one line for a log.
enum FailureText {
  static func describe(_ error: any Error) -> String {
    if let error = error as? NIOConnectionError { return describe(error) }
    if let error = error as? IOError { return visible(error.description) }
    return visible(String(describing: error))
  }

  /// Whether the name could not be resolved, as against resolved to addresses that do not answer.
  static func isResolution(_ error: any Error) -> Bool {
    guard let error = error as? NIOConnectionError else { return false }
    return error.connectionErrors.isEmpty && (error.dnsAError != nil || error.dnsAAAAError != nil)
  }

  private static func describe(_ error: NIOConnectionError) -> String {
    let attempts = error.connectionErrors.map { visible(String(describing: $0.error)) }
    if !attempts.isEmpty { return attempts.joined(separator: "; ") }
    let lookups = [error.dnsAError, error.dnsAAAAError].compactMap { $0 }.map { visible(String(describing: $0)) }
    return lookups.first.map { "the name \(error.host) could not be resolved: \($0)" } ?? "the name has no address"
  }

  /// At most 200 printable ASCII characters: no text from outside may start a second log line.
  static func visible(_ text: String) -> String {
    String(
      String.UnicodeScalarView(text.unicodeScalars.prefix(200).map { $0.value >= 0x20 && $0.value < 0x7F ? $0 : "?" }))
  }
}
