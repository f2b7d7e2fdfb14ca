/// Names a function of a plugin: what kind, and the place of its owner in the descriptor's list.
struct FunctionReference: Hashable, Sendable {
  enum Kind: UInt8, CaseIterable, Sendable {
    case start = 0
    case stop
    case health
    case handler
    case errorHandler
    case provider
    case teardown
    case policyRequest
    case policyResponse
    case policyRequestPart
    case policyResponsePart
    case policyMake
    /// Left behind by another invocation; the number is that of the task.
    case task
  }

  var kind: Kind
  var index: UInt32 = 0

  /// What it keeps where it succeeds.
  var keeps: Bool {
    switch kind {
    case .provider, .policyRequest, .policyResponse, .policyMake: true
    default: false
    }
  }
}

/// Names a value that a worker keeps. The gateway alone gives numbers: those of one connection are the numbers of the
/// invocations that made them.
enum ValueReference: Equatable, Sendable {
  case none
  case local(UInt64)
  /// Made in every worker, under one number.
  case shared(UInt64)
}
