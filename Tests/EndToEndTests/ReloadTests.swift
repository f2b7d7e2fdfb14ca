import Foundation
import Glibc
import Synchronization
import TestSupport
import Testing

/// Plugins and configuration are replaced in the running program.
@Suite(.enabled(if: BrokenPlugins.canBuild, "\(BrokenPlugins.whyNot)"), .timeLimit(.minutes(5)))
struct ReloadTests {
  @Test func aNewFileServesAfterAReloadByName() throws {
    let swapped = try SwappedGateway()
    #expect(try swapped.version() == "1")
    try swapped.install("generation_2")
    #expect(try swapped.version() == "1")
    let told = try swapped.plugin("reload", "gen")
    #expect(told.code == 0)
    #expect(told.output.contains("generation 1"))
    #expect(told.output.contains("generation 2"))
    #expect(try swapped.version() == "2")
    let ended = swapped.gateway.stop()
    #expect(ended.code == 0)
    #expect(ended.log.compactMap { $0["message"] }.filter { $0.hasPrefix("st") && !$0.hasPrefix("stop") || $0.hasPrefix("stopped ") }
      == ["started 1 {}", "started 2 {}", "store ended of 1 ", "stopped 1 ", "store ended of 2 ", "stopped 2 "])
  }

  @Test func swapsUnderLoadLoseNothing() throws {
    let swapped = try SwappedGateway()
    let isOver = Atomic(false)
    let answered = Atomic(0)
    let wrong = Mutex<[String]>([])
    let port = swapped.gateway.port
    let clients = DispatchGroup()
    for _ in 0..<4 {
      Thread.detachNewThread {
        defer { clients.leave() }
        do {
          let wire = try Wire(port: port)
          while !isOver.load(ordering: .relaxed) {
            let answer = try wire.ask("/version")
            if answer.status != 200 || !["1", "2"].contains(answer.text) { wrong.withLock { $0.append("\(answer.status) \(answer.text)") } }
            answered.add(1, ordering: .relaxed)
          }
        } catch { wrong.withLock { $0.append("\(error)") } }
      }
      clients.enter()
    }
    for round in 0..<10 {
      try swapped.install("generation_\(round % 2 == 0 ? 2 : 1)")
      #expect(try swapped.plugin("reload", "gen").code == 0)
      #expect(try swapped.version() == (round % 2 == 0 ? "2" : "1"))
    }
    isOver.store(true, ordering: .relaxed)
    clients.wait()
    #expect(wrong.withLock { $0 } == [])
    #expect(answered.load(ordering: .relaxed) > 10)
    // Two contents, however often they come: two generations, two libraries.
    let listed = try swapped.listed()
    #expect((listed["generations"] as? [Any])?.count == 2)
    #expect(listed["generation"] as? Int == 1)
    #expect(swapped.gateway.stop().code == 0)
  }

  @Test func aRequestUnderWayEndsOnTheOldGenerationAndOnlyThenItsEndBegins() throws {
    let swapped = try SwappedGateway()
    let backend = try Backend()
    let client = try swapped.gateway.connect()
    let port = "\(backend.port)"
    try client.send("POST /waits HTTP/1.1\r\nhost: a\r\ncontent-length: \(port.count)\r\n\r\n\(port)")
    let handler = try backend.accept()
    try swapped.install("generation_2")
    #expect(try swapped.plugin("reload", "gen").code == 0)
    #expect(try swapped.gateway.ask("/store").text == "2 with store 1")
    let generations = try #require(try swapped.listed()["generations"] as? [[String: Any]])
    #expect(generations.map { $0["state"] as? String } == ["draining", "serving"])
    #expect(!swapped.gateway.child.errors.soFar.contains { $0.contains("store ended of 1") || $0.contains("stopped 1") })
    handler.finishSending()
    #expect(try client.answer().text == "1 with store 1")
    #expect(swapped.gateway.event("store ended of 1") != nil)
    #expect(swapped.gateway.event("stopped 1") != nil)
    #expect(try swapped.version() == "2")
    #expect(swapped.gateway.stop().code == 0)
  }

  @Test(arguments: [
    ("not_elf", "an ELF shared library"), ("other_compiler", "same Swift toolchain"),
    ("generation_start_fails", "the disk is full"), ("generation_unhealthy", "the database is away"),
    ("null_descriptor", "descriptor"), ("good", "has no handler `version`"),
  ])
  func whatCannotServeLeavesEverythingAsItIs(build: String, why: String) throws {
    let swapped = try SwappedGateway()
    try swapped.install(build)
    let told = try swapped.plugin("reload", "gen")
    #expect(told.code == 1)
    #expect(told.errors.contains(why))
    #expect(told.errors.contains("refused, everything serves as before"))
    #expect(try swapped.gateway.ask("/store").text == "1 with store 1")
    #expect(try swapped.gateway.ask("/ready").status == 200)
    #expect(try swapped.listed()["generation"] as? Int == 1)
    // And the next good one is taken.
    try swapped.install("generation_2")
    #expect(try swapped.plugin("reload", "gen").code == 0)
    #expect(try swapped.version() == "2")
    #expect(swapped.gateway.stop().code == 0)
  }

  @Test func aFileWithAnotherDigestThanThePinnedOneIsRefused() throws {
    let first = try BrokenPlugins.build("generation_1")
    let inspected = try Child.run(RunningGateway.program, ["plugin", "inspect", first, "--json"])
    let digest = try #require(RunningGateway.fields(inspected.output)["digest"])
    let swapped = try SwappedGateway(entry: "sha256: \"\(digest)\"")
    try swapped.install("generation_2")
    let told = try swapped.plugin("reload", "gen")
    #expect(told.code == 1)
    #expect(told.errors.contains("plugin-wrong-digest"))
    #expect(told.errors.contains(digest))
    #expect(try swapped.version() == "1")
    // The one that is meant is taken, with the file that names it.
    let second = try Child.run(RunningGateway.program, ["plugin", "inspect", BrokenPlugins.build("generation_2"), "--json"])
    let other = try #require(RunningGateway.fields(second.output)["digest"])
    try swapped.write(SwappedGateway.yaml(swapped.folder, entry: "sha256: \"\(other)\""))
    #expect(try swapped.plugin("reload", "gen").code == 0)
    #expect(try swapped.version() == "2")
  }

  @Test func aWrongDigestKeepsTheGatewayFromStarting() throws {
    let path = try BrokenPlugins.build("generation_1")
    let digest = String(repeating: "0", count: 64)
    let failure = try RunningGateway.failure(
      "version: 1\nplugins: { gen: { path: \"\(path)\", sha256: \"\(digest)\" } }\nroutes: [ { match: /v, handler: gen.version } ]\n")
    #expect(failure.code == 1)
    #expect(failure.errors.contains("plugin-wrong-digest"))
    #expect(failure.errors.contains("expected: sha256:\(digest)"))
  }

  @Test func aRollbackBringsTheLastOneBackAndASecondOneIsBackAgain() throws {
    let swapped = try SwappedGateway()
    let none = try swapped.plugin("rollback", "gen")
    #expect(none.code == 1)
    #expect(none.errors.contains("has no earlier generation"))
    try swapped.install("generation_2")
    _ = try swapped.plugin("reload", "gen")
    #expect(try swapped.plugin("rollback", "gen").code == 0)
    #expect(try swapped.version() == "1")
    #expect(try swapped.plugin("rollback", "gen").code == 0)
    #expect(try swapped.version() == "2")
    #expect(try swapped.plugin("rollback", "gen").code == 0)
    #expect(try swapped.version() == "1")
    // Its file is what it was rolled back from: only who asks for it by name gets it again.
    #expect(try swapped.plugin("reload").code == 0)
    #expect(try swapped.version() == "1")
    #expect(try swapped.listed()["rolled_back_from"] as? Int == 2)
    #expect(try swapped.plugin("reload", "gen").code == 0)
    #expect(try swapped.version() == "2")
    let unknown = try swapped.plugin("rollback", "gem")
    #expect(unknown.code == 1)
    #expect(unknown.errors.contains("did you mean `gen`?"))
    #expect(swapped.gateway.stop().code == 0)
  }

  @Test func moreLibrariesThanMayStayAreRefusedWithAdvice() throws {
    let swapped = try SwappedGateway(server: "retained_plugins: 1")
    try swapped.install("generation_2")
    #expect(try swapped.plugin("reload", "gen").code == 0)
    try swapped.install("generation_3")
    let told = try swapped.plugin("reload", "gen")
    #expect(told.code == 1)
    #expect(told.errors.contains("restart the gateway"))
    #expect(try swapped.version() == "2")
    // What is in memory already may come back.
    #expect(try swapped.plugin("rollback", "gen").code == 0)
    #expect(try swapped.version() == "1")
    #expect(try swapped.plugin("list").output.contains("1 of at most 1 replaced libraries in memory"))
  }

  @Test func aFileThatIsOverwrittenInPlaceChangesNothingThatRuns() throws {
    let swapped = try SwappedGateway()
    let file = try #require(FileHandle(forWritingAtPath: swapped.library))
    try file.write(contentsOf: Data(repeating: 0, count: 64 << 10))
    try file.truncate(atOffset: 100)
    try file.close()
    #expect(try swapped.gateway.ask("/store").text == "1 with store 1")
    #expect(try swapped.plugin("reload", "gen").code == 1)
    #expect(try swapped.gateway.ask("/store").text == "1 with store 1")
    #expect(swapped.gateway.stop().code == 0)
  }

  @Test func whatDidNotChangeLivesOn() throws {
    let swapped = try SwappedGateway()
    #expect(try swapped.gateway.ask("/count").text == "seen 1")
    try swapped.write(
      SwappedGateway.yaml(swapped.folder, routes: SwappedGateway.routes + "  - { match: GET /new, handler: gen.version }\n"))
    swapped.gateway.child.send(SIGHUP)
    #expect(swapped.gateway.event("\"reloaded\"", "routes_added") != nil)
    #expect(try swapped.gateway.ask("/new").text == "1")
    #expect(try swapped.gateway.ask("/store").text == "1 with store 1")
    #expect(try swapped.gateway.ask("/count").text == "seen 2")
    try swapped.write(SwappedGateway.yaml(swapped.folder))
    let told = try swapped.plugin("reload", "--json")
    #expect((told.json["removed_routes"] as? [[String: Any]])?.map { $0["path"] as? String } == ["/new"])
    #expect(told.json["kept_dependencies"] as? [String] == ["store"])
    #expect(try swapped.gateway.ask("/new").status == 404)
    let ended = swapped.gateway.stop()
    #expect(ended.code == 0)
    #expect(ended.log.compactMap { $0["message"] }.count { $0.hasPrefix("started 1") || $0.hasPrefix("stopped 1") } == 2)
  }

  @Test func anotherConfigIsAnotherGenerationOfTheSameContent() throws {
    let swapped = try SwappedGateway(entry: "config: { greeting: a }")
    try swapped.write(SwappedGateway.yaml(swapped.folder, entry: "config: { greeting: b }"))
    swapped.gateway.child.send(SIGHUP)
    #expect(swapped.gateway.event("\"reloaded\"") != nil)
    #expect(try swapped.gateway.ask("/store").text == "1 with store 1")
    #expect(try swapped.listed()["generation"] as? Int == 2)
    #expect(swapped.gateway.event("stopped 1") != nil)
    let starts = swapped.gateway.stop().log.compactMap { $0["message"] }.filter { $0.hasPrefix("started") }
    #expect(starts == [#"started 1 {"greeting":"a"}"#, #"started 1 {"greeting":"b"}"#])
  }

  @Test func aBrokenConfigurationIsRefusedAndSettingsOfTheProcessAreNamed() throws {
    let swapped = try SwappedGateway()
    try swapped.write("version: 1\nrouts: []\n")
    swapped.gateway.child.send(SIGHUP)
    #expect(swapped.gateway.event("reload refused", "routs") != nil)
    #expect(try swapped.version() == "1")
    try swapped.write(SwappedGateway.yaml(swapped.folder, server: "blocking: { threads: 9 }"))
    let told = try swapped.plugin("reload")
    #expect(told.code == 0)
    #expect(told.output.contains("`server.blocking` changed; it counts after a restart only"))
  }

  @Test func listAndMetricsTellGenerationsAndCounts() throws {
    let swapped = try SwappedGateway()
    _ = try swapped.version()
    _ = try swapped.version()
    try swapped.install("generation_2")
    _ = try swapped.plugin("reload", "gen")
    _ = try swapped.version()
    let listed = try swapped.listed()
    #expect(listed["handlers"] as? [String] == ["version", "waits", "store"])
    #expect((listed["digest"] as? String)?.hasPrefix("sha256:") == true)
    #expect(listed["healthy"] as? Bool == true)
    let metrics = try swapped.gateway.ask("/metrics").text
    #expect(metrics.contains("gateway_plugin_serving{plugin=\"gen\",generation=\"1\"} 0"))
    #expect(metrics.contains("gateway_plugin_serving{plugin=\"gen\",generation=\"2\"} 1"))
    #expect(metrics.contains("gateway_plugin_retained_libraries 1"))
    #expect(metrics.contains("gateway_reloads_total{outcome=\"swapped\"} 1"))
    let table = try swapped.plugin("list")
    #expect(table.code == 0)
    #expect(table.output.contains("PLUGIN"))
    let status = try swapped.command(["status", "-c", swapped.gateway.file])
    #expect(status.output.contains("reloads         1 done"))
  }

  @Test func theAdminSocketIsThisUsersAloneAndTheSecondProcessGoesOnWithout() throws {
    let swapped = try SwappedGateway()
    let path = try #require(swapped.gateway.event("admin socket")?["path"])
    var status = stat()
    #expect(stat(path, &status) == 0)
    #expect(status.st_mode & 0o777 == 0o600)
    let second = try RunningGateway(file: swapped.gateway.file)
    #expect(second.event("no admin socket", "another process already listens there") != nil)
    #expect(try second.ask("/version").text == "1")
    #expect(second.stop().code == 0)
    #expect(try swapped.plugin("list").code == 0)
    #expect(swapped.gateway.stop().code == 0)
    let gone = try swapped.plugin("list")
    #expect(gone.code == 2)
    #expect(gone.errors.contains("no gateway runs with this configuration"))
  }

  @Test func aConfigurationMayDoWithoutTheSocket() throws {
    let swapped = try SwappedGateway(server: "admin: false")
    let told = try swapped.plugin("list")
    #expect(told.code == 2)
    #expect(told.errors.contains("server.admin: false"))
  }
}
