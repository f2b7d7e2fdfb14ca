import CGatewayPlugin
import GatewayHTTP
import NIOCore

/// Answers in parts: `start_response`, `write`, `end_response`, from any thread.
extension PluginCall {
  static func startResponse(
    _ handle: gw_call, _ head: UnsafePointer<gw_response_borrowed>,
    resume: @escaping @convention(c) (UnsafeMutableRawPointer?) -> Void, context: UnsafeMutableRawPointer?
  ) -> gw_completion {
    let call = Unmanaged<PluginCall>.fromOpaque(handle.slot).takeUnretainedValue()
    let status = head.pointee.status
    var fields = FieldLines()
    let refused = fields.append(borrowed: head.pointee.fields_borrowed, count: head.pointee.field_count)
    // An answer in parts has a body, so it needs a status that allows one (RFC 9110 section 6.4.1).
    guard (200...599).contains(status), ![204, 205, 304].contains(status), refused == nil else {
      let why = refused.map { "a field that cannot be sent (\($0))" } ?? "status \(status)"
      return call.breakContract(handle.generation, "began an answer in parts with \(why)", GW_INVALID)
    }
    guard call.answer == .response || call.answer == .value else {
      return call.breakContract(
        handle.generation, "began an answer in parts where none was asked for", GW_WRONG_KIND)
    }
    let active = handle.generation << phaseBits | Phase.active.rawValue
    let streaming = handle.generation << phaseBits | Phase.streaming.rawValue
    // Before the phase changes: from then on the loop may ask for it.
    let word = call.state.load(ordering: .acquiring)
    guard word == active else { return call.refusal(word, handle.generation) }
    call.parts.begin(handle.generation, resume, context)
    let result = call.state.compareExchange(expected: active, desired: streaming, ordering: .acquiringAndReleasing)
    guard result.exchanged else { return call.refusal(result.original, handle.generation) }
    let first = head.pointee.body_borrowed.raw
    let part = first.isEmpty ? nil : ByteBuffer(bytes: first)
    return call.queueOrRun(first.count, handle.generation) { call, delegate in
      call.fields = fields
      delegate.callBeganResponse(call, status: status)
      if let part, call.isStreaming(handle.generation) { delegate.callWrote(call, part) }
    }
  }

  static func write(_ handle: gw_call, _ part: gw_bytes_borrowed) -> gw_completion {
    let call = Unmanaged<PluginCall>.fromOpaque(handle.slot).takeUnretainedValue()
    guard call.isStreaming(handle.generation) else {
      return call.refusal(call.state.load(ordering: .acquiring), handle.generation)
    }
    guard part.count > 0 else { return GW_ACCEPTED }
    let part = ByteBuffer(bytes: part.raw)
    return call.queueOrRun(part.readableBytes, handle.generation) { call, delegate in delegate.callWrote(call, part) }
  }

  static func endResponse(_ handle: gw_call) -> gw_completion {
    let call = Unmanaged<PluginCall>.fromOpaque(handle.slot).takeUnretainedValue()
    guard let phase = call.claim(handle.generation) else { return ignored() }
    switch phase {
    case .streaming:
      call.post(.nothing, late: false)
      return GW_ACCEPTED
    case .abandoned:
      call.post(.nothing, late: true)
      return GW_TOO_LATE
    default:
      call.post(.failure(.contract("ended an answer in parts that it never began")), late: false)
      return GW_WRONG_KIND
    }
  }

  /// The client may be written to again. On the loop.
  public func writable() {
    let mayResume = phase(state.load(ordering: .acquiring)) == .streaming
    guard let function else { return parts.goOn(mayResume: mayResume) }
    inside(function) { parts.goOn(mayResume: mayResume) }
  }

  /// The client is slow: the plugin is told to wait. On the loop.
  public func pauseWriting() { parts.pause() }

  private func isStreaming(_ generation: UInt64) -> Bool {
    state.load(ordering: .acquiring) == generation << Self.phaseBits | Phase.streaming.rawValue
  }

  /// Why a part cannot be taken. Only a plugin that is too late may go on as if nothing had happened.
  private func refusal(_ word: UInt64, _ generation: UInt64) -> gw_completion {
    guard word >> Self.phaseBits == generation else { return Self.ignored() }
    switch phase(word) {
    case .abandoned: return GW_TOO_LATE
    case .active: return breakContract(generation, "wrote a part before it began an answer", GW_WRONG_KIND)
    case .streaming: return breakContract(generation, "began its answer twice", GW_WRONG_KIND)
    case .idle, .completed: return Self.ignored()
    }
  }

  private func breakContract(_ generation: UInt64, _ description: String, _ reason: gw_completion) -> gw_completion {
    guard let phase = claim(generation) else { return Self.ignored() }
    post(.failure(.contract(description)), late: !phase.isOpen)
    return reason
  }

  /// Hands something to the loop in the order in which it was written.
  private func queueOrRun(
    _ count: Int, _ generation: UInt64, _ body: @escaping (PluginCall, any PluginCallDelegate) -> Void
  ) -> gw_completion {
    if loop.inEventLoop, !parts.hasPending {
      if let delegate { body(self, delegate) }
      return completion(parts.wrote(count, generation), generation)
    }
    let verdict = parts.queue(count, generation)
    // Proof for the transfer: `body` owns what it captures and runs once, on the loop.
    let step = Step(body: body)
    loop.execute {
      // A later generation's stream is not this one's.
      guard self.state.load(ordering: .acquiring) >> Self.phaseBits == generation else { return }
      if self.phase(self.state.load(ordering: .acquiring)) != .abandoned, let delegate = self.delegate {
        step.body(self, delegate)
      }
      self.parts.arrived(count, generation, mayResume: self.isStreaming(generation))
    }
    return completion(verdict, generation)
  }

  private func completion(_ verdict: PartFlow.Verdict, _ generation: UInt64) -> gw_completion {
    switch verdict {
    case .goOn: return GW_ACCEPTED
    case .wait: return GW_PAUSED
    case .overrun:
      return breakContract(generation, "writes on without waiting for `resume`", GW_INVALID)
    }
  }

  // Proof for @unchecked: made for one closure on the loop, which alone runs it.
  private struct Step: @unchecked Sendable {
    let body: (PluginCall, any PluginCallDelegate) -> Void
  }
}
