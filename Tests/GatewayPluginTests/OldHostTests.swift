import CGatewayPlugin
import Foundation
import Testing

@testable import GatewayPlugin

/// The SDK with the table of a gateway that is older than its services. Behind the table's end is memory that must not be
/// touched: reading there ends the process.
struct OldHostTests {
  /// A table that ends before `member`, at the end of a page that nothing follows.
  private func table(endingBefore member: PartialKeyPath<gw_host>) throws -> HostAccess {
    let end = try #require(MemoryLayout<gw_host>.offset(of: member))
    let page = Int(getpagesize())
    let memory = try #require(mmap(nil, page * 2, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))
    try #require(memory != MAP_FAILED && mprotect(memory + page, page, PROT_NONE) == 0)
    let start = memory + page - end
    TestHost.table(isOld: true).withMemoryRebound(to: UInt8.self, capacity: end) { start.copyMemory(from: $0, byteCount: end) }
    let host = start.assumingMemoryBound(to: gw_host.self)
    host.pointee.struct_size = UInt32(end)
    host.pointee.log = { level, message in OldHostTests.lines.add("\(level) \(String(message))") }
    return HostAccess(table: UnsafePointer(host))
  }

  private static let lines = Journal()

  @Test(arguments: ["1.0", "1.1"])
  func servicesAreDoneWithoutOrRefused(contract: String) async throws {
    let host = try table(endingBefore: contract == "1.0" ? \.start_response : \.proceed)
    #expect(!host.hasServices)
    Log(call: nil, host: host).warning("low \(contract)", ["free": 3, "disk": "a\nb"])
    #expect(Self.lines.contains(#"2 low \#(contract) free="3" disk="a\nb""#))
    Counter("anything_total", host: host).add()
    let clock = GatewayClock(loop: 0, host: host)
    let began = clock.now
    try await clock.sleep(for: .milliseconds(1))
    #expect(began.duration(to: clock.now) >= .milliseconds(1))
    #expect(clock.timestamp.seconds > 1_700_000_000)
    await #expect(throws: UpstreamError.self) {
      _ = try await Upstream("back", loop: 0, trace: nil, host: host).fetch("/")
    }
  }
}
