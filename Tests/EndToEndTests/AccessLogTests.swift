import Foundation
import Glibc
import TestSupport
import Testing

/// The access log of the running program.
@Suite(.timeLimit(.minutes(5))) struct AccessLogTests {
  private func yaml(_ options: String) -> String {
    """
    \(Yaml.edge)
    plugins: { echo: { library: Echo } }
    use: [ { request_id: {} }, { access_log: { \(options) } } ]
    routes:
      - { match: GET /hello, handler: echo.hello }
      - { match: "GET /shout/{name}", handler: echo.shout }
      - { match: POST /small, handler: echo.echo, limits: { body: 4B } }
    """
  }

  private func lines(_ path: String) throws -> [[String: String]] {
    try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map { line in
      try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]).mapValues { "\($0)" }
    }
  }

  @Test func everyRequestIsOneLineOfJSONInTheFile() throws {
    let path = try RunningGateway.folder() + "/access.log"
    let gateway = try RunningGateway(yaml("path: \(path)"))
    let wire = try gateway.connect()
    let hello = try wire.ask("/hello?q=1", fields: ["user-agent: \"quoted\" \u{e9}\\"])
    #expect(try wire.ask("/shout/a%22b").status == 200)
    #expect(try wire.ask("/nowhere").status == 404)
    #expect(try wire.ask("POST", "/small", body: [1, 2, 3, 4, 5]).status == 413)
    #expect(gateway.stop().code == 0)

    let log = try lines(path)
    #expect(log.count == 4)
    let first = try #require(log.first { $0["url.path"] == "/hello" })
    #expect(first["http.request.method"] == "GET")
    #expect(first["http.response.status_code"] == "200")
    #expect(first["http.response.body.size"] == "17")
    #expect(first["http.route"] == "/hello")
    #expect(first["plugin"] == "echo.hello")
    #expect(first["client.address"] == "127.0.0.1")
    #expect(first["request_id"] == hello["x-request-id"])
    #expect(first["reason"] == "ok")
    #expect(first["user_agent.original"] == "\"quoted\" \u{e9}\\")
    #expect(first["t_total"].flatMap { Double($0) } != nil)
    #expect(log.contains { $0["http.route"] == "/shout/{name}" })
    #expect(log.contains { $0["reason"] == "no_route" && $0["http.response.status_code"] == "404" })
    #expect(log.contains { $0["reason"] == "body_too_large" && $0["http.response.status_code"] == "413" })
  }

  @Test func slowRequestsAreMarkedAndTheOthersMayBeLeftOut() throws {
    let folder = try RunningGateway.folder()
    let all = try RunningGateway(yaml("path: \(folder)/all.log, slow: 1ms"))
    let few = try RunningGateway(yaml("path: \(folder)/few.log, slow: 1h, only_slow: true"))
    // An exchange lasts until its body is there: as long as the test needs for a few round trips.
    for gateway in [all, few] {
      let slow = try gateway.connect()
      try slow.send("POST /small HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\nab")
      let end = ContinuousClock.now + .milliseconds(5)
      while ContinuousClock.now < end { #expect(try gateway.ask("/hello").status == 200) }
      try slow.send("cd")
      #expect(try slow.answer().text == "abcd")
      #expect(gateway.stop().code == 0)
    }
    let marked = try lines("\(folder)/all.log").first { $0["http.route"] == "/small" }
    #expect(marked?["slow"] == "true" || marked?["slow"] == "1", "\(marked ?? [:])")
    #expect(try lines("\(folder)/few.log").isEmpty)
  }

  @Test func aRotatedFileIsOpenedAgainAndNoLineIsLost() throws {
    let folder = try RunningGateway.folder()
    let path = "\(folder)/access.log"
    let gateway = try RunningGateway(yaml("path: \(path)"))
    let wire = try gateway.connect()
    for _ in 0..<100 { #expect(try wire.ask("/hello").status == 200) }
    #expect(rename(path, "\(path).1") == 0)
    gateway.child.send(SIGUSR1)
    #expect(gateway.event("log files opened again") != nil)
    for _ in 0..<100 { #expect(try wire.ask("/shout/x").status == 200) }
    #expect(gateway.stop().code == 0)
    let old = try lines("\(path).1")
    let new = try lines(path)
    #expect(old.count + new.count == 200)
    #expect(new.contains { $0["http.route"] == "/shout/{name}" })
  }

  @Test func aLogThatCannotBeWrittenIsAMistakeOfTheConfiguration() throws {
    let failed = try RunningGateway.failure(yaml("path: /nowhere/access.log"))
    #expect(failed.code == 1)
    #expect(failed.errors.contains("the access log cannot be written"))
    #expect(failed.errors.contains("/nowhere/access.log"))
  }

  @Test func standardOutputCarriesNothingElse() throws {
    let gateway = try RunningGateway(yaml("path: stdout"))
    #expect(try gateway.ask("/hello").status == 200)
    let ended = gateway.stop()
    #expect(ended.output.count == 1)
    #expect(ended.output.first?.contains(#""http.route":"/hello""#) == true)
  }
}
