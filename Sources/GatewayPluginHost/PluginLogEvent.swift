import CGatewayPlugin

/// One thing that a plugin says, and what the host knows about the call that it says it in. Copied and cut to size;
/// whoever writes it down escapes it.
public struct PluginLogEvent: Sendable {
  public struct Fact: Sendable, Equatable {
    public var name: String
    public var value: String
  }

  public var level: gw_log_level
  public var message: String
  /// The plugin's own, in its order.
  public var facts: [Fact]
  /// Something was left out or cut.
  public var isCut = false
  public var call: PluginCallFacts?

  /// Bytes of a message, of a fact's name and value; facts.
  static let limits = (message: 16 * 1024, name: 64, value: 4096, facts: 32)

  init(
    _ level: UInt32, _ message: gw_bytes_borrowed, _ facts: UnsafePointer<gw_field_borrowed>?, _ count: Int
  ) {
    self.level = gw_log_level(min(level, GW_LOG_ERROR.rawValue))
    var isCut = false
    func text(_ bytes: gw_bytes_borrowed, _ limit: Int) -> String {
      if bytes.raw.count > limit { isCut = true }
      return String(decoding: bytes.raw.prefix(limit), as: UTF8.self)
    }
    self.message = text(message, Self.limits.message)
    let given = UnsafeBufferPointer(start: facts, count: facts == nil ? 0 : max(0, count))
    if given.count > Self.limits.facts { isCut = true }
    self.facts = given.prefix(Self.limits.facts).map {
      Fact(name: text($0.name, Self.limits.name), value: text($0.value, Self.limits.value))
    }
    self.isCut = isCut
  }
}

/// What the host knows of an invocation, for logs. Empty: unknown, or there is no such thing.
public struct PluginCallFacts: Sendable, Equatable {
  public var requestID = ""
  public var route = ""
  /// `plugin.handler` of the route.
  public var handler = ""
  /// `plugin.name` of the function that runs.
  public var function = ""
  public var traceParent = ""
  /// In a process that a plugin lives in: what the gateway calls the invocation.
  public var invocation: UInt64 = 0

  public init() {}
}
