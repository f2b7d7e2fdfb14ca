import CGatewayPlugin
import Dispatch
import GatewayJSON
import Synchronization

@testable import GatewayPlugin

/// What became of one invocation.
struct Ending: Sendable {
  var kind = ""
  var status = 0
  var fields: [String: String] = [:]
  var body = ""
}

/// Receives the completion of one invocation; `call.slot` is its address.
final class Recorder: Sendable {
  private struct State {
    var ending: Ending?
    var waiting: CheckedContinuation<Ending, Never>?
    var parts: [String] = []
    var resume: (@convention(c) (UnsafeMutableRawPointer?) -> Void)?
    var context: UInt = 0
    var answers: [gw_completion] = []
    var value: UInt = 0
    var onEnd: (@Sendable () -> Void)?
    var isEntered = false
  }
  private let state = Mutex(State())

  /// What the next calls of `start_response` and `write` answer; after that GW_ACCEPTED.
  init(answers: [gw_completion] = []) { state.withLock { $0.answers = answers } }

  func end(_ ending: Ending) {
    let (waiting, onEnd) = state.withLock { state in
      state.ending = ending
      return (state.waiting, state.onEnd)
    }
    onEnd?()
    waiting?.resume(returning: ending)
  }

  /// What the host does inside the call that completes the invocation.
  func onEnd(_ body: @escaping @Sendable () -> Void) { state.withLock { $0.onEnd = body } }

  /// The plugin said that it goes on with this invocation.
  var isEntered: Bool { state.withLock { $0.isEntered } }
  func enter() { state.withLock { $0.isEntered = true } }

  var ending: Ending {
    get async {
      await withCheckedContinuation { continuation in
        let known = state.withLock { state in
          if state.ending == nil { state.waiting = continuation }
          return state.ending
        }
        if let known { continuation.resume(returning: known) }
      }
    }
  }

  var now: Ending? { state.withLock { $0.ending } }
  var parts: [String] { state.withLock { $0.parts } }
  var value: UnsafeMutableRawPointer? { UnsafeMutableRawPointer(bitPattern: state.withLock { $0.value }) }

  func provide(_ value: UnsafeMutableRawPointer) {
    state.withLock { $0.value = UInt(bitPattern: value) }
    end(Ending(kind: "provide"))
  }

  func start(_ resume: (@convention(c) (UnsafeMutableRawPointer?) -> Void)?, _ context: UnsafeMutableRawPointer?) -> gw_completion {
    state.withLock { state in
      state.resume = resume
      state.context = UInt(bitPattern: context)
      return state.answers.isEmpty ? GW_ACCEPTED : state.answers.removeFirst()
    }
  }

  func write(_ part: String) -> gw_completion {
    state.withLock { state in
      let answer = state.answers.isEmpty ? GW_ACCEPTED : state.answers.removeFirst()
      if answer == GW_ACCEPTED || answer == GW_PAUSED { state.parts.append(part) }
      return answer
    }
  }

  func resume() {
    let (resume, context) = state.withLock { ($0.resume, $0.context) }
    resume?(UnsafeMutableRawPointer(bitPattern: context))
  }
}

extension gw_call {
  fileprivate var recorder: Recorder { Unmanaged<Recorder>.fromOpaque(slot).takeUnretainedValue() }
}

private func fields(_ start: UnsafePointer<gw_field_borrowed>?, _ count: Int) -> [String: String] {
  var all: [String: String] = [:]
  for field in UnsafeBufferPointer(start: start, count: count) { all[String(field.name)] = String(field.value) }
  return all
}

/// A host's table whose only loop is a serial queue.
enum TestHost {
  private static let queue = DispatchQueue(label: "loop")

  private typealias Head = UnsafePointer<gw_response_borrowed>

  private static let respond: @convention(c) (gw_call, Head) -> gw_completion = { call, head in
    call.recorder.end(
      Ending(
        kind: "respond", status: Int(head.pointee.status),
        fields: fields(head.pointee.fields_borrowed, head.pointee.field_count), body: String(head.pointee.body_borrowed)))
    return GW_ACCEPTED
  }

  private static let provide: @convention(c) (gw_call, UnsafeMutableRawPointer) -> gw_completion = { call, value in
    call.recorder.provide(value)
    return GW_ACCEPTED
  }

  private static let finish: @convention(c) (gw_call) -> gw_completion = { call in
    call.recorder.end(Ending(kind: "finish"))
    return GW_ACCEPTED
  }

  private static let fail: @convention(c) (gw_call, UnsafePointer<gw_error_borrowed>) -> gw_completion = { call, error in
    let isInternal = error.pointee.status == 0
    call.recorder.end(
      Ending(
        kind: "fail", status: Int(error.pointee.status),
        body: String(isInternal ? error.pointee.description : error.pointee.detail_json)))
    return GW_ACCEPTED
  }

  private typealias Run = @convention(c) (UnsafeMutableRawPointer, UnsafeMutableRawPointer) -> Void
  private static let enqueue: @convention(c) (UInt32, UnsafeMutableRawPointer, Run, UnsafeMutableRawPointer) -> Void = {
    _, job, run, executor in
    // Proof: the plugin hands both over for another thread to run.
    nonisolated(unsafe) let (job, executor) = (job, executor)
    queue.async { run(job, executor) }
  }

  private typealias Resume = @convention(c) (UnsafeMutableRawPointer?) -> Void
  private static let start: @convention(c) (gw_call, Head, Resume, UnsafeMutableRawPointer?) -> gw_completion = {
    call, _, resume, context in call.recorder.start(resume, context)
  }

  private static let write: @convention(c) (gw_call, gw_bytes_borrowed) -> gw_completion = { call, part in
    call.recorder.write(String(part))
  }

  private static let finishParts: @convention(c) (gw_call) -> gw_completion = { call in
    call.recorder.end(Ending(kind: "end"))
    return GW_ACCEPTED
  }

  private static let file: @convention(c) (gw_call, Head, gw_bytes_borrowed) -> gw_completion = { call, head, path in
    call.recorder.end(
      Ending(
        kind: "file", status: Int(head.pointee.status),
        fields: fields(head.pointee.fields_borrowed, head.pointee.field_count), body: String(path)))
    return GW_ACCEPTED
  }

  /// - Parameter isWhole: with all that the contract has today; what this host does not offer must not be called.
  static func table(isOld: Bool = false, isWhole: Bool = false) -> UnsafePointer<gw_host> {
    // Zero but for what is set here; a host's table ends at `struct_size`.
    let memory = UnsafeMutableRawPointer.allocate(
      byteCount: MemoryLayout<gw_host>.size, alignment: MemoryLayout<gw_host>.alignment)
    memory.initializeMemory(as: UInt8.self, repeating: 0, count: MemoryLayout<gw_host>.size)
    let host = memory.assumingMemoryBound(to: gw_host.self)
    let end = isOld ? MemoryLayout<gw_host>.offset(of: \.start_response) : MemoryLayout<gw_host>.offset(of: \.proceed)
    host.pointee.struct_size = UInt32(isWhole ? MemoryLayout<gw_host>.size : end ?? 0)
    host.pointee.enter = { $0.recorder.enter() }
    host.pointee.abi_major = UInt16(GW_ABI_MAJOR)
    host.pointee.abi_minor = UInt16(GW_ABI_MINOR)
    host.pointee.loop_count = 1
    host.pointee.respond = respond
    host.pointee.provide = provide
    host.pointee.finish = finish
    host.pointee.fail = fail
    host.pointee.enqueue = enqueue
    host.pointee.current_loop = { UInt32.max }
    host.pointee.log = { _, _ in }
    host.pointee.start_response = start
    host.pointee.write = write
    host.pointee.end_response = finishParts
    host.pointee.respond_file = file
    return UnsafePointer(host)
  }
}
