import NIOConcurrencyHelpers

/// The values of app-scope dependencies, one place for each provider of the snapshot.
final class AppValues: @unchecked Sendable {
  // Proof for @unchecked: written by the lifecycle before the first exchange and after the last one, read by exchanges
  // in between; the hand-over of the snapshot to the loops orders the two.
  private var values: [UnsafeMutableRawPointer?]
  /// What other plugins take of them, by index into `Snapshot.appViews`.
  private var views: [LentView?] = []

  init(count: Int) { values = Array(repeating: nil, count: count) }

  subscript(index: Int) -> UnsafeMutableRawPointer? {
    get { values[index] }
    set { values[index] = newValue }
  }

  func view(_ index: Int) -> UnsafeMutableRawPointer? { views.indices.contains(index) ? views[index]?.pointer : nil }

  func keep(_ view: LentView, at index: Int) {
    while views.count <= index { views.append(nil) }
    views[index] = view
  }
}
