import Foundation
import Glibc
import Synchronization
import TestSupport
import Testing

/// Plugins in processes of their own are replaced in the running program: a generation is a set of processes.
@Suite(.enabled(if: BrokenPlugins.canBuild, "\(BrokenPlugins.whyNot)"), .timeLimit(.minutes(5)))
struct IsolatedReloadTests {
  private func gateway(workers: Int = 1) throws -> SwappedGateway {
    try SwappedGateway(entry: "isolation: process, workers: \(workers)")
  }

  @Test func aNewFileServesFromNewProcessesAndTheOldOnesEnd() throws {
    let swapped = try gateway()
    #expect(try swapped.version() == "1")
    try swapped.install("generation_2")
    #expect(try swapped.version() == "1")
    let told = try swapped.plugin("reload", "gen")
    #expect(told.code == 0, "\(told.errors)")
    #expect(try swapped.version() == "2")
    #expect(try swapped.gateway.ask("/store").text == "2 with store 1")
    let ended = swapped.gateway.stop()
    #expect(ended.code == 0)
    #expect(ended.events("stopped 1 ").count == 1)
    #expect(ended.events("plugin process is ready").count == 2)
  }

  @Test func swapsUnderLoadLoseNothing() throws {
    let swapped = try gateway(workers: 2)
    let isOver = Atomic(false)
    let wrong = Mutex<[String]>([])
    let port = swapped.gateway.port
    let clients = DispatchGroup()
    for _ in 0..<4 {
      clients.enter()
      Thread.detachNewThread {
        defer { clients.leave() }
        do {
          let wire = try Wire(port: port)
          while !isOver.load(ordering: .relaxed) {
            let answer = try wire.ask("/version")
            if answer.status != 200 { wrong.withLock { $0.append("\(answer.status) \(answer.text)") } }
          }
        } catch { wrong.withLock { $0.append("\(error)") } }
      }
    }
    for round in 0..<6 {
      try swapped.install("generation_\(round % 2 == 0 ? 2 : 1)")
      #expect(try swapped.plugin("reload", "gen").code == 0)
      #expect(try swapped.version() == (round % 2 == 0 ? "2" : "1"))
    }
    isOver.store(true, ordering: .relaxed)
    clients.wait()
    #expect(wrong.withLock { $0 } == [])
    #expect(swapped.gateway.stop().code == 0)
  }

  @Test func aRequestUnderWayEndsInItsOldProcess() throws {
    let swapped = try gateway()
    let backend = try Backend()
    let client = try swapped.gateway.connect()
    let port = "\(backend.port)"
    try client.send("POST /waits HTTP/1.1\r\nhost: a\r\ncontent-length: \(port.count)\r\n\r\n\(port)")
    let handler = try backend.accept()
    try swapped.install("generation_2")
    #expect(try swapped.plugin("reload", "gen").code == 0)
    #expect(try swapped.gateway.ask("/store").text == "2 with store 1")
    handler.finishSending()
    #expect(try client.answer().text == "1 with store 1")
    #expect(swapped.gateway.event("stopped 1") != nil)
    #expect(swapped.gateway.stop().code == 0)
  }

  @Test(arguments: [("generation_start_fails", "the disk is full"), ("null_descriptor", "descriptor"), ("not_elf", "ELF")])
  func whatCannotServeLeavesEverythingAsItIs(build: String, why: String) throws {
    let swapped = try gateway()
    try swapped.install(build)
    let told = try swapped.plugin("reload", "gen")
    #expect(told.code == 1)
    #expect(told.errors.contains(why), "\(told.errors)")
    #expect(try swapped.gateway.ask("/store").text == "1 with store 1")
    try swapped.install("generation_2")
    #expect(try swapped.plugin("reload", "gen").code == 0)
    #expect(try swapped.version() == "2")
    #expect(swapped.gateway.stop().code == 0)
  }

  @Test func aRollbackStartsTheProcessesOfTheOldGenerationAgain() throws {
    let swapped = try gateway()
    try swapped.install("generation_2")
    #expect(try swapped.plugin("reload", "gen").code == 0)
    #expect(swapped.gateway.event("stopped 1") != nil)
    #expect(try swapped.plugin("rollback", "gen").code == 0)
    #expect(try swapped.version() == "1")
    #expect(swapped.gateway.stop().code == 0)
  }
}
