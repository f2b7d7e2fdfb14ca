import CGatewayPlugin
import GatewayPluginHost
import NIOConcurrencyHelpers

/// The value of an app-scope dependency, from its making to its teardown. Snapshots that make it alike share it.
final class AppValue: @unchecked Sendable {
  // Proof for @unchecked: all but what is said below is written in `init`. `views` and `text` are used while a snapshot
  // starts, which only one does at a time; `users` is behind a lock.

  /// What it was made of, which lives as long as this.
  enum Input {
    case value(AppValue)
    case view(LentView)
    case none

    func isSame(as other: Input) -> Bool {
      switch (self, other) {
      case (.value(let one), .value(let two)): one === two
      case (.view(let one), .view(let two)): one === two
      case (.none, .none): true
      default: false
      }
    }

    var pointer: UnsafeMutableRawPointer? {
      switch self {
      case .value(let value): value.pointer
      case .view(let view): view.pointer
      case .none: nil
      }
    }
  }

  /// A view of it that another plugin takes, and what it was held against.
  struct MadeView {
    let view: ValueView
    let lent: LentView
  }

  let step: DependencyStep
  let inputs: [Input]
  let pointer: UnsafeMutableRawPointer
  var views: [MadeView] = []
  /// As its plugin wrote it for others, which it is asked once.
  var text: [UInt8]?
  private let users = NIOLockedValueBox(1)

  init(_ pointer: UnsafeMutableRawPointer, step: DependencyStep, inputs: [Input]) {
    self.pointer = pointer
    self.step = step
    self.inputs = inputs
  }

  /// One more snapshot has it. The caller is sure that another one has it meanwhile.
  func join() { users.withLockedValue { $0 += 1 } }

  /// True: this was the last one, and its teardown is the caller's.
  func leave() -> Bool {
    users.withLockedValue { users in
      users -= 1
      return users == 0
    }
  }

  /// Whether a step of a later snapshot would make the same of the same.
  func isMade(by other: DependencyStep, of inputs: [Input]) -> Bool {
    let (one, two) = (step.provider, other.provider)
    // Providers are those of one generation of a plugin; a newer one, or a stand-in, has its own.
    return one.name == two.name && one.provider === two.provider
      && one.config.text.raw.elementsEqual(two.config.text.raw)
      && self.inputs.count == inputs.count && zip(self.inputs, inputs).allSatisfy { $0.isSame(as: $1) }
  }
}

/// The values of app-scope dependencies, one place for each step of the snapshot.
final class AppValues: @unchecked Sendable {
  // Proof for @unchecked: written by the lifecycle before the first exchange and after the last one, read by exchanges
  // in between; the hand-over of the snapshot to the loops orders the two.
  private var pointers: [UnsafeMutableRawPointer?]
  private(set) var made: [AppValue?]
  /// What other plugins take of them, by index into `Snapshot.appViews`.
  private var views: [LentView?]

  init(_ snapshot: Snapshot) {
    pointers = Array(repeating: nil, count: snapshot.appSteps.count)
    made = Array(repeating: nil, count: snapshot.appSteps.count)
    views = Array(repeating: nil, count: snapshot.appViews.count)
  }

  subscript(index: Int) -> UnsafeMutableRawPointer? { pointers[index] }

  func view(_ index: Int) -> UnsafeMutableRawPointer? { views.indices.contains(index) ? views[index]?.pointer : nil }

  func set(_ value: AppValue?, at index: Int) {
    made[index] = value
    pointers[index] = value?.pointer
  }

  func keep(_ lent: LentView, at index: Int) { views[index] = lent }

  func input(_ source: ValueSource) -> AppValue.Input {
    switch source {
    case .app(let index): made[index].map { .value($0) } ?? .none
    case .appView(let index): views[index].map { .view($0) } ?? .none
    case .step, .stepView: .none
    }
  }
}
