import Testing

@testable import Gateway
@testable import GatewayPluginHost

@Suite struct PluginRunTests {
  /// Lets a test call what changes it inside an expectation.
  private final class Box {
    var run = PluginRun()
    func join() -> PluginRun.Answer? { run.join {} }
    func started() -> Int { run.started().count }
    func leave() -> Bool { run.leave() }
    func ended() -> Int { run.ended().count }
    func lost() -> Int { run.lost().count }
  }

  @Test func theFirstStartsItAndTheLastStopsIt() {
    let box = Box()
    #expect(box.join() == .start)
    #expect(box.run.stage == .starting)
    #expect(box.started() == 0)
    #expect(box.join() == .joined)
    #expect(box.run.users == 2)
    #expect(!box.leave())
    #expect(box.leave())
    #expect(box.run.stage == .stopping)
    #expect(box.ended() == 0)
    #expect(box.run.stage == .idle)
  }

  @Test func whoComesWhileItStopsWaitsAndStartsItAgain() {
    let box = Box()
    _ = box.join()
    _ = box.started()
    #expect(box.leave())
    #expect(box.join() == nil)
    #expect(box.ended() == 1)
    #expect(box.join() == .start)
  }

  @Test func whoComesWhileItStartsWaitsAndTakesPart() {
    let box = Box()
    _ = box.join()
    #expect(box.join() == nil)
    #expect(box.started() == 1)
    #expect(box.join() == .joined)
  }

  @Test func oneThatDidNotStartMayBeStartedAgain() {
    let box = Box()
    _ = box.join()
    #expect(box.ended() == 0)
    #expect(box.join() == .start)
  }

  @Test func whatIsLostIsNotStartedAgainAndKeepsNobodyWaiting() {
    let box = Box()
    _ = box.join()
    #expect(box.join() == nil)
    #expect(box.lost() == 1)
    #expect(box.join() == .lost)
    #expect(!box.leave())
  }

  @Test func nobodyStopsWhatDoesNotRun() {
    let box = Box()
    #expect(!box.leave())
    _ = box.join()
    #expect(!box.leave())
  }
}

@Suite struct AdminRequestTests {
  @Test(arguments: [
    ("GET", "/status", .status), ("GET", "/plugins", .plugins), ("POST", "/reload", .reload(.everything)),
    ("POST", "/plugins/shop/reload", .reload(.plugins(["shop"]))),
    ("POST", "/plugins/shop/rollback", .reload(.rollback("shop"))), ("POST", "/status", .wrongMethod),
    ("GET", "/reload", .wrongMethod), ("GET", "/plugins/shop/reload", .wrongMethod), ("GET", "/", .unknown),
    ("GET", "/status/", .unknown), ("POST", "/plugins/shop/remove", .unknown), ("GET", "*", .unknown),
  ] as [(String, String, AdminRequest.Action)])
  func whatIsAskedFollowsFromMethodAndPath(method: String, target: String, action: AdminRequest.Action) {
    #expect(AdminRequest(method: method, target: target).action == action)
  }

  @Test func anAnswerIsStatusAndBody() throws {
    let answer = try AdminClient.answer(in: Array("HTTP/1.1 409 Conflict\r\na: b\r\n\r\n{\"text\":\"no\"}\n".utf8), "/s")
    #expect(answer.status == 409)
    #expect(answer.text("text") == "no")
    #expect(!answer.isFine)
  }

  @Test(arguments: ["", "HTTP/1.1 200", "hello\r\n\r\n", "HTTP/1.1 2x0 OK\r\n\r\n"])
  func whatIsNoAnswerIsTold(text: String) {
    #expect(throws: AdminClient.Failure.self) { try AdminClient.answer(in: Array(text.utf8), "/s") }
  }
}
