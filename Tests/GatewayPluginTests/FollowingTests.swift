import CGatewayPlugin
import Testing

@testable import GatewayPlugin

/// Invocations that the host begins while another one completes.
struct FollowingTests {
  private let journal = Journal()

  /// Providers that tell when they run.
  private func opened(isHostWhole: Bool = true) throws -> OpenPlugin {
    var plugin = Plugin("following", version: "1.0.0")
    let journal = journal
    for name in ["first", "second", "third"] {
      plugin.provider(name) { _ -> Int in
        journal.add("\(name) runs")
        return 1
      }
    }
    plugin.provider("cancelled") { _ -> Int in
      withUnsafeCurrentTask { $0?.cancel() }
      return 1
    }
    plugin.provider("waiting") { _ -> Int in
      await Task.yield()
      journal.add("waiting runs")
      return 1
    }
    return try OpenPlugin(plugin, isHostWhole: isHostWhole)
  }

  /// Begins the second inside the completion of the first. The tokens of both.
  private func begin(
    _ second: String, inside first: String, of plugin: OpenPlugin, _ recorders: (Recorder, Recorder)
  ) throws -> (first: UInt, second: UInt) {
    let (one, other) = (try plugin.provider(first), try plugin.provider(second))
    nonisolated(unsafe) let (invoke, context) = (other.pointee.invoke, other.pointee.context)
    let journal = journal
    let token = Token()
    recorders.0.onEnd {
      journal.add("\(second) begins")
      token.set(try? plugin.start(invoke, context, recorders.1))
      journal.add("\(second) has begun")
    }
    let outer = try plugin.start(one.pointee.invoke, one.pointee.context, recorders.0)
    return (UInt(bitPattern: outer), token.value)
  }

  @Test func whatBeginsInsideACompletionRunsBehindItInTheSameTask() async throws {
    let plugin = try opened()
    let recorders = (Recorder(), Recorder())
    let tokens = try begin("second", inside: "first", of: plugin, recorders)
    #expect(journal.all == ["first runs", "second begins", "second has begun", "second runs"])
    #expect(tokens.first == tokens.second)
    #expect(await recorders.1.ending.kind == "provide")
    // Whatever holds the loop is told by the name of the second one.
    #expect(recorders.1.isEntered)
    #expect(!recorders.0.isEntered)
  }

  @Test func aHostThatDoesNotAskIsNotTold() async throws {
    let plugin = try opened(isHostWhole: false)
    let recorders = (Recorder(), Recorder())
    _ = try begin("second", inside: "first", of: plugin, recorders)
    #expect(await recorders.1.ending.kind == "provide")
    #expect(!recorders.1.isEntered)
  }

  @Test func aCancelledTaskIsNotGoneOnWith() async throws {
    let plugin = try opened()
    let recorders = (Recorder(), Recorder())
    let tokens = try begin("second", inside: "cancelled", of: plugin, recorders)
    // At once, in a task of its own.
    #expect(journal.all == ["second begins", "second runs", "second has begun"])
    #expect(tokens.first != tokens.second)
  }

  @Test func ofTwoThatBeginOneFollowsAndTheOtherRunsAtOnce() async throws {
    let plugin = try opened()
    let (one, two, three) = (Recorder(), Recorder(), Recorder())
    let (first, second, third) = (try plugin.provider("first"), try plugin.provider("second"), try plugin.provider("third"))
    nonisolated(unsafe) let others = (second.pointee, third.pointee)
    one.onEnd {
      _ = try? plugin.start(others.0.invoke, others.0.context, two)
      _ = try? plugin.start(others.1.invoke, others.1.context, three)
    }
    try plugin.start(first.pointee.invoke, first.pointee.context, one)
    #expect(journal.all == ["first runs", "third runs", "second runs"])
    #expect(await two.ending.kind == "provide")
    #expect(await three.ending.kind == "provide")
  }

  @Test func oneThatWaitsHoldsNobodyBehindIt() async throws {
    let plugin = try opened()
    let recorders = (Recorder(), Recorder())
    let tokens = try begin("waiting", inside: "first", of: plugin, recorders)
    #expect(tokens.first == tokens.second)
    #expect(await recorders.1.ending.kind == "provide")
    #expect(journal.all.last == "waiting runs")
  }

  @Test func aLongChainRunsOnTheStackOfOne() async throws {
    let plugin = try opened()
    let provider = try plugin.provider("first")
    nonisolated(unsafe) let (invoke, context) = (provider.pointee.invoke, provider.pointee.context)
    // As deep as this, calls inside each other would need more stack than a thread has.
    let recorders = (0..<50_000).map { _ in Recorder() }
    for (index, recorder) in recorders.dropLast().enumerated() {
      recorder.onEnd { _ = try? plugin.start(invoke, context, recorders[index + 1]) }
    }
    try plugin.start(invoke, context, recorders[0])
    #expect(await recorders[49_999].ending.kind == "provide")
  }
}

private final class Token: @unchecked Sendable {
  // Proof for @unchecked: set and read by the test's thread alone, as nothing of it waits.
  private(set) var value: UInt = 0
  func set(_ token: UnsafeMutableRawPointer?) { value = UInt(bitPattern: token) }
}
