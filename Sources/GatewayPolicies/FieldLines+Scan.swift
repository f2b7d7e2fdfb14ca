import GatewayHTTP
import NIOCore

/// Walks the lines of a field section where they lie, without making text of them.
struct FieldLineScanner {
  private let bytes: UnsafeRawBufferPointer
  private var position = 0

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  struct Line {
    var name: UnsafeRawBufferPointer
    var value: UnsafeRawBufferPointer
  }

  /// The next line; nil at the end (or where the section is not well-formed, which its own doors prevent).
  mutating func next() -> Line? {
    guard let colon = bytes.firstIndex(of: UInt8(ascii: ":"), from: position),
      let end = bytes.firstIndex(of: 10, from: colon)
    else { return nil }
    let name = position..<colon
    // Between ": " and CR LF; shorter where a line has neither blank nor CR.
    let valueStart = min(colon + 2, end)
    let value = valueStart..<max(valueStart, end - 1)
    position = end + 1
    return Line(
      name: UnsafeRawBufferPointer(rebasing: bytes[name]), value: UnsafeRawBufferPointer(rebasing: bytes[value]))
  }
}

extension FieldLines {
  /// Whether some line's name satisfies `matches`.
  func hasLine(_ matches: (UnsafeRawBufferPointer) -> Bool) -> Bool {
    bytes.withUnsafeReadableBytes { section in
      var lines = FieldLineScanner(section)
      while let line = lines.next() {
        if matches(line.name) { return true }
      }
      return false
    }
  }

  /// Removes every line whose name satisfies `matches`, keeping the bytes of the others as they are. Costs a scan where
  /// there is none.
  mutating func removeLines(_ matches: (UnsafeRawBufferPointer) -> Bool) {
    guard hasLine(matches) else { return }
    let old = bytes
    removeAll()
    old.withUnsafeReadableBytes { section in
      var lines = FieldLineScanner(section)
      while let line = lines.next() {
        if !matches(line.name) { append(name: line.name, value: line.value) }
      }
    }
  }
}

extension FieldSyntax {
  /// Whether `bytes` is `name` in any letter case; `name` must be lower case.
  static func isSame(_ bytes: UnsafeRawBufferPointer, _ name: UnsafeRawBufferPointer) -> Bool {
    guard bytes.count == name.count else { return false }
    for i in 0..<bytes.count where lowercased(bytes[i]) != name[i] { return false }
    return true
  }

  /// Whether `bytes` begins with `prefix` in any letter case; `prefix` must be lower case.
  static func hasPrefix(_ bytes: UnsafeRawBufferPointer, _ prefix: StaticString) -> Bool {
    let count = prefix.utf8CodeUnitCount
    return bytes.count >= count && isSameName(UnsafeRawBufferPointer(rebasing: bytes[..<count]), prefix)
  }
}
