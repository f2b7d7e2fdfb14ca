import GatewayHTTP
import Glibc
import NIOCore
import NIOPosix
import Testing

@testable import GatewayProxy

/// Time passes by ticks only, so nothing here waits.
@Suite(.timeLimit(.minutes(5)))
struct UpstreamTimeoutTests {
  static let timeouts = Upstream.Timeouts(
    connect: .seconds(2), responseHead: .seconds(10), idle: .seconds(5), total: .seconds(60))

  @Test func missingHeadIs504() async throws {
    let server = try await ScriptedServer()
    let harness = try await PoolHarness([server.target], timeouts: Self.timeouts)
    let call = try await harness.start()
    let connection = try await server.accept()
    _ = try await connection.receive()
    try await harness.pass(.seconds(9))
    // Neither part of a head nor an interim response is progress.
    try await connection.send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")
    try await harness.pass(.seconds(1))
    #expect(try await call.told.next() == .failed(.responseHeadTimeout))
    #expect(try await harness.failure(call).status == 504)
    try await connection.expectClosed()
  }

  @Test func stalledBodyFailsAfterTheIdleTime() async throws {
    let server = try await ScriptedServer()
    let harness = try await PoolHarness([server.target], timeouts: Self.timeouts)
    let call = try await harness.start()
    let connection = try await server.accept()
    _ = try await connection.receive()
    try await connection.send("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\na")
    #expect(try await call.told.next() == .head(200))
    #expect(try await call.told.next() == .part("a"))
    for byte in "bcd" {
      try await harness.pass(.seconds(4))
      try await connection.send(String(byte))
      #expect(try await call.told.next() == .part(String(byte)))
    }
    try await harness.pass(.seconds(5))
    #expect(try await call.told.next() == .failed(.idleTimeout))
    try await connection.expectClosed()
  }

  @Test func slowButSteadyBodyFailsAfterTheTotalTime() async throws {
    let server = try await ScriptedServer()
    let harness = try await PoolHarness([server.target], timeouts: Self.timeouts)
    let call = try await harness.start()
    let connection = try await server.accept()
    _ = try await connection.receive()
    try await connection.send("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
    #expect(try await call.told.next() == .head(200))
    for _ in 0..<15 {
      try await connection.send("a")
      #expect(try await call.told.next() == .part("a"))
      try await harness.pass(.seconds(4))
    }
    #expect(try await call.told.next() == .failed(.totalTimeout))
    #expect(try await harness.failure(call).status == 504)
  }

  @Test func pausedBodyHasNoIdleTime() async throws {
    let server = try await ScriptedServer()
    let harness = try await PoolHarness([server.target], timeouts: Self.timeouts)
    let call = try await harness.start()
    let connection = try await server.accept()
    _ = try await connection.receive()
    try await connection.send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\na")
    #expect(try await call.told.next() == .head(200))
    #expect(try await call.told.next() == .part("a"))
    try await harness.exchange(call) { $0.pauseReading() }
    try await harness.pass(.seconds(30))
    try await harness.exchange(call) { $0.resumeReading() }
    try await connection.send("b")
    #expect(try await call.told.next() == .part("b"))
    #expect(try await call.told.next() == .end)
  }

  @Test func routeMayHaveTimeoutsOfItsOwn() async throws {
    let server = try await ScriptedServer()
    let harness = try await PoolHarness([server.target], timeouts: Self.timeouts)
    let patient = Upstream.Timeouts(connect: nil, responseHead: nil, idle: nil, total: nil)
    let call = try await harness.start(timeouts: patient)
    let connection = try await server.accept()
    _ = try await connection.receive()
    try await harness.pass(.hours(100))
    try await connection.send(UpstreamPoolTests.ok)
    #expect(try await call.told.next() == .response(200, "hi"))
  }

  /// A listener whose queue is full: the system drops further attempts, as a black hole does.
  @Test func blackHoleIs504AndIsPassedOver() async throws {
    let hole = try BlackHole()
    defer { hole.close() }
    let harness = try await PoolHarness([Upstream.Target(host: "127.0.0.1", port: hole.port)], timeouts: Self.timeouts)
    let call = try await harness.start()
    #expect(try await harness.statistics.connecting == 1)
    try await harness.pass(.seconds(1))
    try await harness.pass(.seconds(2))
    #expect(try await call.told.next() == .failed(.connectTimeout))
    #expect(try await harness.failure(call).status == 504)
    #expect(try await harness.statistics == UpstreamPool.Statistics())
    // The next one is the only one to try again; those behind it wait for its result and share it.
    let probe = try await harness.start()
    let behind = try await harness.start()
    #expect(try await harness.statistics == UpstreamPool.Statistics(connecting: 1, waiting: 1))
    try await harness.exchange(behind) { $0.cancel() }
    let last = try await harness.start(timeouts: Upstream.Timeouts(connect: .seconds(9)))
    try await harness.pass(.seconds(2))
    #expect(try await probe.told.next() == .failed(.connectTimeout))
    #expect(try await last.told.next() == .failed(.noneAvailable))
    #expect(try await harness.failure(last).status == 503)
  }

  @Test func cancelledWhileConnectingLeavesNothingBehind() async throws {
    let hole = try BlackHole()
    defer { hole.close() }
    let harness = try await PoolHarness([Upstream.Target(host: "127.0.0.1", port: hole.port)], timeouts: Self.timeouts)
    let call = try await harness.start()
    try await harness.exchange(call) { $0.cancel() }
    try await harness.run { $0.shutdown() }
    #expect(try await harness.statistics == UpstreamPool.Statistics())
  }
}

/// A listening socket whose queue of connections is full.
final class BlackHole {
  private let listener: Int32
  private var fillers: [Int32] = []
  let port: Int

  init() throws {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(listener, $0, size) }
    }
    try #require(bound == 0 && listen(listener, 0) == 0)
    let known = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(listener, $0, &size) }
    }
    try #require(known == 0)
    self.listener = listener
    port = Int(UInt16(bigEndian: address.sin_port))
    for _ in 0..<4 {
      let filler = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
      fillers.append(filler)
      _ = withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(filler, $0, size) }
      }
    }
    try waitUntilFull()
  }

  /// The system takes connections into the queue a moment after they were asked for; on a busy machine a long one.
  private func waitUntilFull() throws {
    var info = tcp_info()
    for _ in 0..<10_000 {
      var size = socklen_t(MemoryLayout<tcp_info>.size)
      try #require(getsockopt(listener, Int32(IPPROTO_TCP), TCP_INFO, &info, &size) == 0)
      // Of a listening socket: how many wait, and how many may.
      if info.tcpi_unacked > info.tcpi_sacked { return }
      usleep(1000)
    }
    Issue.record("the queue of the listener does not fill")
  }

  func close() {
    for descriptor in fillers + [listener] { _ = Glibc.close(descriptor) }
  }
}
