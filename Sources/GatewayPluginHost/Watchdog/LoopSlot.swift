import CLoopWatch

/// Where a loop notes what it runs. One for each loop, immortal.
struct LoopSlot: @unchecked Sendable {
  // Proof for @unchecked: never freed; what is in it is written by the loop and read by others as loop_watch.h says.
  let pointer: UnsafeMutablePointer<lw_loop>

  init() {
    pointer = lw_make_loop()
  }

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
