import CGatewayPlugin
import GatewayHTTP
import GatewayPluginHost
import NIOCore

/// One direction of an exchange that runs through policies of plugins: at most one invocation at a time, and one part of
/// the body on its way.
///
/// A part goes through `stages`, and the next one follows when the last one has been taken at the far end: that is all
/// the credit there is, so a slow policy or a slow receiver stops the sender, and no more than one part (and what the
/// sender had on its way already) is in memory.
final class PolicyLane {
  enum Sink {
    /// Parts wait.
    case none
    /// They are gathered until the body is whole.
    case gather(limit: Int)
    /// They go on one by one.
    case pass
  }

  let call: PluginCall
  /// An invocation is under way. Given up or not: what was lent to it stays as it is.
  private(set) var isBusy = false
  /// It was given up: nobody waits for it.
  private(set) var isGivenUp = false
  /// Inside `start`: a completion goes on there and not in a call of its own, so that policies do not nest.
  private(set) var isStarting = false
  /// The policy whose invocation it is.
  private(set) var place = 0
  /// Since when the invocation under way has been waited for.
  private(set) var since = NIODeadline.uptimeNanoseconds(0)

  /// Places of the policies that each part goes through, in running order.
  var stages: [Int] = []
  var sink = Sink.none
  /// What the last one in `stages` let go on.
  var gathered = ByteBuffer()
  /// The receiver takes nothing now.
  var isPaused = false
  /// The sender has sent everything.
  private(set) var isSourceOver = false
  /// The end was passed on.
  private(set) var isOver = false
  private var waiting = CircularBuffer<ByteBuffer>()
  /// The part in hand, which may be lent to a policy.
  private(set) var part: ByteBuffer?
  private var isLastPart = false
  private var stage = 0
  private var isPumping = false

  private let time: GatewayTime

  init(_ call: PluginCall, _ time: GatewayTime) {
    self.call = call
    self.time = time
  }

  /// Something waits for a policy or for its receiver.
  var isFull: Bool { part != nil || !waiting.isEmpty }
  func uses(_ place: Int) -> Bool { isBusy && self.place == place }

  /// An invocation that somebody waits for.
  var isPending: Bool { isBusy && !isGivenUp }

  func reset() {
    stages.removeAll(keepingCapacity: true)
    sink = .none
    if gathered.readableBytes > 0 { gathered = ByteBuffer() }
    isPaused = false
    isSourceOver = false
    isOver = false
    if !waiting.isEmpty { waiting.removeAll(keepingCapacity: true) }
    if part != nil { part = nil }
    isLastPart = false
    stage = 0
    isGivenUp = false
  }

  // MARK: invocations

  /// Invokes `function` of a policy; true where it completed at once.
  func start(
    _ function: PluginFunction, of use: PluginPolicyUse, at place: Int, delegate: any PluginCallDelegate,
    request: UnsafePointer<gw_request>, state: UnsafeMutableRawPointer?, details: PluginCall.Details
  ) -> Bool {
    self.place = place
    isBusy = true
    isStarting = true
    call.start(
      function, delegate: delegate, request: request,
      dependencies: use.policy.make == nil ? nil : UnsafePointer(use.value),
      dependencyCount: use.policy.make == nil ? 0 : 1, config: use.config.text, configValue: use.config.value,
      value: state, details: details)
    isStarting = false
    if isBusy { since = time.now() }
    return !isBusy
  }

  /// The invocation has completed. True where that is to be gone on from here: not inside `start`.
  func completed() -> Bool {
    isBusy = false
    isGivenUp = false
    return !isStarting
  }

  /// Nobody waits for the invocation under way any more.
  func giveUp() {
    guard isPending else { return }
    // Completed on another thread already: its result is on its way and will be dropped.
    isGivenUp = true
    _ = call.abandon()
  }

  // MARK: parts

  func append(_ part: ByteBuffer) {
    if part.readableBytes > 0 { waiting.append(part) }
  }

  func end() { isSourceOver = true }

  /// Forgets what has not gone on; a part that is lent stays where it is.
  func drop() {
    waiting.removeAll(keepingCapacity: true)
    if !isBusy { part = nil }
    sink = .none
    isOver = true
  }

  /// The sender begins anew, with a body that is whole.
  func refill(_ body: ByteBuffer) {
    waiting.removeAll(keepingCapacity: true)
    append(body)
    isSourceOver = true
    isOver = false
    stage = 0
  }

  /// What the policy at the part's stage made of it.
  func replacePart(_ part: ByteBuffer) {
    self.part = part
    stage += 1
  }

  enum Turn {
    /// A policy has to look at the part in hand.
    case look(place: Int, isLast: Bool)
    case deliver(ByteBuffer, isLast: Bool)
    /// Nothing to do until more comes or the receiver takes more.
    case rest
  }

  /// What is to be done next. Only for the one that pumps.
  func next() -> Turn {
    guard !isBusy, !isOver else { return .rest }
    if case .none = sink { return .rest }
    if part == nil {
      guard !isPaused else { return .rest }
      if let first = waiting.popFirst() {
        part = first
      } else if isSourceOver {
        part = ByteBuffer()
      } else {
        return .rest
      }
      isLastPart = isSourceOver && waiting.isEmpty
      stage = 0
    }
    guard let part else { return .rest }
    if stage < stages.count { return .look(place: stages[stage], isLast: isLastPart) }
    guard !isPaused else { return .rest }
    self.part = nil
    if isLastPart { isOver = true }
    return .deliver(part, isLast: isLastPart)
  }

  /// Calls `turn` until there is nothing to do; not at all where somebody further out does so already.
  func pump(_ turn: (Turn) -> Void) {
    guard !isPumping else { return }
    isPumping = true
    defer { isPumping = false }
    while true {
      let next = next()
      if case .rest = next { return }
      turn(next)
    }
  }
}
