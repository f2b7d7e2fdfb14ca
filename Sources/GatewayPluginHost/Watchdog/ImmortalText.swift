import NIOConcurrencyHelpers

/// A text that is never freed, once for each different text: names of functions and routes, which other threads and signal
/// handlers read.
///
/// Bounded by what configurations and plugins name; nothing a client sends may become one.
public struct ImmortalText: @unchecked Sendable {
  // Proof for @unchecked: the memory is written before it is published under the lock, never changed, never freed.
  public let pointer: UnsafePointer<CChar>

  // Proof for @unchecked: as above.
  private struct Known: @unchecked Sendable {
    var texts: [String: UnsafePointer<CChar>] = [:]
  }

  private static let known = NIOLockedValueBox(Known())

  public init(_ text: String) {
    pointer = Self.known.withLockedValue { known in
      if let pointer = known.texts[text] { return pointer }
      let characters = text.utf8CString
      let memory = UnsafeMutableBufferPointer<CChar>.allocate(capacity: characters.count)
      _ = memory.initialize(from: characters)
      // Never empty: a C string has its NUL. Still no force unwrap.
      let pointer = memory.baseAddress.map { UnsafePointer($0) } ?? UnsafePointer(UnsafeMutablePointer.allocate(capacity: 1))
      known.texts[text] = pointer
      return pointer
    }
  }
}
