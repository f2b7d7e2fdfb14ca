import CGatewayPlugin

/// Work that an invocation leaves behind for after the answer.
extension PluginCall {
  static func background(_ handle: gw_call, _ task: UnsafePointer<gw_task_borrowed>) -> gw_completion {
    let call = Unmanaged<PluginCall>.fromOpaque(handle.slot).takeUnretainedValue()
    if let refusal = call.refusalOfTask(handle.generation) { return refusal }
    // Nil outside an exchange: no answer, so nothing is behind one.
    guard call.answer != .nothing, let room = call.backgroundRoom else { return GW_WRONG_KIND }
    guard let parts = BackgroundTask.Parts(task) else { return GW_INVALID }
    guard room.take() else { return GW_REFUSED }
    let quota = room.quota
    guard call.loop.inEventLoop else {
      let generation = handle.generation
      call.loop.execute { call.taskArrived(parts, quota, generation) }
      return GW_ACCEPTED
    }
    guard let function = call.function, let delegate = call.delegate else {
      room.giveBack()
      return ignored()
    }
    let made = BackgroundTask(parts, of: function, quota)
    if delegate.call(call, leaves: made) { return GW_ACCEPTED }
    // The quota's place goes back with the task.
    room.uncount()
    made.disown()
    return GW_REFUSED
  }

  private func refusalOfTask(_ generation: UInt64) -> gw_completion? {
    let word = state.load(ordering: .acquiring)
    guard word >> Self.phaseBits == generation else { return Self.ignored() }
    switch phase(word) {
    case .active, .streaming: return nil
    case .abandoned: return GW_TOO_LATE
    case .idle, .completed: return Self.ignored()
    }
  }

  /// A task of another thread, on the loop. Its thread was told that it is taken; where the invocation was given up
  /// meanwhile, it is dropped like those that came before.
  private func taskArrived(_ parts: BackgroundTask.Parts, _ quota: BackgroundQuota, _ generation: UInt64) {
    let word = state.load(ordering: .acquiring)
    guard word >> Self.phaseBits == generation, phase(word) != .abandoned, let function, let delegate else {
      parts.release(parts.context)
      return quota.giveBack()
    }
    // Goes back in its `deinit` where the exchange does not keep it.
    _ = delegate.call(self, leaves: BackgroundTask(parts, of: function, quota))
  }
}

extension PluginCallDelegate {
  /// Most invocations have no answer that work could come after.
  public func call(_ call: PluginCall, leaves task: BackgroundTask) -> Bool { false }
}
