import Atomics
import CGatewayPlugin
import GatewayHTTP
import NIOCore

/// Who waits for an invocation. All calls come on the invocation's event loop, exactly one for each invocation.
public protocol PluginCallDelegate: AnyObject {
  /// The fields are in `call.fields`; `body` is valid during this call only.
  func callResponded(_ call: PluginCall, status: UInt16, body: UnsafeRawBufferPointer)
  func callProvided(_ call: PluginCall, value: UnsafeMutableRawPointer)
  func callFinished(_ call: PluginCall)
  func callFailed(_ call: PluginCall, _ failure: PluginFailure)
  /// An invocation that was given up has completed after all: what was lent to it may be reused.
  func abandonedCallEnded(_ call: PluginCall, unusedValue: UnsafeMutableRawPointer?)
}

/// One slot for invocations of plugin functions, used for one after the other.
///
/// A plugin holds a slot's address and a generation (`gw_call`) and may use them at any time, even long after the
/// invocation ended. So slots are immortal, and the one atomic word below decides whether a completion counts:
/// a completion that comes twice, or too late, changes nothing.
public final class PluginCall: @unchecked Sendable {
  // Proof for @unchecked: `state` is atomic. All other variables are used on `loop` only, except that the thread that
  // wins the transition out of `active` reads `answer` (written before the invocation was handed out).

  /// Three classes of events: a completion in phase `active` or `abandoned` is the plugin's right; one in another
  /// phase or generation is the plugin's fault and is counted; one of an unknown slot cannot be told from memory
  /// corruption and is not guarded against.
  private enum Phase: UInt64 {
    case idle = 0
    case active = 1
    /// The exchange went on without it; what was lent stays valid until it completes.
    case abandoned = 2
    case completed = 3
  }

  public let loop: any EventLoop
  private let loopIndex: UInt32
  private var pool: BlockingPool
  private let state = ManagedAtomic<UInt64>(0)
  private let invocation: UnsafeMutablePointer<gw_invocation>
  private var delegate: (any PluginCallDelegate)?
  private var answer = PluginFunction.Answer.nothing
  private var function: PluginFunction?
  private var token: UnsafeMutableRawPointer?
  /// Fields of the response, valid inside `callResponded`. The storage is kept from call to call.
  public var fields = FieldLines(capacity: 512)

  /// Completions that came twice, too late or after recycling, since the process began.
  public static let ignoredCompletions = ManagedAtomic<Int>(0)
  /// Invocations given up whose plugin has not completed them yet: each keeps its memory.
  public static let abandonedInvocations = ManagedAtomic<Int>(0)

  public init(loop: any EventLoop, loopIndex: UInt32, pool: BlockingPool) {
    self.loop = loop
    self.loopIndex = loopIndex
    self.pool = pool
    invocation = .allocate(capacity: 1)
    invocation.initialize(to: gw_invocation())
    invocation.pointee.struct_size = UInt32(MemoryLayout<gw_invocation>.size)
    invocation.pointee.loop = loopIndex
    // Immortal: see the type's comment. Slots are pooled, so there are as many as there were exchanges at once.
    invocation.pointee.call.slot = Unmanaged.passRetained(self).toOpaque()
  }

  /// A slot of that loop that was given back, else a new one. Call it on the loop.
  public static func take(loop: any EventLoop, loopIndex: UInt32, pool: BlockingPool) -> PluginCall {
    guard let call = LoopRegistry.shared.takeSlot(of: loopIndex) else {
      return PluginCall(loop: loop, loopIndex: loopIndex, pool: pool)
    }
    call.pool = pool
    return call
  }

  /// Leaves the slot to whoever needs one next on this loop. It must not be busy. Call it on the loop.
  ///
  /// A slot that is dropped instead is lost until the process ends.
  public func giveBack() { LoopRegistry.shared.keepSlot(self, of: loopIndex) }

  /// Whether an invocation is running or given up but not completed: what was lent to it must stay as it is.
  public var isBusy: Bool { phase(state.load(ordering: .relaxed)) != .idle }

  private func phase(_ word: UInt64) -> Phase { Phase(rawValue: word & 3) ?? .idle }

  /// Invokes a function. The delegate is called exactly once, possibly before this returns.
  ///
  /// Everything behind the pointers has to stay valid and unchanged until that call (or, after `abandon`, until
  /// `abandonedCallEnded`). The slot must not be busy.
  public func start(
    _ function: PluginFunction, delegate: any PluginCallDelegate, request: UnsafePointer<gw_request>? = nil,
    dependencies: UnsafePointer<UnsafeMutableRawPointer?>? = nil, dependencyCount: Int = 0,
    config: UnsafeRawBufferPointer = .init(start: nil, count: 0), value: UnsafeMutableRawPointer? = nil,
    outcome: gw_outcome = GW_SUCCEEDED
  ) {
    let generation = state.load(ordering: .relaxed) >> 2
    self.delegate = delegate
    self.answer = function.answer
    self.function = function
    invocation.pointee.call.generation = generation
    invocation.pointee.request = request
    invocation.pointee.dependencies_borrowed = dependencies
    invocation.pointee.dependency_count = dependencyCount
    invocation.pointee.config = gw_bytes_borrowed(config)
    invocation.pointee.value_borrowed = value
    invocation.pointee.outcome = outcome.rawValue
    state.store(generation << 2 | Phase.active.rawValue, ordering: .releasing)
    switch function.execution {
    case GW_BLOCKING:
      let call = self
      let accepted = pool.submit(isOwed: function.isOwed) {
        // Given up while it waited for a thread: nobody wants the answer any more.
        if call.isAbandoned(generation) {
          call.failUnlessComplete(generation, "\(function.label) was given up before it began")
          return
        }
        let token = function.invoke(function.context, call.invocation)
        if let token { function.releaseToken?(token) }
        call.failUnlessComplete(generation, "\(function.label) returned without completing")
      }
      if !accepted, claim(generation) != nil { deliver(.failure(.overloaded), late: false) }
    case GW_ASYNC:
      let token = function.invoke(function.context, invocation)
      if let token { keep(token, of: function, generation) }
    default:
      let token = function.invoke(function.context, invocation)
      if let token { function.releaseToken?(token) }
      failUnlessComplete(generation, "\(function.label) is inline and returned without completing")
    }
  }

  /// Asks a pending invocation to end soon. It still completes, and the delegate still hears of it.
  public func cancel() {
    guard phase(state.load(ordering: .acquiring)) == .active, let token, let function else { return }
    function.cancel?(token)
  }

  /// Gives up on a pending invocation: it is cancelled, and the delegate hears `abandonedCallEnded` once it completes
  /// after all. False where it has completed already on another thread: the delegate is about to hear of it.
  public func abandon() -> Bool {
    let word = state.load(ordering: .acquiring)
    guard phase(word) == .active else { return false }
    let abandoned = word & ~3 | Phase.abandoned.rawValue
    guard state.compareExchange(expected: word, desired: abandoned, ordering: .acquiringAndReleasing).exchanged
    else { return false }
    Self.abandonedInvocations.wrappingIncrement(ordering: .relaxed)
    if let token, let function { function.cancel?(token) }
    return true
  }

  // MARK: completion, from any thread

  private enum Completion {
    case response(UInt16, FieldLines, ByteBuffer)
    case value(UnsafeMutableRawPointer)
    case nothing
    case failure(PluginFailure)
  }

  /// Takes the one right to complete this invocation; nil where it is gone, else whether the exchange still waits.
  private func claim(_ generation: UInt64) -> Bool? {
    var word = state.load(ordering: .acquiring)
    while word >> 2 == generation {
      let phase = phase(word)
      guard phase == .active || phase == .abandoned else { return nil }
      let result = state.compareExchange(
        expected: word, desired: word & ~3 | Phase.completed.rawValue, ordering: .acquiringAndReleasing)
      if result.exchanged { return phase == .active }
      word = result.original
    }
    return nil
  }

  private func isAbandoned(_ generation: UInt64) -> Bool {
    let word = state.load(ordering: .acquiring)
    return word >> 2 == generation && phase(word) == .abandoned
  }

  private func failUnlessComplete(_ generation: UInt64, _ description: @autoclosure () -> String) {
    if let waiting = claim(generation) { post(.failure(.contract(description())), late: !waiting) }
  }

  static func respond(_ handle: gw_call, _ response: UnsafePointer<gw_response_borrowed>) -> gw_completion {
    let call = Unmanaged<PluginCall>.fromOpaque(handle.slot).takeUnretainedValue()
    guard let waiting = call.claim(handle.generation) else { return ignored() }
    if case .nothing = call.answer {
      call.post(.failure(.contract("completed with a response where none was asked for")), late: !waiting)
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
    call.post(.response(status, fields, ByteBuffer(bytes: response.pointee.body_borrowed.raw)), late: !waiting)
    return waiting ? GW_ACCEPTED : GW_TOO_LATE
  }

  static func provide(_ handle: gw_call, _ value: UnsafeMutableRawPointer) -> gw_completion {
    let call = Unmanaged<PluginCall>.fromOpaque(handle.slot).takeUnretainedValue()
    guard let waiting = call.claim(handle.generation) else { return ignored() }
    guard case .value = call.answer else {
      call.post(.failure(.contract("provided a value where none was asked for")), late: !waiting)
      return GW_WRONG_KIND
    }
    call.post(.value(value), late: !waiting)
    return waiting ? GW_ACCEPTED : GW_TOO_LATE
  }

  static func finish(_ handle: gw_call) -> gw_completion {
    let call = Unmanaged<PluginCall>.fromOpaque(handle.slot).takeUnretainedValue()
    guard let waiting = call.claim(handle.generation) else { return ignored() }
    guard case .nothing = call.answer else {
      call.post(.failure(.contract("finished without the result that was asked for")), late: !waiting)
      return GW_WRONG_KIND
    }
    call.post(.nothing, late: !waiting)
    return waiting ? GW_ACCEPTED : GW_TOO_LATE
  }

  static func fail(_ handle: gw_call, _ error: UnsafePointer<gw_error_borrowed>) -> gw_completion {
    let call = Unmanaged<PluginCall>.fromOpaque(handle.slot).takeUnretainedValue()
    guard let waiting = call.claim(handle.generation) else { return ignored() }
    let failure = PluginFailure(error)
    call.post(.failure(failure), late: !waiting)
    if !waiting { return GW_TOO_LATE }
    return failure.kind == .contract ? GW_INVALID : GW_ACCEPTED
  }

  private static func ignored() -> gw_completion {
    ignoredCompletions.wrappingIncrement(ordering: .relaxed)
    return GW_ALREADY_COMPLETE
  }

  // MARK: delivery, on the loop

  private func post(_ completion: Completion, late: Bool) {
    if loop.inEventLoop {
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

  private func deliver(_ completion: Completion, late: Bool) {
    guard let delegate = recycle() else { return }
    if late {
      Self.abandonedInvocations.wrappingDecrement(ordering: .relaxed)
      if case .value(let value) = completion {
        delegate.abandonedCallEnded(self, unusedValue: value)
      } else {
        delegate.abandonedCallEnded(self, unusedValue: nil)
      }
      return
    }
    switch completion {
    case .response(let status, let fields, let body):
      self.fields = fields
      body.withUnsafeReadableBytes { delegate.callResponded(self, status: status, body: $0) }
    case .value(let value): delegate.callProvided(self, value: value)
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
    let generation = state.load(ordering: .relaxed) >> 2
    state.store((generation &+ 1) << 2 | Phase.idle.rawValue, ordering: .releasing)
    if let token, let function { function.releaseToken?(token) }
    token = nil
    let delegate = self.delegate
    self.delegate = nil
    function = nil
    return delegate
  }

  private func keep(_ token: UnsafeMutableRawPointer, of function: PluginFunction, _ generation: UInt64) {
    let word = state.load(ordering: .acquiring)
    if word >> 2 == generation, phase(word) != .idle {
      self.token = token
    } else {
      function.releaseToken?(token)
    }
  }
}
