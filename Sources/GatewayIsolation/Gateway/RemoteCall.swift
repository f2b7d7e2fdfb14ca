import CGatewayPlugin
import GatewayPluginHost
import NIOCore

/// What the host holds of an invocation of an isolated plugin, to cancel it.
class RemoteToken {
  /// On the invocation's loop.
  func cancel() {}

  func token() -> UnsafeMutableRawPointer { Unmanaged<RemoteToken>.passRetained(self).toOpaque() }

  static let cancel: @convention(c) (UnsafeMutableRawPointer) -> Void = { token in
    Unmanaged<RemoteToken>.fromOpaque(token).takeUnretainedValue().cancel()
  }

  static let release: @convention(c) (UnsafeMutableRawPointer) -> Void = { token in
    Unmanaged<RemoteToken>.fromOpaque(token).release()
  }
}

/// One invocation on its way through one worker. Used on its lane's loop.
final class RemoteCall: RemoteToken {
  /// Who waits for it.
  enum Waiter {
    /// The host: an invocation of its own.
    case host(gw_call)
    /// Something that all workers do.
    case setup((SetupOutcome) -> Void)
  }

  enum Phase {
    /// For a worker that is starting.
    case waiting
    case sent
    case over
  }

  let function: FunctionReference
  let owner: RemoteOwner
  let waiter: Waiter
  /// In place until the invocation completes. Nil where the payload is at hand.
  let invocation: UnsafePointer<gw_invocation>?
  let task: RemoteTask?
  var phase = Phase.waiting
  /// As soon as it is sent.
  var connection: RemoteConnection?
  var number: UInt64 = 0
  var cancelledAt: NIODeadline?
  unowned let lane: RemoteLane

  // Of an answer in parts: bytes that the worker waits to hear of.
  var isStreaming = false
  var isPaused = false
  var unacknowledged = 0
  /// Where the request's body lies in shared memory.
  var bodyPlace: Int?

  init(
    _ function: FunctionReference, _ owner: RemoteOwner, _ waiter: Waiter, _ invocation: UnsafePointer<gw_invocation>?,
    task: RemoteTask? = nil, lane: RemoteLane
  ) {
    self.function = function
    self.owner = owner
    self.waiter = waiter
    self.invocation = invocation
    self.task = task
    self.lane = lane
  }

  /// The exchange that it belongs to.
  var exchange: UnsafeRawPointer? { invocation?.pointee.request.map { UnsafeRawPointer($0) } }

  override func cancel() {
    guard cancelledAt == nil, phase != .over else { return }
    cancelledAt = .now()
    if phase == .waiting {
      lane.giveUp(self)
    } else {
      connection?.cancel(self)
    }
  }

  /// The client reads again, or has gone.
  static let resume: @convention(c) (UnsafeMutableRawPointer?) -> Void = { context in
    guard let context else { return }
    let call = Unmanaged<RemoteCall>.fromOpaque(context).takeUnretainedValue()
    guard call.phase == .sent, call.isPaused else { return }
    call.isPaused = false
    call.connection?.acknowledge(call)
  }
}

/// How one worker did what all of them do.
enum SetupOutcome {
  case done(json: [UInt8]?)
  case failed(SetupFailure)
}

struct SetupFailure: Error, CustomStringConvertible {
  var status: UInt16 = 0
  /// As the plugin gave it; may be empty.
  var detailJSON = ""
  var type: String
  /// For the log.
  var cause: String

  init(status: UInt16 = 0, detailJSON: String = "", type: String, description: String) {
    self.status = status
    self.detailJSON = detailJSON
    self.type = type
    cause = description
  }

  var description: String { "\(type): \(detailJSON.isEmpty ? cause : detailJSON)" }
}
