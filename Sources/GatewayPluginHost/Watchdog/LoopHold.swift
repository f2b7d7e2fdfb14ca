/// An event loop that could not serve anybody else, because a plugin's function did not come back.
public struct LoopHold: Sendable, Equatable {
  /// Index of the loop.
  public var loop: UInt32
  /// "plugin.function"; of a task that belongs to no open invocation, the library that it is from. "a plugin's timer" and
  /// "a plugin's fetch" for what those call: `stack` says whose.
  public var function: String
  /// Name or pattern of the route; empty outside a request.
  public var route: String
  /// Empty where it has none, or where the thread did not answer.
  public var requestID: String
  /// How long it has been so, or was, to within a quarter of the threshold.
  public var nanoseconds: UInt64
  /// Processor time that the loop's thread has had in it: much less than `nanoseconds` means that it waited, for a lock, a file
  /// or for a turn on a busy machine.
  public var processorNanoseconds: UInt64
  /// What it was doing when it was found, innermost first; empty where stacks are not wanted or the thread did not answer.
  public var stack: [String]
  /// The function has come back.
  public var isOver: Bool

  /// "plugin", of "plugin.function".
  public var plugin: Substring { function.prefix { $0 != "." } }

  /// What its author should do.
  public static let remedy =
    "declare the function blocking, so that it runs on the thread pool, or await instead of waiting"
}
