import CGatewayPlugin
import GatewayHTTP
import GatewayPluginHost
import NIOCore

/// Asks an error handler of a plugin for the answer to an error, in a slot of its own: the exchange's may still be in use
/// by what failed. Used on its loop.
///
/// Whatever it does, the client gets an answer: a handler that fails, answers in parts or takes too long leaves the
/// error as it was, and is never asked about that.
final class ErrorCall: PluginCallDelegate {
  private let exchange: Exchange
  private let call: PluginCall
  private let error: LentError
  private let label: String
  /// The exchange's own, but for the id: that may be younger than what others were lent.
  private let request: UnsafeMutablePointer<gw_request>
  private var arena = Arena(capacity: 64)
  private var deadline = NIODeadline.distantFuture
  private var patience = TimeAmount.zero

  init(_ exchange: Exchange, _ error: LentError, _ function: PluginFunction) {
    self.exchange = exchange
    self.error = error
    label = function.label
    let runtime = exchange.runtime
    call = .take(loop: runtime.loop, loopIndex: runtime.loopIndex, pool: runtime.blocking)
    call.route = exchange.route?.watchName
    request = .allocate(capacity: 1)
    request.initialize(to: exchange.lent.pointer.pointee)
    request.pointee.request_id = gw_bytes_borrowed(arena.copy(exchange.context.requestID))
  }

  deinit { request.deallocate() }

  func start(_ function: PluginFunction, patience: TimeAmount) {
    self.patience = patience
    deadline = exchange.runtime.time.now() + patience
    var details = PluginCall.Details()
    details.error = error.pointer
    call.start(function, delegate: self, request: UnsafePointer(request), details: details)
  }

  func tick(_ now: NIODeadline) {
    guard now >= deadline else { return }
    deadline = .distantFuture
    guard call.abandon() else { return }
    exchange.errorHandlerFailed(
      .contract("the error handler \(label) did not answer within \(patience.nanoseconds / 1_000_000) ms"))
  }

  /// The client has gone: nobody waits for the answer any more.
  func giveUp() { _ = call.abandon() }

  private func end() {
    call.giveBack()
    exchange.errorCall = nil
  }

  func callResponded(_ call: PluginCall, status: UInt16, body: UnsafeRawBufferPointer) {
    var fields = FieldLines()
    swap(&fields, &call.fields)
    end()
    exchange.errorAnswered(error.facts, status: status, fields: fields, body)
  }

  func callFailed(_ call: PluginCall, _ failure: PluginFailure) {
    end()
    exchange.errorHandlerFailed(failure)
  }

  func callBeganResponse(_ call: PluginCall, status: UInt16) {
    guard call.abandon() else { return }
    exchange.errorHandlerFailed(.contract("the error handler \(label) began an answer in parts"))
  }

  func callWrote(_ call: PluginCall, _ part: ByteBuffer) {}

  func callRespondedWithFile(_ call: PluginCall, status: UInt16, path: [UInt8]) {
    end()
    exchange.errorHandlerFailed(.contract("the error handler \(label) answered with a file"))
  }

  func callHeldLoop(_ call: PluginCall) -> String { exchange.callHeldLoop(call) }

  func facts(of call: PluginCall) -> PluginCallFacts { exchange.facts(of: call) }

  func traceParent(of call: PluginCall) -> String? { exchange.traceParent(of: call) }

  // The host delivers neither to a call that asks for a response.
  func callProvided(_ call: PluginCall, value: UnsafeMutableRawPointer) {}
  func callFinished(_ call: PluginCall) {
    end()
    exchange.errorHandlerFailed(.contract("the error handler \(label) ended without an answer"))
  }

  func abandonedCallEnded(_ call: PluginCall, unusedValue: UnsafeMutableRawPointer?) {
    end()
    exchange.closeIfOver()
  }
}
