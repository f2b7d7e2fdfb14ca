import Testing

@testable import Gateway
@testable import GatewayPluginHost

@Suite struct PluginRunTests {
  @Test func theFirstStartsItAndTheLastStopsIt() {
    var run = PluginRun()
    #expect(run.join {} == .start)
    #expect(run.stage == .starting)
    #expect(run.started().isEmpty)
    #expect(run.join {} == .joined)
    #expect(run.users == 2)
    #expect(!run.leave())
    #expect(run.leave())
    #expect(run.stage == .stopping)
    #expect(run.ended().isEmpty)
    #expect(run.stage == .idle)
  }

  @Test func whoComesWhileItStopsWaitsAndStartsItAgain() {
    var run = PluginRun()
    _ = run.join {}
    _ = run.started()
    #expect(run.leave())
    #expect(run.join {} == nil)
    #expect(run.ended().count == 1)
    #expect(run.join {} == .start)
  }

  @Test func whoComesWhileItStartsWaitsAndTakesPart() {
    var run = PluginRun()
    _ = run.join {}
    #expect(run.join {} == nil)
    #expect(run.started().count == 1)
    #expect(run.join {} == .joined)
  }

  @Test func oneThatDidNotStartMayBeStartedAgain() {
    var run = PluginRun()
    _ = run.join {}
    #expect(run.ended().isEmpty)
    #expect(run.join {} == .start)
  }

  @Test func nobodyStopsWhatDoesNotRun() {
    var run = PluginRun()
    #expect(!run.leave())
    _ = run.join {}
    #expect(!run.leave())
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
