import NIOConcurrencyHelpers

/// The values of app-scope dependencies, one place for each provider of the snapshot.
final class AppValues: @unchecked Sendable {
  // Proof for @unchecked: written by the lifecycle before the first exchange and after the last one, read by exchanges
  // in between; the hand-over of the snapshot to the loops orders the two.
  private var values: [UnsafeMutableRawPointer?]

  init(count: Int) { values = Array(repeating: nil, count: count) }

  subscript(index: Int) -> UnsafeMutableRawPointer? {
    get { values[index] }
    set { values[index] = newValue }
  }
}
