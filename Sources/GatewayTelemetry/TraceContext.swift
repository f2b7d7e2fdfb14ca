/// W3C Trace Context, level 1: where a request stands in a trace. <https://www.w3.org/TR/trace-context/>
public struct TraceContext: Sendable, Equatable {
  /// 32 and 16 lower-case hex digits, never all zero.
  public let traceID: String
  public let spanID: String
  /// Bit 0: the caller may have recorded this trace.
  public let flags: UInt8

  /// A trace that begins here; sampled, as by default every tracer records what nobody has decided about.
  public init() {
    traceID = Self.hex(Self.random()) + Self.hex(Self.random())
    spanID = Self.hex(Self.random())
    flags = 1
  }

  private init(traceID: String, spanID: String, flags: UInt8) {
    self.traceID = traceID
    self.spanID = spanID
    self.flags = flags
  }

  /// A received `traceparent`; nil where it is none (§3.2). Of a later version what version 00 knows is read, as §4.3 has it.
  public init?(parsing text: some StringProtocol) {
    let bytes = Array(text.utf8.prefix(513))
    func digits(_ range: Range<Int>) -> String? {
      let part = bytes[range]
      return part.allSatisfy { ($0 >= 0x30 && $0 <= 0x39) || ($0 >= 0x61 && $0 <= 0x66) }
        ? String(decoding: part, as: UTF8.self) : nil
    }
    let dash = UInt8(ascii: "-")
    guard bytes.count >= 55, bytes.count <= 512, bytes[2] == dash, bytes[35] == dash, bytes[52] == dash,
      let version = digits(0..<2), version != "ff", let trace = digits(3..<35), let span = digits(36..<52),
      let flags = digits(53..<55).flatMap({ UInt8($0, radix: 16) }),
      trace.utf8.contains(where: { $0 != 0x30 }), span.utf8.contains(where: { $0 != 0x30 }),
      version == "00" ? bytes.count == 55 : bytes.count == 55 || bytes[55] == dash
    else { return nil }
    self.init(traceID: trace, spanID: span, flags: flags)
  }

  /// The same trace, a step further down.
  public func child() -> TraceContext {
    // Only the flag that this version knows is passed on (§3.2.2.5).
    TraceContext(traceID: traceID, spanID: Self.hex(Self.random()), flags: flags & 1)
  }

  /// The value of a `traceparent` field, 55 bytes.
  public var text: String { "00-\(traceID)-\(spanID)-0\(flags & 1)" }

  private static func random() -> UInt64 { UInt64.random(in: 1...UInt64.max) }

  private static func hex(_ value: UInt64) -> String {
    let text = String(value, radix: 16)
    return String(repeating: "0", count: 16 - text.utf8.count) + text
  }
}
