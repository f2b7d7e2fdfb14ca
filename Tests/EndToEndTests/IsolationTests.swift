import Foundation
import Glibc
import TestSupport
import Testing

/// Plugins in processes of their own: what they break there stays there.
@Suite(.enabled(if: BrokenPlugins.canBuild, "\(BrokenPlugins.whyNot)"), .timeLimit(.minutes(5)))
struct IsolationTests {
  private func yaml(_ options: String = "", timeout: String = "1m") throws -> String {
    let names = [
      "traps", "traps_blocking", "sometimes", "exits", "loops", "spins", "leaks", "forgets", "garbage", "forges", "forks",
      "opens", "surroundings", "process", "prints", "floods", "torn",
    ]
    return try Yaml.broken("unruly", handlers: names, timeout: timeout)
      .replacingOccurrences(of: "broken: { ", with: "broken: { isolation: process, \(options)")
      .replacingOccurrences(of: "routes:", with: """
        dependencies:
          unit: { provider: broken.unit }
          app_unit: { provider: broken.app_unit }
        routes:
          - { match: /ready, health: ready }
          - { match: /uses, handler: broken.uses, needs: { unit: unit } }
          - { match: /uses_app, handler: broken.uses, needs: { unit: app_unit } }
          - { match: /traps_with_unit, handler: broken.traps_with_unit, needs: { unit: unit } }
        """)
  }

  private func gateway(
    _ options: String = "", timeout: String = "1m", environment: [String: String] = [:]
  ) throws -> RunningGateway {
    try RunningGateway(yaml(options, timeout: timeout), environment: environment)
  }

  /// The processes that the gateway has for its plugins.
  private func workers(of gateway: RunningGateway) -> [pid_t] { Self.children(of: gateway.child.pid) }

  private static func children(of parent: pid_t) -> [pid_t] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return names.compactMap { pid_t($0) }.filter { pid in
      guard let status = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
        let end = status.lastIndex(of: ")")
      else { return false }
      let fields = status[end...].split(separator: " ")
      return fields.count > 2 && fields[2] == "\(parent)"
    }
  }

  // MARK: what ends a process

  @Test(arguments: ["/traps", "/traps_blocking"])
  func aTrapCostsItsOwnRequestA502ThatNamesThePlugin(_ target: String) throws {
    let gateway = try gateway()
    let answer = try gateway.ask(target)
    #expect(answer.status == 502)
    #expect(answer.text.contains("Plugin 'broken' ended while it worked on this request"))
    let lost = try #require(gateway.event("request lost with the process of its plugin"))
    #expect(lost["error"]?.contains("was ended by signal") == true)
    #expect(lost["handler"] == "broken.\(target.dropFirst())")
    #expect(lost["request_id"]?.isEmpty == false)
    #expect(gateway.event("plugin process ended")?["plugin"] == "broken")
    // The next one is there for the next request.
    #expect(try gateway.ask("/sometimes").text == "fine")
    #expect(try gateway.ask("/alive").status == 200)
    #expect(gateway.stop().code == 0)
  }

  @Test func anExitIsToldWithItsCode() throws {
    let gateway = try gateway()
    #expect(try gateway.ask("/exits").status == 502)
    #expect(gateway.event("plugin process ended", "exited with code 7") != nil)
    #expect(try gateway.ask("/sometimes").text == "fine")
  }

  @Test func aProcessThatIsKilledFromOutsideIsFollowedByAnother() throws {
    let gateway = try gateway()
    let first = try #require(pid_t(try gateway.ask("/process").text))
    #expect(workers(of: gateway).contains(first))
    kill(first, SIGKILL)
    #expect(gateway.event("plugin process ended", "SIGKILL") != nil)
    let second = try #require(pid_t(try gateway.ask("/process").text))
    #expect(second != first)
  }

  @Test(arguments: ["/loops", "/spins"])
  func anEndlessLoopEndsWithItsProcessAfterTheDeadline(_ target: String) throws {
    let gateway = try gateway("patience: 100ms, ", timeout: "300ms")
    let answer = try gateway.ask(target)
    #expect(answer.status == 504)
    #expect(answer.text.contains("Plugin 'broken' did not answer in time"))
    let ended = try #require(gateway.event("plugin process ended", "was ended by the gateway"))
    #expect(ended["error"]?.contains("given up") == true)
    #expect(try gateway.ask("/alive").status == 200)
    #expect(try gateway.ask("/process").status == 200)
  }

  @Test(arguments: ["/garbage", "/forges"])
  func whatBreaksTheProtocolEndsTheProcessAndNothingElse(_ target: String) throws {
    let gateway = try gateway()
    #expect(try gateway.ask(target).status == 502)
    #expect(gateway.event("plugin process ended", "it broke the protocol") != nil)
    #expect(try gateway.ask("/sometimes").text == "fine")
  }

  @Test func aPluginThatAlwaysDiesIsTriedLessAndLessAndRequestsAreA503AtOnce() throws {
    let gateway = try gateway("restart: { attempts: 2, pause: 1h }, ")
    #expect(try gateway.ask("/ready").status == 200)
    #expect(try gateway.ask("/traps").status == 502)
    #expect(try gateway.ask("/traps").status == 502)
    #expect(gateway.event("plugin process ended too often") != nil)
    let answer = try gateway.ask("/sometimes")
    #expect(answer.status == 503)
    #expect(answer["retry-after"] == "1")
    #expect(answer.text.contains("Plugin 'broken' is not available"))
    while try gateway.ask("/ready").status != 503 { sched_yield() }
    #expect(try gateway.ask("/ready").text.contains("broken"))
    #expect(try gateway.ask("/alive").status == 200)
    #expect(gateway.stop().code == 0)
  }

  // MARK: values

  @Test func valuesOfARequestLiveInOneProcessOfSeveral() throws {
    let gateway = try gateway("workers: 3, ")
    #expect(workers(of: gateway).count == 3)
    for _ in 0..<50 { #expect(try gateway.ask("/uses").text == "mine 1") }
  }

  @Test func valuesOfTheApplicationAreMadeInEveryProcessAndAgainInANewOne() throws {
    let gateway = try gateway()
    #expect(try gateway.ask("/uses_app").text == "mine 1")
    #expect(try gateway.ask("/uses_app").text == "mine 2")
    #expect(try gateway.ask("/traps").status == 502)
    #expect(try gateway.ask("/uses_app").text == "mine 1")
  }

  @Test func aRequestWhoseValuesDiedEndsWithA502AndNoTeardownOfTheDead() throws {
    let gateway = try gateway()
    #expect(try gateway.ask("/uses").text == "mine 1")
    // The teardown comes behind the answer.
    while try gateway.ask("/torn").text != "1" { sched_yield() }
    #expect(try gateway.ask("/traps_with_unit").status == 502)
    #expect(try gateway.ask("/torn").text == "0")
  }

  @Test func jsonCrossesBothWaysAndServicesAreRefusedByName() throws {
    func yaml(_ catalog: String, _ views: String, _ routes: String) throws -> String {
      """
      \(Yaml.edge)
      plugins:
        catalog: { \(catalog)library: Catalog }
        views: { \(views)path: "\(try BrokenPlugins.build("views"))" }
      dependencies:
        account: { provider: catalog.account }
        prices: { provider: catalog.prices }
        tick: { provider: views.tick }
      routes:
        - { match: GET /own, handler: catalog.own }
        - { match: GET /tick, handler: views.take }
      \(routes)
      """
    }
    let service = "  - { match: GET /native, handler: views.show }"
    let gateway = try RunningGateway(yaml("isolation: process, ", "isolation: process, ", ""))
    #expect(try gateway.ask("/own").text == #""Ada 300""#)
    #expect(try gateway.ask("/tick").text == "taken")
    #expect(gateway.stop().code == 0)
    for (catalog, views) in [("isolation: process, ", ""), ("", "isolation: process, ")] {
      let failed = try RunningGateway.failure(yaml(catalog, views, service))
      #expect(failed.code == 1)
      #expect(failed.errors.contains("a table of functions cannot cross into another process"), "\(failed.errors)")
    }
  }

  // MARK: bodies

  @Test(arguments: [1, 65_535, 65_536, 1 << 20, 10 << 20, 17 << 20])
  func bodiesOfAnySizeComeBackAsTheyWent(_ size: Int) throws {
    let yaml = """
      version: 1
      server: { listen: ["127.0.0.1:0"], workers: 2, limits: { body: 64MiB } }
      plugin_path: ["\(BuiltPlugins.directory)"]
      plugins: { echo: { library: Echo, isolation: process, workers: 2 } }
      routes: [ { match: POST /echo, handler: echo.echo } ]
      """
    let gateway = try RunningGateway(yaml)
    let wire = try gateway.connect()
    var body = [UInt8](repeating: 0, count: size)
    for index in stride(from: 0, to: size, by: 97) { body[index] = UInt8(truncatingIfNeeded: index / 97) }
    for _ in 0..<3 { #expect(try wire.ask("POST", "/echo", body: body).body == body) }
    #expect(gateway.stop().code == 0)
  }

  // MARK: limits

  @Test func aProcessGetsOnlyWhatItIsAllowed() throws {
    let gateway = try gateway(
      "environment: [UNRULY_GIVEN], ", environment: ["UNRULY_GIVEN": "yes", "UNRULY_SECRET": "key"])
    #expect(try gateway.ask("/surroundings").text == "given=yes secret=- no_new_privs=1 session=1")
  }

  @Test func whoLeaksEndsAtItsMemoryLimit() throws {
    let gateway = try gateway("limits: { memory: 512MiB }, ")
    #expect(try gateway.ask("/leaks").status == 502)
    #expect(try gateway.ask("/sometimes").text == "fine")
  }

  @Test func processesAndDescriptorsAreLimited() throws {
    let free = try gateway()
    #expect(try free.ask("/forks").text == "forked")
    let bound = try gateway("limits: { processes: 0, descriptors: 100 }, ")
    #expect(try bound.ask("/forks").text.hasPrefix("cannot: "))
    #expect(try bound.ask("/opens").text.hasPrefix("some: "))
    // Threads are no processes.
    #expect(try bound.ask("/uses").text == "mine 1")
  }

  @Test func processorTimeIsLimited() throws {
    let gateway = try gateway("limits: { cpu: 1s }, ")
    #expect(try gateway.ask("/loops").status == 502)
    #expect(gateway.event("plugin process ended", "was ended by signal") != nil)
    #expect(try gateway.ask("/sometimes").text == "fine")
  }

  @Test func whatItPrintsIsInTheLogWithItsName() throws {
    let gateway = try gateway()
    #expect(try gateway.ask("/prints").text == "printed")
    #expect(gateway.event("plugin process wrote", "printed by the plugin")?["plugin"] == "broken")
    #expect(gateway.event("plugin process wrote", "complained by the plugin")?["plugin"] == "broken")
  }

  @Test func logLinesComeWithTheFactsOfTheirRequest() throws {
    let gateway = try gateway()
    #expect(try gateway.ask("/floods").text == "flooded")
    let line = try #require(gateway.event("\"flood\""))
    #expect(line["handler"] == "broken.floods")
    #expect(line["request_id"]?.isEmpty == false)
    #expect(gateway.stop().code == 0)
  }

  // MARK: the end

  @Test func noProcessIsLeftWhenTheGatewayStops() throws {
    let gateway = try gateway("workers: 2, ")
    let processes = workers(of: gateway)
    #expect(processes.count == 2)
    #expect(gateway.stop().code == 0)
    for process in processes { #expect(kill(process, 0) != 0) }
  }

  @Test func aProcessThatDoesNotWantToEndIsEnded() throws {
    let gateway = try gateway()
    let process = try #require(pid_t(try gateway.ask("/process").text))
    let wire = try gateway.connect()
    try wire.send("GET /loops HTTP/1.1\r\nhost: a\r\n\r\n")
    // The drain of the configuration is a second; then it is cut off.
    _ = gateway.stop()
    #expect(kill(process, 0) != 0)
  }

  @Test func noProcessIsLeftWhenTheGatewayIsKilled() throws {
    let gateway = try gateway("workers: 2, ")
    let processes = workers(of: gateway)
    #expect(processes.count == 2)
    // One is stuck and cannot see that the gateway has gone.
    let wire = try gateway.connect()
    try wire.send("GET /loops HTTP/1.1\r\nhost: a\r\n\r\n")
    gateway.child.send(SIGKILL)
    gateway.child.wait()
    for process in processes { while Self.isAlive(process) { sched_yield() } }
  }

  /// Orphans are taken over by somebody who may not wait for them: a dead one is as good as none.
  private static func isAlive(_ process: pid_t) -> Bool {
    guard let status = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8),
      let end = status.lastIndex(of: ")")
    else { return false }
    return status[end...].split(separator: " ").dropFirst().first.map { $0 != "Z" && $0 != "X" } ?? false
  }

  // MARK: configuration

  @Test func checkOpensItInAProcessThatIsGoneAgain() throws {
    let checked = try RunningGateway.command("check", yaml: yaml())
    #expect(checked.code == 0, "\(checked.errors)")
  }

  @Test func aLibraryThatDoesNotFitIsRefusedWithTheSameWords() throws {
    let yaml = """
      version: 1
      server: { listen: ["127.0.0.1:0"] }
      plugins:
        twice: { isolation: process, path: "\(try BrokenPlugins.build("duplicate_handler"))" }
        missing: { isolation: process, path: "\(try BrokenPlugins.build("undefined_symbol"))" }
        null: { isolation: process, path: "\(try BrokenPlugins.build("null_descriptor"))" }
      routes:
        - { match: /a, handler: twice.hello }
        - { match: /b, handler: missing.hello }
        - { match: /c, handler: "null.hello" }
      """
    let failed = try RunningGateway.failure(yaml)
    #expect(failed.code == 1)
    for code in ["plugin-invalid-descriptor", "plugin-cannot-open", "plugin-null-descriptor"] {
      #expect(failed.errors.contains("error[\(code)]"), "\(code) in \(failed.errors)")
    }
  }

  @Test func optionsOfIsolationWithoutItAreAMistake() throws {
    let yaml = try yaml().replacingOccurrences(of: "isolation: process", with: "workers: 2, limits: { memory: 1GiB }")
    let failed = try RunningGateway.failure(yaml)
    #expect(failed.code == 1)
    #expect(failed.errors.contains("`workers` is for plugins in processes of their own"))
    #expect(failed.errors.contains("`limits` is for plugins in processes of their own"))
  }

  @Test func aStartThatFailsInAProcessEndsTheGatewayWith2AndSaysWhy() throws {
    let yaml = try Yaml.broken("failing_start", handlers: ["hello"])
      .replacingOccurrences(of: "broken: { ", with: "broken: { isolation: process, ")
    let failed = try RunningGateway.failure(yaml)
    #expect(failed.code == 2)
    #expect(failed.errors.contains("plugin 'broken' did not start: BrokenError: the database is on strike"))
  }
}
