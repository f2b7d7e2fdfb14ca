import CGatewayPlugin
import NIOCore

/// Completions that only policies use.
extension PluginCall {
  static func proceed(
    _ handle: gw_call, _ changes: UnsafePointer<gw_changes_borrowed>?, _ state: UnsafeMutableRawPointer?
  ) -> gw_completion {
    let call = Unmanaged<PluginCall>.fromOpaque(handle.slot).takeUnretainedValue()
    guard let phase = call.claim(handle.generation) else { return ignored() }
    let waiting = phase.isOpen
    guard call.answer.isHeadOfPolicy else {
      call.post(.failure(.contract("let something go on that does not wait for it")), late: !waiting)
      return GW_WRONG_KIND
    }
    var owned: PolicyChanges?
    if let changes {
      do throws(PolicyChanges.Refusal) {
        owned = try PolicyChanges(changes, for: call.answer)
      } catch {
        call.post(.failure(.contract("a change with \(error.reason)")), late: !waiting)
        return GW_INVALID
      }
    }
    call.post(.proceeded(owned, state), late: !waiting)
    return waiting ? GW_ACCEPTED : GW_TOO_LATE
  }

  static func passPart(_ handle: gw_call, _ part: gw_bytes_borrowed) -> gw_completion {
    let call = Unmanaged<PluginCall>.fromOpaque(handle.slot).takeUnretainedValue()
    guard let phase = call.claim(handle.generation) else { return ignored() }
    let waiting = phase.isOpen
    guard call.answer == .part else {
      call.post(.failure(.contract("passed a part on where none was asked for")), late: !waiting)
      return GW_WRONG_KIND
    }
    call.post(.part(ByteBuffer(bytes: part.raw)), late: !waiting)
    return waiting ? GW_ACCEPTED : GW_TOO_LATE
  }
}

extension PluginCallDelegate {
  // Only an invocation of a policy's function completes so.
  public func callProceeded(_ call: PluginCall, _ changes: PolicyChanges?, state: UnsafeMutableRawPointer?) {}
  public func callPassed(_ call: PluginCall, _ part: ByteBuffer) {}
}
