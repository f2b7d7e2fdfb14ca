import GatewayTelemetry
import Testing

/// W3C Trace Context.
struct TraceContextTests {
  static let trace = "4bf92f3577b34da6a3ce929d0e0e4736"

  @Test func aReceivedOneIsRead() throws {
    let context = try #require(TraceContext(parsing: "00-\(Self.trace)-00f067aa0ba902b7-01"))
    #expect(context.traceID == Self.trace)
    #expect(context.spanID == "00f067aa0ba902b7")
    #expect(context.flags == 1)
    #expect(context.text == "00-\(Self.trace)-00f067aa0ba902b7-01")
  }

  @Test(arguments: [
    "", "00", "00-\(trace)-00f067aa0ba902b7-0", "00-\(trace)-00f067aa0ba902b7-01-x", "ff-\(trace)-00f067aa0ba902b7-01",
    "00-\(trace.uppercased())-00f067aa0ba902b7-01", "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
    "00-\(trace)-0000000000000000-01", "00_\(trace)-00f067aa0ba902b7-01", "00-\(trace)-00f067aa0ba902b7-0g",
    "01-\(trace)-00f067aa0ba902b7-01x", " 0-\(trace)-00f067aa0ba902b7-01",
  ])
  func whatIsNoneIsNotRead(text: String) {
    #expect(TraceContext(parsing: text) == nil)
  }

  @Test func aLaterVersionIsReadAsFarAsItIsKnown() throws {
    let context = try #require(TraceContext(parsing: "cc-\(Self.trace)-00f067aa0ba902b7-03-what-comes"))
    #expect(context.child().text.hasPrefix("00-\(Self.trace)-"))
    #expect(context.child().text.hasSuffix("-01"))
  }

  @Test func aChildIsOfTheSameTraceAndAnotherStep() throws {
    let context = try #require(TraceContext(parsing: "00-\(Self.trace)-00f067aa0ba902b7-00"))
    let child = context.child()
    #expect(child.traceID == Self.trace)
    #expect(child.spanID != context.spanID)
    #expect(child.text.hasSuffix("-00"))
  }

  @Test func oneThatBeginsHereCanBeReadAgain() {
    let context = TraceContext()
    #expect(TraceContext(parsing: context.text) == context)
    #expect(TraceContext() != context)
  }
}
