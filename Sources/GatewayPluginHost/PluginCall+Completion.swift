import CGatewayPlugin
import CLoopWatch
import GatewayHTTP
import NIOCore

/// How invocations complete: claimed by whichever thread comes first, delivered on the loop.
extension PluginCall {
  enum Completion {
    case response(UInt16, FieldLines, ByteBuffer, PluginFailure?)
    case file(UInt16, FieldLines, [UInt8])
    case value(UnsafeMutableRawPointer)
    case proceeded(PolicyChanges?, UnsafeMutableRawPointer?)
    case part(ByteBuffer)
    case nothing
    case failure(PluginFailure)
  }

  /// Takes the one right to complete this invocation: the phase it was in; nil where the right is gone.
  func claim(_ generation: UInt64) -> Phase? {
    var word = state.load(ordering: .acquiring)
    while word >> Self.phaseBits == generation {
      let phase = phase(word)
      guard phase.isOpen || phase == .abandoned else { return nil }
      let result = state.compareExchange(
        expected: word, desired: word & ~Self.phaseMask | Phase.completed.rawValue, ordering: .acquiringAndReleasing)
      if result.exchanged { return phase }
      word = result.original
    }
    return nil
  }

  func isAbandoned(_ generation: UInt64) -> Bool {
    let word = state.load(ordering: .acquiring)
    return word >> Self.phaseBits == generation && phase(word) == .abandoned
  }

  func failUnlessComplete(_ generation: UInt64, _ description: @autoclosure () -> String) {
    if let phase = claim(generation) { post(.failure(.contract(description())), late: !phase.isOpen) }
  }

  static func respond(_ handle: gw_call, _ response: UnsafePointer<gw_response_borrowed>) -> gw_completion {
    let call = Unmanaged<PluginCall>.fromOpaque(handle.slot).takeUnretainedValue()
    // Before anything else: what it owns is passed over in any case.
    let failure = PluginFailure(of: response)
    guard let phase = call.claim(handle.generation) else { return ignored() }
    let waiting = phase.isOpen
    if let misfit = call.misfit(phase) {
      call.post(.failure(.contract(misfit)), late: !waiting)
      return GW_WRONG_KIND
    }
    let status = response.pointee.status
    let onLoop = call.loop.inEventLoop
    guard (200...599).contains(status) else {
      call.post(.failure(.contract("a response with status \(status)")), late: !waiting)
      return GW_INVALID
    }
    // The fast path: on the loop, fields go straight into kept storage and the body is lent on.
    if onLoop {
      call.fields.removeAll()
      if let refused = call.fields.append(
        borrowed: response.pointee.fields_borrowed, count: response.pointee.field_count)
      {
        call.deliver(.failure(.contract("a response with a field that cannot be sent (\(refused))")), late: !waiting)
        return GW_INVALID
      }
      if waiting {
        if let failure { call.answeredFailure = failure }
        call.deliverResponse(status: status, body: response.pointee.body_borrowed.raw)
        return GW_ACCEPTED
      }
      call.deliver(.nothing, late: true)
      return GW_TOO_LATE
    }
    var fields = FieldLines()
    if let refused = fields.append(borrowed: response.pointee.fields_borrowed, count: response.pointee.field_count) {
      call.post(.failure(.contract("a response with a field that cannot be sent (\(refused))")), late: !waiting)
      return GW_INVALID
    }
    call.post(.response(status, fields, ByteBuffer(bytes: response.pointee.body_borrowed.raw), failure), late: !waiting)
    return waiting ? GW_ACCEPTED : GW_TOO_LATE
  }

  static func respondFile(
    _ handle: gw_call, _ head: UnsafePointer<gw_response_borrowed>, _ path: gw_bytes_borrowed
  ) -> gw_completion {
    let call = Unmanaged<PluginCall>.fromOpaque(handle.slot).takeUnretainedValue()
    guard let phase = call.claim(handle.generation) else { return ignored() }
    let waiting = phase.isOpen
    if let misfit = call.misfit(phase) ?? call.answer.fileMisfit {
      call.post(.failure(.contract(misfit)), late: !waiting)
      return GW_WRONG_KIND
    }
    let path = [UInt8](path.raw)
    let status = head.pointee.status
    var fields = FieldLines()
    let refused = fields.append(borrowed: head.pointee.fields_borrowed, count: head.pointee.field_count)
    guard refused == nil, (200...599).contains(status), !path.isEmpty, !path.contains(0) else {
      let why =
        refused.map { "a field that cannot be sent (\($0))" }
        ?? ((200...599).contains(status) ? "a path that is empty or holds NUL" : "status \(status)")
      call.post(.failure(.contract("a file response with \(why)")), late: !waiting)
      return GW_INVALID
    }
    call.post(.file(status, fields, path), late: !waiting)
    return waiting ? GW_ACCEPTED : GW_TOO_LATE
  }

  /// Why a response may not complete this invocation; nil where it may.
  func misfit(_ phase: Phase) -> String? {
    if answer == .nothing || answer == .part { return "completed with a response where none was asked for" }
    return phase == .streaming ? "completed with a second response after the head was sent" : nil
  }

  static func provide(_ handle: gw_call, _ value: UnsafeMutableRawPointer) -> gw_completion {
    // Slots are immortal: not counted.
    Unmanaged<PluginCall>.fromOpaque(handle.slot)._withUnsafeGuaranteedRef { call in
      guard let phase = call.claim(handle.generation) else { return ignored() }
      let waiting = phase.isOpen
      guard case .value = call.answer, phase != .streaming else {
        call.post(.failure(.contract("provided a value where none was asked for")), late: !waiting)
        return GW_WRONG_KIND
      }
      call.post(.value(value), late: !waiting)
      return waiting ? GW_ACCEPTED : GW_TOO_LATE
    }
  }

  static func finish(_ handle: gw_call) -> gw_completion {
    // Slots are immortal: not counted.
    Unmanaged<PluginCall>.fromOpaque(handle.slot)._withUnsafeGuaranteedRef { call in
      guard let phase = call.claim(handle.generation) else { return ignored() }
      let waiting = phase.isOpen
      guard case .nothing = call.answer else {
        call.post(.failure(.contract("finished without the result that was asked for")), late: !waiting)
        return GW_WRONG_KIND
      }
      call.post(.nothing, late: !waiting)
      return waiting ? GW_ACCEPTED : GW_TOO_LATE
    }
  }

  static func fail(_ handle: gw_call, _ error: UnsafePointer<gw_error_borrowed>) -> gw_completion {
    let call = Unmanaged<PluginCall>.fromOpaque(handle.slot).takeUnretainedValue()
    let failure = PluginFailure(owning: error)
    guard let phase = call.claim(handle.generation) else { return ignored() }
    let waiting = phase.isOpen
    call.post(.failure(failure), late: !waiting)
    if !waiting { return GW_TOO_LATE }
    return failure.kind == .contract ? GW_INVALID : GW_ACCEPTED
  }

  static func ignored() -> gw_completion {
    ignoredCompletions.wrappingIncrement(ordering: .relaxed)
    return GW_ALREADY_COMPLETE
  }

  // MARK: delivery, on the loop

  func post(_ completion: Completion, late: Bool) {
    // Parts that other threads wrote are still on their way to the loop: the end must not overtake them.
    if loop.inEventLoop, !parts.hasPending {
      deliver(completion, late: late)
    } else {
      // Proof for the transfer: the completion is owned by this closure alone.
      let completion = Handover(completion)
      loop.execute { self.deliver(completion.value, late: late) }
    }
  }

  // Proof for @unchecked: made for one closure, which alone reads it.
  private struct Handover: @unchecked Sendable {
    let value: Completion
    init(_ value: Completion) { self.value = value }
  }

  func deliver(_ completion: Completion, late: Bool) {
    if case .failure(let failure) = completion, failure.isFault { function?.counters.failed(on: loopIndex) }
    guard let delegate = recycle() else { return }
    if late {
      Self.abandonedInvocations.wrappingDecrement(ordering: .relaxed)
      switch completion {
      case .value(let value): delegate.abandonedCallEnded(self, unusedValue: value)
      case .proceeded(_, let state): delegate.abandonedCallEnded(self, unusedValue: state)
      default: delegate.abandonedCallEnded(self, unusedValue: nil)
      }
      return
    }
    switch completion {
    case .response(let status, let fields, let body, let failure):
      self.fields = fields
      answeredFailure = failure
      body.withUnsafeReadableBytes { delegate.callResponded(self, status: status, body: $0) }
    case .file(let status, let fields, let path):
      self.fields = fields
      delegate.callRespondedWithFile(self, status: status, path: path)
    case .value(let value): delegate.callProvided(self, value: value)
    case .proceeded(let changes, let state): delegate.callProceeded(self, changes, state: state)
    case .part(let part): delegate.callPassed(self, part)
    case .nothing: delegate.callFinished(self)
    case .failure(let failure): delegate.callFailed(self, failure)
    }
  }

  private func deliverResponse(status: UInt16, body: UnsafeRawBufferPointer) {
    guard let delegate = recycle() else { return }
    delegate.callResponded(self, status: status, body: body)
  }

  /// Ends this generation: the slot may be started again, even from inside the delegate's call.
  private func recycle() -> (any PluginCallDelegate)? {
    let generation = state.load(ordering: .relaxed) >> Self.phaseBits
    state.store((generation &+ 1) << Self.phaseBits | Phase.idle.rawValue, ordering: .releasing)
    if let function {
      function.counters.completed(on: loopIndex)
      if let token { function.releaseToken?(token) }
      isFollowed = function.isFollowed
    }
    token = nil
    lw_end(watched)
    parts.reset()
    let delegate = self.delegate
    self.delegate = nil
    function = nil
    if lw_is_noted(watch.pointer) != 0 { identifyHold(delegate) }
    return delegate
  }

  /// The loop is held, by this invocation or by what completes it now.
  private func identifyHold(_ delegate: (any PluginCallDelegate)?) {
    guard var id = delegate?.callHeldLoop(self), !id.isEmpty else { return }
    id.withUTF8 { lw_identify(watch.pointer, $0.baseAddress, $0.count) }
  }

  func keep(_ token: UnsafeMutableRawPointer, of function: PluginFunction, _ generation: UInt64) {
    let word = state.load(ordering: .acquiring)
    if word >> Self.phaseBits == generation, phase(word) != .idle {
      self.token = token
      lw_keep(watched, token)
      // Given up inside its own start, when there was no token yet: it learns it now.
      if phase(word) == .abandoned { function.cancel?(token) }
    } else {
      function.releaseToken?(token)
    }
  }
}
