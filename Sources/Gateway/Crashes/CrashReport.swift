import GatewayJSON

/// What a process died of, as its signal handler wrote it: see crash_report.h.
public struct CrashReport: Sendable, Equatable {
  /// RFC 3339, UTC.
  public var time: String
  /// "SIGSEGV".
  public var signal: String
  /// The kernel's `si_code`: above 0 the thread's own fault, else it was sent by a process.
  public var code: Int
  public var pid: Int
  public var thread: Int
  public var threadName: String
  /// What the thread was for; nil where it was none of the gateway's.
  public var threadRole: String?
  /// As the configuration calls it; nil where no plugin's code was on the stack.
  public var plugin: String?
  public var generation: Int?
  /// "plugin.handler"; nil where the thread ran for none.
  public var function: String?
  public var route: String?
  public var requestID: String?
  /// Such as "stack overflow".
  public var hint: String?
  /// The address that could not be used, "0x0".
  public var address: String?
  /// The process that sent the signal.
  public var sender: Int?
  public var configuration: String?
  /// Innermost first.
  public var frames: [Frame] = []

  public struct Frame: Sendable, Equatable {
    public var address: String
    /// File name of the library, and where in it; nil where no file is there.
    public var image: String?
    public var offset: String?
    public var plugin: String?
  }

  /// Reads one line of JSON; nil where it is not a report.
  public init?(_ bytes: [UInt8]) {
    guard let value = try? JSONValue(parsing: bytes), value["message"]?.string == "crashed",
      let time = value["time"]?.string, let signal = value["signal"]?.string,
      let code = value["code"]?.number?.int, let pid = value["pid"]?.number?.int,
      let thread = value["thread"]?.number?.int, let frames = value["frames"]?.array
    else { return nil }
    self.time = time
    self.signal = signal
    self.code = code
    self.pid = pid
    self.thread = thread
    threadName = value["thread_name"]?.string ?? ""
    threadRole = value["thread_role"]?.string
    plugin = value["plugin"]?.string
    generation = value["generation"]?.number?.int
    function = value["function"]?.string
    route = value["route"]?.string
    requestID = value["request_id"]?.string
    hint = value["hint"]?.string
    address = value["address"]?.string
    sender = value["sender"]?.number?.int
    configuration = value["configuration"]?.string
    for frame in frames {
      guard let address = frame["address"]?.string else { return nil }
      self.frames.append(
        Frame(
          address: address, image: frame["image"]?.string, offset: frame["offset"]?.string,
          plugin: frame["plugin"]?.string))
    }
  }

  /// In one line: "SIGILL in shop.buy, plugin shop, route POST /orders, request 4f2a".
  public var summary: String {
    var parts = [signal + (hint.map { " (\($0))" } ?? "") + (function.map { " in \($0)" } ?? "")]
    if let plugin {
      parts.append("plugin \(plugin)" + (generation.map { " generation \($0)" } ?? ""))
    } else {
      parts.append("no plugin's code")
    }
    if let route { parts.append("route \(route)") }
    if let requestID { parts.append("request \(requestID)") }
    if function == nil { parts.append(threadRole.map { "thread \($0)" } ?? "a thread that is not the gateway's") }
    return parts.joined(separator: ", ")
  }

  /// For a person.
  public var text: String {
    var lines = ["\(time)  \(summary)"]
    if let configuration { lines.append("  configuration  \(configuration)") }
    lines.append("  process        \(pid), thread \(thread)\(threadName.isEmpty ? "" : " (\(threadName))")")
    if let address { lines.append("  address        \(address)") }
    if let sender { lines.append("  sent by        process \(sender)\(sender == pid ? " (itself: abort or raise)" : "")") }
    for (index, frame) in frames.enumerated() {
      let place = frame.image.map { "\($0)+\(frame.offset ?? "?")" } ?? frame.address
      lines.append("  \(index == 0 ? "at " : "   ")  \(place)\(frame.plugin.map { "  [\($0)]" } ?? "")")
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
