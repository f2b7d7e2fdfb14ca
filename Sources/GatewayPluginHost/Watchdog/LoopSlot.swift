import CCrashReport
import CLoopWatch

/// Where a loop notes what it runs. One for each loop, immortal.
struct LoopSlot: @unchecked Sendable {
  // Proof for @unchecked: never freed; what is in it is written by the loop and read by others as loop_watch.h says.
  let pointer: UnsafeMutablePointer<lw_loop>

  init() {
    pointer = lw_make_loop()
  }

  /// The calling thread's: of the loop that it is, or its own; nil where it has none.
  static var mine: LoopSlot? { lw_mine().map(LoopSlot.init(pointer:)) }

  private init(pointer: UnsafeMutablePointer<lw_loop>) {
    self.pointer = pointer
  }

  /// The calling thread is the loop's.
  func adoptThread() {
    lw_adopt_thread(pointer, Self.loopRole.pointer)
    cr_adopt_thread()
  }

  /// The calling thread is none of a loop's, and calls into plugins too.
  static func adoptBlockingThread() {
    lw_name_thread("blocking")
    lw_adopt_other_thread(blockingRole.pointer)
    cr_adopt_thread()
  }

  private static let loopRole = ImmortalText("event loop")
  private static let blockingRole = ImmortalText("blocking pool")

  /// Runs `body`, which calls into a plugin, as a section of its own. On the loop.
  @inline(__always)
  func inside<Result>(
    _ function: ImmortalText, of invocation: UnsafeMutablePointer<lw_invocation>? = nil, route: ImmortalText? = nil,
    _ body: () -> Result
  ) -> Result {
    let outer = lw_enter(pointer, invocation, function.pointer, route?.pointer)
    defer { lw_leave(pointer, outer) }
    return body()
  }
}

extension LoopRegistry {
  /// Calls a plugin's function that belongs to no invocation, such as one for a timer. On the loop of that index.
  ///
  /// - Parameter function: "plugin.function", for the log.
  public func inside<Result>(_ function: ImmortalText, on loop: UInt32, _ body: () -> Result) -> Result {
    guard let slot = slot(at: loop) else { return body() }
    return slot.inside(function, body)
  }
}
