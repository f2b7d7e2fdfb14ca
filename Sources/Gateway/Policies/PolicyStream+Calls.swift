import CGatewayPlugin
import GatewayHTTP
import GatewayPluginHost
import NIOCore

/// What plugins say to what they are shown.
extension PolicyStream: PluginCallDelegate {
  /// Shows a part to the policy at `place`.
  func look(_ lane: PolicyLane, _ function: PluginFunction?, _ place: Int, _ isLast: Bool) {
    guard let function, let part = lane.part else { return }
    var details = PluginCall.Details()
    details.part = gw_bytes_borrowed(part.withUnsafeReadableBytes { $0 })
    details.isLastPart = isLast
    _ = lane.start(
      function, of: plugins.uses[place], at: place, delegate: self, request: lendRequest(body: lendsBody),
      state: states[place], details: details)
  }

  private func lane(of call: PluginCall) -> PolicyLane {
    call === requestLane.call ? requestLane : responseLane
  }

  func callProceeded(_ call: PluginCall, _ changes: PolicyChanges?, state: UnsafeMutableRawPointer?) {
    within {
      let lane = lane(of: call)
      keep(state, lane.place)
      let isWanted = lane.isPending
      let goesOn = lane.completed()
      if lane === requestLane {
        guard isWanted, phase == .request, exchange?.phase != .failing else { return }
        proceedRequest(changes)
        if goesOn { passOn() }
      } else {
        heldResponse = nil
        guard isWanted, phase == .answer else { return }
        if let misfit = proceedAnswer(changes) { return failed(lane, .contract("a change with \(misfit)")) }
        if goesOn { walk() }
      }
    }
  }

  /// A later state takes the place of an earlier one.
  private func keep(_ state: UnsafeMutableRawPointer?, _ place: Int) {
    guard let state, state != states[place] else { return }
    if let old = states[place] { plugins.uses[place].policy.release(state: old) }
    states[place] = state
  }

  func callPassed(_ call: PluginCall, _ part: ByteBuffer) {
    within {
      let lane = lane(of: call)
      let isWanted = lane.isPending
      let goesOn = lane.completed()
      guard isWanted, !lane.isOver, phase != .over else { return }
      lane.replacePart(part)
      guard goesOn else { return }
      if lane === requestLane { pumpRequest() } else { pumpResponse() }
    }
  }

  func callResponded(_ call: PluginCall, status: UInt16, body: UnsafeRawBufferPointer) {
    within {
      let lane = lane(of: call)
      let isWanted = lane.isPending
      let place = lane.place
      _ = lane.completed()
      guard isWanted, let exchange else { return }
      if lane === requestLane {
        exchange.policyAnswered(call, status: status, body: body)
      } else {
        heldResponse = nil
        replace(LocalResponse(status: status, fields: call.fields, body: ByteBuffer(bytes: body)), from: place)
      }
    }
  }

  func callRespondedWithFile(_ call: PluginCall, status: UInt16, path: [UInt8]) {
    within {
      let isWanted = requestLane.isPending
      _ = requestLane.completed()
      guard isWanted, let exchange else { return }
      exchange.phase = .acting
      exchange.callRespondedWithFile(call, status: status, path: path)
    }
  }

  func callFailed(_ call: PluginCall, _ failure: PluginFailure) {
    within {
      let lane = lane(of: call)
      let isWanted = lane.isPending
      _ = lane.completed()
      guard isWanted else { return }
      failed(lane, failure)
    }
  }

  private func failed(_ lane: PolicyLane, _ failure: PluginFailure) {
    guard let exchange else { return }
    let isTold = lane === requestLane ? !exchange.isAnswered : phase == .answer
    exchange.logPolicyFailure(plugins.uses[lane.place].label, failure, isTold: isTold)
    if lane === requestLane {
      requestLane.drop()
      exchange.policyFailed(failure)
    } else if phase == .answer {
      exchange.outcome = GW_FAILED
      heldResponse = nil
      replace(exchange.response(to: failure), from: lane.place)
    } else {
      // Behind the head: the client must not take what it has for whole.
      exchange.outcome = GW_FAILED
      responseLane.drop()
      inner?.abort()
    }
  }

  func abandonedCallEnded(_ call: PluginCall, unusedValue: UnsafeMutableRawPointer?) {
    within {
      let lane = lane(of: call)
      keep(unusedValue, lane.place)
      if lane === responseLane { heldResponse = nil }
      _ = lane.completed()
    }
  }

  // MARK: what the exchange knows

  func callHeldLoop(_ call: PluginCall) -> String { exchange?.callHeldLoop(call) ?? "" }

  func facts(of call: PluginCall) -> PluginCallFacts { exchange?.facts(of: call) ?? PluginCallFacts() }

  func traceParent(of call: PluginCall) -> String? { exchange?.traceParent(of: call) }

  // No function of a policy completes so.
  func callBeganResponse(_ call: PluginCall, status: UInt16) {}
  func callWrote(_ call: PluginCall, _ part: ByteBuffer) {}
  func callProvided(_ call: PluginCall, value: UnsafeMutableRawPointer) {}
  func callFinished(_ call: PluginCall) {}
}
