import GatewayHTTP
import NIOCore

/// A URL path as names below a root, each one component of a file system path.
struct FilePath: Equatable {
  /// More than any tree that is served, and a bound for the system calls of one request.
  static let maximumNames = 32

  /// NUL-terminated, without `/`.
  private(set) var names: [[CChar]] = []
  /// Whether the path ends with `/` or is empty: a directory is meant.
  private(set) var isDirectory: Bool

  /// `path` is percent-encoded, without its first `/`. Nil for what is never served: empty names, `.` and `..`, names
  /// with a slash, backslash or NUL in them (so also `%2F`, `%5C`, `%00`), malformed escapes, and names that begin with
  /// a dot unless `dotFiles`; `.well-known` at the front is public by RFC 8615.
  init?(_ path: UnsafeRawBufferPointer, dotFiles: Bool) {
    isDirectory = path.isEmpty || path[path.count - 1] == UInt8(ascii: "/")
    guard !path.isEmpty else { return }
    let last = isDirectory ? path.count - 1 : path.count
    for part in path[..<last].split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
      guard names.count < Self.maximumNames, part.count <= 3 * 255 else { return nil }
      var name = ByteBuffer()
      guard PercentCoding.decode(UnsafeRawBufferPointer(rebasing: part), into: &name) else { return nil }
      let bytes = name.readableBytesView
      guard (1...255).contains(bytes.count), !bytes.contains(0), !bytes.contains(UInt8(ascii: "/")),
        !bytes.contains(UInt8(ascii: "\\"))
      else { return nil }
      if bytes.first == UInt8(ascii: ".") {
        let isDots = bytes.count == 1 || (bytes.count == 2 && bytes.last == UInt8(ascii: "."))
        let isWellKnown = names.isEmpty && bytes.elementsEqual(".well-known".utf8)
        guard !isDots, dotFiles || isWellKnown else { return nil }
      }
      names.append(bytes.map { CChar(bitPattern: $0) } + [0])
    }
  }

  /// The path with one more name, which the configuration chose.
  mutating func append(_ name: String) {
    names.append(Array(name.utf8CString))
    isDirectory = false
  }
}
