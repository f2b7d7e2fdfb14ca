import Foundation
import TestSupport
import Testing

/// Plugins with one fault each, opened by the real program: the fault is told, and everything else goes on.
@Suite(.enabled(if: BrokenPlugins.canBuild, "\(BrokenPlugins.whyNot)"), .timeLimit(.minutes(5)))
struct PluginFaultTests {
  private func alive(_ gateway: RunningGateway) throws {
    #expect(try gateway.ask("/alive").text == #"{"hello":"world"}"#)
  }

  @Test func aPluginInCServesEveryKindOfHandler() throws {
    let yaml = """
      version: 1
      server: { listen: ["127.0.0.1:0"], workers: 2 }
      plugins: { good: { path: "\(try BrokenPlugins.build("good"))" } }
      dependencies: { greeting: { provider: good.greeting } }
      routes:
        - { match: /hello, handler: good.hello }
        - { match: /echo, handler: good.echo }
        - { match: /async, handler: good.async }
        - { match: /blocking, handler: good.blocking }
        - { match: /greet, handler: good.greet, needs: { greeting: greeting } }
      """
    let gateway = try RunningGateway(yaml)
    let wire = try gateway.connect()
    for _ in 0..<50 {
      #expect(try wire.ask("/hello").text == "hello")
      #expect(try wire.ask("/async").text == "async")
      #expect(try wire.ask("/blocking").text == "on the pool")
      #expect(try wire.ask("/greet").text == "good day")
      #expect(try wire.ask("POST", "/echo", body: [0, 255, 10]).body == [0, 255, 10])
    }
    #expect(gateway.stop().code == 0)
  }

  @Test func aHandlerThatNeverCompletesIsAnswered504() throws {
    let gateway = try RunningGateway(
      Yaml.broken("never_completes", handlers: ["never", "hello"], timeout: "200ms"))
    #expect(try gateway.ask("/never").status == 504)
    let event = gateway.event("handler given up")
    #expect(event?["handler"] == "broken.never")
    #expect(event?["route"]?.contains("/never") == true)
    #expect(try gateway.ask("/hello").text == "hello")
    try alive(gateway)
  }

  @Test(
    .disabled(if: RunningGateway.isIsolated, "it holds another process's loop, not the gateway's"),
    arguments: ["inline", "async"])
  func aFunctionThatHoldsTheLoopIsNamedWhileItDoes(handler: String) throws {
    let gateway = try RunningGateway(Yaml.broken("holds_loop", handlers: [handler]))
    #expect(try gateway.ask("/\(handler)").text == "held")
    let held = gateway.event("event loop is held by a plugin")
    #expect(held?["function"] == "broken.\(handler)")
    #expect(held?["plugin"] == "broken")
    #expect(held?["route"]?.contains("/\(handler)") == true)
    #expect(held?["stack"]?.contains("wait_for_a_signal (") == true)
    #expect(held?["remedy"]?.contains("declare the function blocking") == true)
    let free = gateway.event("event loop is free again")
    #expect(free?["function"] == "broken.\(handler)")
    #expect(free?["request_id"]?.isEmpty == false)
    try alive(gateway)
    #expect(gateway.stop().code == 0)
  }

  @Test func aCompletionAfterTheDeadlineIsTooLateAndHarmless() throws {
    let gateway = try RunningGateway(
      Yaml.broken("completes_late", handlers: ["late", "flush", "cancelled"], timeout: "200ms"))
    let wire = try gateway.connect()
    #expect(try wire.ask("/late").status == 504)
    #expect(try gateway.ask("/cancelled").text == "cancelled")
    #expect(try gateway.ask("/flush").text == "too late")
    #expect(try gateway.ask("/flush").text == "nothing kept")
    try alive(gateway)
    #expect(gateway.stop().code == 0)
  }

  @Test func theSecondCompletionIsRefused() throws {
    let gateway = try RunningGateway(
      Yaml.broken("completes_twice", handlers: ["inline", "async", "blocking", "last"]))
    let wire = try gateway.connect()
    for handler in ["inline", "async", "blocking"] {
      #expect(try wire.ask("/\(handler)").text == "first")
      // A slot that was given back may be in use again, so the second one may also be called late.
      #expect(["already complete", "too late"].contains(try wire.ask("/last").text), "\(handler)")
    }
    try alive(gateway)
  }

  @Test(arguments: ["inline", "blocking"]) func returningWithoutAnAnswerIsA500ThatNamesTheHandler(
    handler: String
  ) throws {
    let gateway = try RunningGateway(Yaml.broken("null_answer", handlers: [handler]))
    let answer = try gateway.ask("/\(handler)")
    #expect(answer.status == 500)
    #expect(answer.text == #"{"detail":"Internal Server Error"}"#)
    #expect(gateway.event("plugin failed")?["handler"] == "broken.\(handler)")
    try alive(gateway)
  }

  @Test func completionsOfAnotherKindAreA500() throws {
    let gateway = try RunningGateway(Yaml.broken("wrong_kind", handlers: ["provides", "finishes", "last"]))
    for handler in ["provides", "finishes"] {
      #expect(try gateway.ask("/\(handler)").status == 500)
      #expect(gateway.event("plugin failed", "broken.\(handler)") != nil)
      #expect(try gateway.ask("/last").text == "wrong kind")
    }
    try alive(gateway)
  }

  @Test func statusesThatCannotBeSentAreA500() throws {
    let handlers = ["zero", "continue", "switching", "199", "600", "65535", "fail_200", "fail_600"]
    let gateway = try RunningGateway(Yaml.broken("bad_status", handlers: handlers))
    let wire = try gateway.connect()
    for handler in handlers {
      #expect(try wire.ask("/\(handler)").status == 500, "\(handler)")
      #expect(gateway.event("plugin failed", "broken.\(handler)") != nil, "\(handler)")
    }
    try alive(gateway)
  }

  @Test func fieldsThatWouldBreakTheFramingAreA500() throws {
    let handlers = ["crlf", "newline", "nul", "bad_name", "empty_name", "length", "coding"]
    let gateway = try RunningGateway(Yaml.broken("bad_field", handlers: handlers))
    let wire = try gateway.connect()
    for handler in handlers {
      let answer = try wire.ask("/\(handler)")
      #expect(answer.status == 500, "\(handler)")
      #expect(answer["set-cookie"] == nil)
      #expect(answer["x-c"] == nil)
    }
    try alive(gateway)
  }

  @Test func whatAHandlerSaysOfItsErrorStaysInTheLog() throws {
    let yaml = try """
      \(Yaml.broken("waits", handlers: ["outcomes"]))
        - { match: /ok, handler: broken.ok, needs: { unit: unit } }
        - { match: /conflict, handler: broken.conflict, needs: { unit: unit } }
        - { match: /breaks, handler: broken.breaks, needs: { unit: unit } }
      dependencies: { unit: { provider: broken.unit } }
      """
    let gateway = try RunningGateway(yaml)
    #expect(try gateway.ask("/ok").text == "fine")
    #expect(try gateway.ask("/outcomes").text == "1 succeeded, 0 failed, 0 cancelled")
    #expect(try gateway.ask("/conflict").status == 409)
    let answer = try gateway.ask("/breaks")
    #expect(answer.status == 500)
    #expect(!answer.text.contains("secret"))
    #expect(gateway.event("plugin failed")?["error"]?.contains("secret why") == true)
    // Both errors roll back.
    #expect(try gateway.ask("/outcomes").text == "1 succeeded, 2 failed, 0 cancelled")
  }

  @Test func aStartThatFailsEndsTheProcessWith2AndSaysWhy() throws {
    let failed = try RunningGateway.failure(Yaml.broken("failing_start", handlers: ["hello"]))
    #expect(failed.code == 2)
    #expect(failed.errors.contains("plugin 'broken' did not start: BrokenError: the database is on strike"))
    #expect(!failed.errors.contains("listening"))
  }

  @Test func everyMisfitOfEveryLibraryIsToldBeforeTheStart() throws {
    let yaml = """
      version: 1
      server: { listen: ["127.0.0.1:0"] }
      plugins:
        misfit: { path: "\(try BrokenPlugins.build("many_misfits"))" }
        text: { path: "\(try BrokenPlugins.build("not_elf"))" }
        gone: { path: "/nowhere/libgone.so" }
        twice: { path: "\(try BrokenPlugins.build("duplicate_handler"))" }
      routes:
        - { match: /a, handler: misfit.hello }
        - { match: /b, handler: text.hello }
        - { match: /c, handler: gone.hello }
        - { match: /d, handler: twice.hello }
      """
    let failed = try RunningGateway.failure(yaml)
    #expect(failed.code == 1)
    for code in ["plugin-newer-minor", "plugin-other-compiler", "plugin-missing-symbol", "plugin-not-found"] {
      #expect(failed.errors.contains("error[\(code)]"), "\(code)")
    }
    for (name, line) in [("misfit", 4), ("text", 5), ("gone", 6), ("twice", 7)] {
      #expect(failed.errors.contains("plugin `\(name)`"), "\(name)")
      #expect(failed.errors.contains("gateway.yaml:\(line):"), "\(name)")
    }
  }

  // MARK: the same in Swift

  private func swiftPlugin(_ name: String) throws -> String {
    let path = try #require(BuiltPlugins.path("Broken" + name), "lib\("Broken" + name).so is not built")
    return """
      version: 1
      server: { listen: ["127.0.0.1:0"] }
      plugins: { broken: { path: "\(path)" } }
      routes: [ { match: GET /hello, handler: broken.hello } ]
      """
  }

  @Test func aSwiftPluginWhoseStartFailsEndsTheProcessWith2AndSaysWhy() throws {
    let failed = try RunningGateway.failure(swiftPlugin("FailingStart"))
    #expect(failed.code == 2)
    #expect(failed.errors.contains("plugin 'broken' did not start"))
    #expect(failed.errors.contains("the licence expired"))
  }

  @Test func aSwiftPluginWithOneNameForTwoHandlersIsRefused() throws {
    let failed = try RunningGateway.failure(swiftPlugin("DuplicateHandler"))
    #expect(failed.code == 1)
    #expect(failed.errors.contains("plugin `broken`"))
    #expect(failed.errors.contains("hello"))
  }

  @Test func aSwiftPluginWithoutADescriptorIsRefused() throws {
    let failed = try RunningGateway.failure(swiftPlugin("Refusing"))
    #expect(failed.code == 1)
    #expect(failed.errors.contains("plugin-null-descriptor"))
  }
}
