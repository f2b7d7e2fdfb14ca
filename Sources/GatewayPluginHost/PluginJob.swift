import CLoopWatch

/// A job of a plugin's executor on its way to a loop.
struct PluginJob: @unchecked Sendable {
  // Proof for @unchecked: the contract hands the job over; it is run once.
  let job: UnsafeMutableRawPointer
  let function: @convention(c) (UnsafeMutableRawPointer, UnsafeMutableRawPointer) -> Void
  let executor: UnsafeMutableRawPointer

  /// On the loop.
  func run(_ watch: LoopSlot) {
    let outer = lw_enter_job(watch.pointer, job, unsafeBitCast(function, to: UnsafeRawPointer.self))
    function(job, executor)
    lw_leave(watch.pointer, outer)
  }
}
