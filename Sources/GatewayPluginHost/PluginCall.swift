import Atomics
import CGatewayPlugin
import CLoopWatch
import GatewayHTTP
import NIOConcurrencyHelpers
import NIOCore

/// Who waits for an invocation. All calls come on the invocation's event loop, exactly one for each invocation.
public protocol PluginCallDelegate: AnyObject {
  /// The fields are in `call.fields`; `body` is valid during this call only.
  func callResponded(_ call: PluginCall, status: UInt16, body: UnsafeRawBufferPointer)
  /// An answer in parts begins: the fields are in `call.fields`. The invocation goes on; it ends with `callFinished`,
  /// or with `callFailed`, which has to break the answer off.
  func callBeganResponse(_ call: PluginCall, status: UInt16)
  /// A part of it.
  func callWrote(_ call: PluginCall, _ part: ByteBuffer)
  /// The answer is a file of the host; the fields are in `call.fields`.
  func callRespondedWithFile(_ call: PluginCall, status: UInt16, path: [UInt8])
  func callProvided(_ call: PluginCall, value: UnsafeMutableRawPointer)
  /// A policy lets the request or the answer go on.
  func callProceeded(_ call: PluginCall, _ changes: PolicyChanges?, state: UnsafeMutableRawPointer?)
  /// A policy lets these bytes go on instead of the part that it was shown.
  func callPassed(_ call: PluginCall, _ part: ByteBuffer)
  func callFinished(_ call: PluginCall)
  func callFailed(_ call: PluginCall, _ failure: PluginFailure)
  /// An invocation that was given up has completed after all: what was lent to it may be reused.
  func abandonedCallEnded(_ call: PluginCall, unusedValue: UnsafeMutableRawPointer?)
  /// Takes a task for after the answer, while the invocation is open; false where it cannot, or will not take so many.
  func call(_ call: PluginCall, leaves task: BackgroundTask) -> Bool
  /// The invocation has held its loop too long and completes now, before any of the above: the id of its request, made if
  /// it has none, so that what is told of both can be put together. Empty outside a request.
  func callHeldLoop(_ call: PluginCall) -> String
  /// What logs say of the invocation, beside its function.
  func facts(of call: PluginCall) -> PluginCallFacts
  /// The W3C traceparent of requests that the invocation makes; nil where there is no request.
  func traceParent(of call: PluginCall) -> String?
}

extension PluginCallDelegate {
  public func callHeldLoop(_ call: PluginCall) -> String { "" }
  public func facts(of call: PluginCall) -> PluginCallFacts { PluginCallFacts() }
  public func traceParent(of call: PluginCall) -> String? { nil }
}

/// One slot for invocations of plugin functions, used for one after the other.
///
/// A plugin holds a slot's address and a generation (`gw_call`) and may use them at any time, even long after the
/// invocation ended. So slots are immortal, and the one atomic word below decides whether a completion counts:
/// a completion that comes twice, or too late, changes nothing.
public final class PluginCall: @unchecked Sendable {
  // Proof for @unchecked: `state` is atomic, `room` has a lock: a thread that leaves a task may come when the slot has another
  // owner already. All other variables are used on `loop` only, except that threads read `answer`, one byte, to say what is
  // wrong with a completion or a task: written before the invocation was handed out, and where it is read too late, the
  // transition of `state` fails, or the loop finds another generation.

  /// Three classes of events: a completion in phase `active`, `streaming` or `abandoned` is the plugin's right; one in another
  /// phase or generation is the plugin's fault and is counted; one of an unknown slot cannot be told from memory
  /// corruption and is not guarded against.
  enum Phase: UInt64 {
    case idle = 0
    case active = 1
    /// The exchange went on without it; what was lent stays valid until it completes.
    case abandoned = 2
    case completed = 3
    /// Answering in parts: active, with the head sent.
    case streaming = 4

    var isOpen: Bool { self == .active || self == .streaming }
  }

  static let phaseBits: UInt64 = 3
  static let phaseMask: UInt64 = 7

  public let loop: any EventLoop
  let loopIndex: UInt32
  private var pool: BlockingPool
  let state = ManagedAtomic<UInt64>(0)
  private let invocation: UnsafeMutablePointer<gw_invocation>
  var delegate: (any PluginCallDelegate)?
  var answer = PluginFunction.Answer.nothing
  var function: PluginFunction?
  /// What the loop runs, and this slot's part of it.
  let watch: LoopSlot
  let watched: UnsafeMutablePointer<lw_invocation>
  /// Of the exchange that uses the slot, for the watchdog.
  public var route: ImmortalText?
  var token: UnsafeMutableRawPointer?
  /// Of the invocation that has completed last: see `PluginFunction.isFollowed`.
  public internal(set) var isFollowed = false
  let parts = PartFlow()
  /// Fields of the response, valid inside `callResponded`. The storage is kept from call to call.
  public var fields = FieldLines(capacity: 512)
  /// Inside `callResponded`: the error that the response answers for, where there is one.
  public var answeredFailure: PluginFailure?
  /// How much work may be left behind for after the answer; nil outside exchanges, where there is none.
  public var backgroundRoom: BackgroundRoom? {
    get { room.withLockedValue { $0 } }
    set { room.withLockedValue { $0 = newValue } }
  }
  private let room = NIOLockedValueBox<BackgroundRoom?>(nil)

  /// Completions that came twice, too late or after recycling, since the process began.
  public static let ignoredCompletions = ManagedAtomic<Int>(0)
  /// Invocations given up whose plugin has not completed them yet: each keeps its memory.
  public static let abandonedInvocations = ManagedAtomic<Int>(0)

  public init(loop: any EventLoop, loopIndex: UInt32, pool: BlockingPool) {
    self.loop = loop
    self.loopIndex = loopIndex
    self.pool = pool
    watch = LoopRegistry.shared.slot(at: loopIndex) ?? LoopSlot()
    watched = .allocate(capacity: 1)
    watched.initialize(to: lw_invocation())
    lw_publish(watch.pointer, watched)
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
  public func giveBack() {
    backgroundRoom = nil
    route = nil
    answeredFailure = nil
    LoopRegistry.shared.keepSlot(self, of: loopIndex)
  }

  func phase(_ word: UInt64) -> Phase { Phase(rawValue: word & Self.phaseMask) ?? .idle }

  /// What only some kinds of invocations get; see `gw_invocation` for each.
  public struct Details {
    public var error: UnsafePointer<gw_error_borrowed>?
    public var response: UnsafePointer<gw_response_borrowed>?
    public var part = gw_bytes_borrowed()
    public var isLastPart = false
    public var scopes: UnsafePointer<gw_bytes_borrowed>?
    public var scopeCount: UInt32 = 0

    public init() {}
  }

  /// Invokes a function. The delegate is called exactly once, possibly before this returns.
  ///
  /// Everything behind the pointers has to stay valid and unchanged until that call (or, after `abandon`, until
  /// `abandonedCallEnded`). The slot must not be busy.
  public func start(
    _ function: PluginFunction, delegate: any PluginCallDelegate, request: UnsafePointer<gw_request>? = nil,
    dependencies: UnsafePointer<UnsafeMutableRawPointer?>? = nil, dependencyCount: Int = 0,
    config: gw_bytes_borrowed = .init(), configValue: gw_json_borrowed = .init(), value: UnsafeMutableRawPointer? = nil,
    outcome: gw_outcome = GW_SUCCEEDED, details: Details = Details()
  ) {
    let generation = state.load(ordering: .relaxed) >> Self.phaseBits
    function.counters.began(on: loopIndex)
    self.delegate = delegate
    self.answer = function.answer
    self.function = function
    if answeredFailure != nil { answeredFailure = nil }
    invocation.pointee.call.generation = generation
    invocation.pointee.request = request
    invocation.pointee.dependencies_borrowed = dependencies
    invocation.pointee.dependency_count = dependencyCount
    invocation.pointee.config = config
    invocation.pointee.config_value = configValue
    invocation.pointee.value_borrowed = value
    invocation.pointee.outcome = outcome.rawValue
    invocation.pointee.error = details.error
    invocation.pointee.response = details.response
    invocation.pointee.part = details.part
    invocation.pointee.part_flags = details.isLastPart ? GW_PART_LAST : 0
    invocation.pointee.scope_count = details.scopeCount
    invocation.pointee.scopes = details.scopes
    state.store(generation << Self.phaseBits | Phase.active.rawValue, ordering: .releasing)
    lw_begin(watched, generation, function.watchName.pointer, route?.pointer, request, function.code)
    switch function.execution {
    case GW_BLOCKING:
      let (call, route) = (self, route)
      let accepted = pool.submit(isOwed: function.isOwed) {
        // Given up while it waited for a thread: nobody wants the answer any more.
        if call.isAbandoned(generation) {
          call.failUnlessComplete(generation, "\(function.label) was given up before it began")
          return
        }
        if let services = LoopRegistry.shared.services(of: call.loopIndex) { CurrentServices.enter(services) }
        // For whoever reads of a crash in it: what an event loop notes, in this thread's own slot.
        let token =
          if let slot = LoopSlot.mine {
            slot.inside(function.watchName, of: call.watched, route: route) {
              function.invoke(function.context, call.invocation)
            }
          } else {
            function.invoke(function.context, call.invocation)
          }
        if let token { function.releaseToken?(token) }
        call.failUnlessComplete(generation, "\(function.label) returned without completing")
      }
      if !accepted, claim(generation) != nil { deliver(.failure(.overloaded), late: false) }
    case GW_ASYNC:
      let token = inside(function) { function.invoke(function.context, invocation) }
      if let token { keep(token, of: function, generation) }
    default:
      let token = inside(function) { function.invoke(function.context, invocation) }
      if let token { function.releaseToken?(token) }
      failUnlessComplete(generation, "\(function.label) is inline and returned without completing")
    }
  }

  /// Gives a provided value back to its provider, whose code that is too. On the loop.
  public func release(_ value: UnsafeMutableRawPointer, to provider: PluginProvider) {
    inside(provider.function) { provider.release(value) }
  }

  /// Calls into a plugin, on the loop and in sight of the watchdog.
  @inline(__always)
  func inside<Result>(_ function: PluginFunction, _ body: () -> Result) -> Result {
    watch.inside(function.watchName, of: watched, route: route, body)
  }

  /// Gives up on a pending invocation: it is cancelled, and the delegate hears `abandonedCallEnded` once it completes
  /// after all. False where it has completed already on another thread: the delegate is about to hear of it.
  public func abandon() -> Bool {
    var word = state.load(ordering: .acquiring)
    while phase(word).isOpen {
      let abandoned = word & ~Self.phaseMask | Phase.abandoned.rawValue
      let result = state.compareExchange(expected: word, desired: abandoned, ordering: .acquiringAndReleasing)
      guard result.exchanged else {
        word = result.original
        continue
      }
      Self.abandonedInvocations.wrappingIncrement(ordering: .relaxed)
      if let function {
        inside(function) {
          if let token { function.cancel?(token) }
          // A writer that waits for the client learns that there is none.
          parts.wake()
        }
      }
      return true
    }
    return false
  }
}
