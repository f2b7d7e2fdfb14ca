import CGatewayPlugin

/// What the host lends for one invocation, until it completes.
struct Invocation: @unchecked Sendable {
  // Proof for @unchecked: the contract keeps the memory unchanged until completion, whichever thread reads it.
  let pointer: UnsafePointer<gw_invocation>

  /// The value that a teardown ends.
  func value<Value: Sendable>(_ type: Value.Type) throws -> Value {
    guard let address = pointer.pointee.value_borrowed else {
      throw DependencyMismatch(name: "value", expected: Dependency<Value>.typeName)
    }
    return try Unmanaged<AnyValueBox>.fromOpaque(address).takeUnretainedValue().value(as: type, named: "value")
  }

  /// The box of the value that a teardown ends.
  func box() throws -> AnyValueBox {
    guard let address = pointer.pointee.value_borrowed else {
      throw DependencyMismatch(name: "value", expected: "value")
    }
    return Unmanaged<AnyValueBox>.fromOpaque(address).takeUnretainedValue()
  }

  var outcome: Outcome {
    switch gw_outcome(pointer.pointee.outcome) {
    case GW_SUCCEEDED: .succeeded
    case GW_CANCELLED: .cancelled
    default: .failed
    }
  }
}

extension Request {
  init(_ invocation: Invocation) throws {
    guard let request = invocation.pointer.pointee.request else { throw NoRequest() }
    self.init(request: request, invocation: invocation.pointer)
  }
}

/// What an invocation runs, and where.
enum Work: Sendable {
  /// Runs where the runner of its task does, without asking at every call and return: each asking takes a lock.
  case async(TaskRunner.Body)
  case blocking(Synchronous)
  case inline(Synchronous)

  /// Gives the mapping of its error, where that may not have ended yet: inline only.
  typealias Synchronous = @Sendable (Invocation, Completion) -> Task<Void, Never>?

  var execution: UInt32 {
    switch self {
    case .async: GW_ASYNC.rawValue
    case .blocking: GW_BLOCKING.rawValue
    case .inline: GW_INLINE.rawValue
    }
  }
}

/// A function as the host knows it: `invoke` with an instance of this as its context.
final class Function: @unchecked Sendable {
  // Proof for @unchecked: immutable; `errors` points to an object that is Sendable and never freed.
  private let host: Host
  /// Nil where it is asynchronous.
  private let synchronous: Work.Synchronous?
  let body: TaskRunner.Body
  /// Nil where the plugin maps no errors, or none of this function. Held for ever by `export`.
  let errors: Unmanaged<ErrorContext>?
  /// Of a provider: what ends the values it made.
  let teardown: Function?

  init(host: Host, work: Work, teardown: Function? = nil, errors: Unmanaged<ErrorContext>? = nil) {
    self.errors = errors
    self.host = host
    self.teardown = teardown
    switch work {
    case .async(let body): (synchronous, self.body) = (nil, body)
    case .blocking(let work), .inline(let work): (synchronous, body) = (work, { _ = work($0, $1) })
    }
  }

  static let invoke: gw_function = { context, invocation in
    guard let context else { return nil }
    let function = Unmanaged<Function>.fromOpaque(context)
    // The function of a background task is released inside its completion: what is needed then is copied.
    guard let synchronous = function._withUnsafeGuaranteedRef({ $0.synchronous }) else {
      // Starts here and now, and goes on wherever the loop runs: a handler that never waits costs no queue at all.
      return function._withUnsafeGuaranteedRef { $0.host.begin($0, invocation) }
    }
    let completion = function._withUnsafeGuaranteedRef {
      Completion(
        host: $0.host.table, call: invocation.pointee.call, loop: invocation.pointee.loop, mappers: $0.errors)
    }
    return synchronous(Invocation(pointer: invocation), completion).map(TaskRunner.token)
  }

  static let cancel: @convention(c) (UnsafeMutableRawPointer) -> Void = { token in
    let object = Unmanaged<AnyObject>.fromOpaque(token).takeUnretainedValue()
    unsafeBitCast(object, to: Task<Void, Never>.self).cancel()
  }

  static let releaseToken: @convention(c) (UnsafeMutableRawPointer) -> Void = { token in
    Unmanaged<AnyObject>.fromOpaque(token).release()
  }
}
