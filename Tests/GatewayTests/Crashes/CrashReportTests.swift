import Foundation
import Testing

@testable import Gateway

@Suite struct CrashReportTests {
  static let line = #"""
    {"time":"2026-01-02T03:04:05.678Z","level":"critical","message":"crashed","signal":"SIGSEGV","code":1,"address":"0x8","hint":"stack overflow","plugin":"shop","generation":2,"function":"shop.buy","route":"POST /orders","request_id":"4f2a","pid":7,"thread":9,"thread_name":"NIO","thread_role":"event loop","configuration":"g.yaml","frames":[{"address":"0x10","image":"libshop.so","offset":"0x1","plugin":"shop"},{"address":"0x20"}]}
    """#

  @Test func aReportIsRead() throws {
    let report = try #require(CrashReport(Array(Self.line.utf8)))
    #expect(report.function == "shop.buy")
    #expect(report.generation == 2)
    #expect(report.frames.count == 2)
    #expect(report.frames[0] == CrashReport.Frame(address: "0x10", image: "libshop.so", offset: "0x1", plugin: "shop"))
    #expect(
      report.summary
        == "SIGSEGV (stack overflow) in shop.buy, plugin shop generation 2, route POST /orders, request 4f2a")
    #expect(report.text.contains("libshop.so+0x1  [shop]"))
  }

  @Test func jsonOfAReportIsReadAsTheSameReport() throws {
    let report = try #require(CrashReport(Array(Self.line.utf8)))
    let list = try JSONSerialization.jsonObject(with: Data(CrashReports.json([report]).utf8)) as? [[String: Any]]
    #expect(list?.first?["function"] as? String == "shop.buy")
    #expect((list?.first?["frames"] as? [Any])?.count == 2)
  }

  @Test(arguments: ["", "{}", "[]", "null", #"{"message":"crashed"}"#, String(line.dropLast(3)), "\u{0}\u{0}"])
  func whatIsNoReportIsRefused(text: String) {
    #expect(CrashReport(Array(text.utf8)) == nil)
  }
}

/// Where reports are kept, with real files.
@Suite struct CrashDirectoryTests {
  private let folder = FileManager.default.temporaryDirectory.appending(path: "crashes-\(UUID().uuidString)").path

  private func write(_ name: String, _ text: String) throws {
    try text.write(toFile: "\(folder)/\(name)", atomically: true, encoding: .utf8)
  }

  @Test func itIsMadeForItsUserAlone() throws {
    let directory = try CrashDirectory(path: folder + "/a/b")
    defer { directory.close() }
    var status = stat()
    #expect(stat(folder + "/a/b", &status) == 0)
    #expect(status.st_mode & 0o777 == 0o700)
  }

  @Test func aDirectoryThatOthersMayWriteIsRefused() throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    chmod(folder, 0o777)
    #expect(throws: CrashDirectory.Problem(description: "\(folder) may be written by others: chmod go-w")) {
      _ = try CrashDirectory(path: folder)
    }
  }

  @Test func aLinkIsRefused() throws {
    try FileManager.default.createDirectory(atPath: folder + "/real", withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(atPath: folder + "/link", withDestinationPath: folder + "/real")
    #expect(throws: CrashDirectory.Problem.self) { _ = try CrashDirectory(path: folder + "/link") }
  }

  @Test func reportsAreListedNewestFirstAndOldOnesRemoved() throws {
    let directory = try CrashDirectory(path: folder)
    defer { directory.close() }
    for second in [5, 100, 20] { try write("crash-\(second)-1.new.json", CrashReportTests.line) }
    try write("crash-30-1.json", "damaged")
    try write("notes.txt", "not a report")
    #expect(
      directory.entries().map(\.name)
        == ["crash-100-1.new.json", "crash-30-1.json", "crash-20-1.new.json", "crash-5-1.new.json"])
    #expect(directory.entries().map { $0.report == nil } == [false, true, false, false])
    directory.prune(keep: 2)
    #expect(directory.entries().map(\.name) == ["crash-100-1.new.json", "crash-30-1.json"])
    #expect(FileManager.default.fileExists(atPath: folder + "/notes.txt"))
  }

  @Test func whatWasToldOfIsNotNewAnyMore() throws {
    let directory = try CrashDirectory(path: folder)
    defer { directory.close() }
    try write("crash-5-1.new.json", CrashReportTests.line)
    directory.markTold(directory.entries()[0])
    #expect(directory.entries().map(\.name) == ["crash-5-1.json"])
    #expect(directory.entries().map(\.isNew) == [false])
  }

  @Test func whatARunningProcessHasPreparedStaysAndWhatADeadOneLeftGoes() throws {
    let directory = try CrashDirectory(path: folder)
    defer { directory.close() }
    try write("pending-1", "left by somebody who was killed")
    let pending = try directory.makePending(size: 4096)
    #expect(!FileManager.default.fileExists(atPath: folder + "/pending-1"))
    var status = stat()
    #expect(fstat(pending.descriptor, &status) == 0 && status.st_size == 4096)
    // Another process that starts: this one's is locked.
    let other = try CrashDirectory(path: folder)
    defer { other.close() }
    #expect(FileManager.default.fileExists(atPath: "\(folder)/\(pending.name)"))
    close(pending.descriptor)
  }

  @Test func anythingOversizedIsNotRead() throws {
    let directory = try CrashDirectory(path: folder)
    defer { directory.close() }
    try write("crash-5-1.json", String(repeating: " ", count: 1 << 20) + CrashReportTests.line)
    #expect(directory.entries().map { $0.report == nil } == [true])
  }

  @Test func theUsualPlaceFollowsTheEnvironment() {
    #expect(CrashDirectory.usual { ["XDG_STATE_HOME": "/home/a/state"][$0] } == "/home/a/state/gateway/crashes")
    #expect(
      CrashDirectory.usual { ["STATE_DIRECTORY": "/var/lib/g:/var/lib/h", "XDG_STATE_HOME": "/x"][$0] }
        == "/var/lib/g/gateway/crashes")
    #expect(CrashDirectory.usual { ["XDG_STATE_HOME": "relative"][$0] } == "/tmp/gateway-\(geteuid())/crashes")
    #expect(CrashDirectory.usual { _ in nil } == "/tmp/gateway-\(geteuid())/crashes")
  }
}

@Suite struct QuarantineTests {
  @Test func aGateIsClosedUntilItsTimeAndThenLetsEverybodyIn() {
    let gate = QuarantineGate(function: "a.b", until: .uptimeNanoseconds(2_000_000_000), crashes: 3)
    let refusal = gate.refusal(.uptimeNanoseconds(500_000_000))
    #expect(refusal?.status == 503)
    #expect(refusal?.fields.first { $0.name == "retry-after" }?.value == "2")
    #expect(gate.refusal(.uptimeNanoseconds(2_000_000_000)) == nil)
  }

  @Test func releaseOpensGatesThatRoutesHaveAlready() {
    let quarantine = Quarantine()
    quarantine.close([QuarantinedFunction(name: "a.b", remaining: .seconds(100), crashes: 3)])
    let gates = quarantine.gates(for: ["a.x", "a.b"])
    #expect(gates.count == 1)
    #expect(quarantine.gates(for: ["a.x"]).isEmpty)
    #expect(quarantine.releaseAll() == ["a.b"])
    #expect(gates.first?.refusal(.now()) == nil)
    #expect(quarantine.gates(for: ["a.b"]).isEmpty)
  }
}
