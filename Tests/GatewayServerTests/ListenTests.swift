import Foundation
import GatewayHTTP
import NIOCore
import NIOEmbedded
import NIOPosix
import Testing

@testable import GatewayServer

@Suite struct ListenAddressTests {
  @Test(arguments: [
    ("127.0.0.1:8080", ListenAddress.tcp(host: "127.0.0.1", port: 8080)), ("[::1]:0", .tcp(host: "::1", port: 0)),
    ("localhost:65535", .tcp(host: "localhost", port: 65535)), (":80", .tcp(host: "*", port: 80)),
    ("*:80", .tcp(host: "*", port: 80)), ("unix:/run/a b.sock", .unix(path: "/run/a b.sock")),
  ])
  func isRead(text: String, address: ListenAddress) {
    #expect(ListenAddress(text) == address)
    #expect(ListenAddress(address.description) == address)
  }

  @Test(arguments: [
    "", "8080", "a:", "a:b", "a:65536", "a:-1", "a:+1", "::1:80", "[::1]", "[a]:80", "unix:", "[]:1", "a: 1",
  ])
  func isRefused(text: String) {
    #expect(ListenAddress(text) == nil)
  }
}

@Suite struct ListenTests {
  @Test func aPortInUseIsRefusedEvenThoughTheLoopsShareTheirs() async throws {
    try await withServer(loops: 2) { server in
      let port = try #require(server.address.port)
      let error = await #expect(throws: ListenError.self) {
        try await withServer([Listener(.tcp(host: "127.0.0.1", port: port))], loops: 2) { _ in }
      }
      #expect(error?.kind == .inUse)
      #expect(error?.address == "127.0.0.1:\(port)")
      #expect(error?.description.contains("sport = :\(port)") == true)
    }
  }

  @Test func oneBadListenerOpensNone() async throws {
    try await withServer { server in
      let taken = try #require(server.address.port)
      let free = try await withServer { try #require($0.address.port) }
      await #expect(throws: ListenError.self) {
        let listeners = [free, taken].map { Listener(.tcp(host: "127.0.0.1", port: $0)) }
        try await withServer(listeners) { _ in }
      }
      try await withServer([Listener(.tcp(host: "127.0.0.1", port: free))]) { #expect($0.address.port == free) }
    }
  }

  @Test func anAddressOfAnotherMachineIsRefused() async throws {
    let error = await #expect(throws: ListenError.self) {
      try await withServer([Listener(.tcp(host: "192.0.2.1", port: 0))]) { _ in }
    }
    #expect(error?.kind == .notAvailable)
  }

  @Test func anUnknownNameIsRefused() async throws {
    let error = await #expect(throws: ListenError.self) {
      try await withServer([Listener(.tcp(host: "no-such-host.invalid", port: 0))]) { _ in }
    }
    #expect(error?.kind == .unknownName)
  }

  @Test(.enabled(if: geteuid() != 0 && !privilegedPortsAreOpen, "needs a user without privileges"))
  func aPrivilegedPortIsRefusedWithItsReason() async throws {
    let error = await #expect(throws: ListenError.self) {
      try await withServer([Listener(.tcp(host: "127.0.0.1", port: 81))]) { _ in }
    }
    #expect(error?.kind == .permission)
  }

  @Test func aNameListensOnAllItsAddresses() async throws {
    try await withServer([Listener(.tcp(host: "localhost", port: 0))]) { server in
      #expect(Set(server.endpoints.map(\.bound.port)).count == 1)
      for endpoint in server.endpoints {
        let address = endpoint.bound
        let text = try await blocking {
          let client = try Client(address)
          client.send(request("GET /x"))
          return client.receive(until: "/x")
        }
        #expect(text.hasSuffix("/x"))
      }
    }
  }

  @Test func theStarListensOnBothFamilies() async throws {
    try await withServer([Listener(.tcp(host: "*", port: 0))]) { server in
      let address = try SocketAddress(ipAddress: "127.0.0.1", port: try #require(server.address.port))
      let text = try await blocking {
        let client = try Client(address)
        client.send(request("GET /x"))
        return client.receive(until: "/x")
      }
      #expect(text.hasSuffix("/x"))
    }
  }

  @Test func aUnixSocketServesAllLoopsAndIsRemovedAtTheEnd() async throws {
    try await withFolder { folder in
      let path = folder + "/a.sock"
      try await withServer([Listener(.unix(path: path, mode: 0o600))], loops: 2) { server in
        var status = stat()
        #expect(stat(path, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o600)
        let address = try SocketAddress(unixDomainSocketPath: path)
        let answers = try await blocking {
          var clients: [Client] = []
          for _ in 0..<20 { clients.append(try Client(address)) }
          for client in clients { client.send(request("GET /x")) }
          return clients.filter { $0.receive(until: "/x").hasSuffix("/x") }.count
        }
        #expect(answers == 20)
      }
      #expect(!FileManager.default.fileExists(atPath: path))
    }
  }

  @Test func aDeadSocketsFileIsReplaced() async throws {
    try await withFolder { folder in
      let path = folder + "/a.sock"
      let address = try SocketAddress(unixDomainSocketPath: path)
      let descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0)
      #expect(address.withSockAddr { bind(descriptor, $0, socklen_t($1)) } == 0)
      Glibc.close(descriptor)
      #expect(FileManager.default.fileExists(atPath: path))
      try await withServer([Listener(.unix(path: path))]) { _ in }
    }
  }

  @Test func aLiveSocketAndAnOrdinaryFileAreLeftAlone() async throws {
    try await withFolder { folder in
      let path = folder + "/a.sock"
      try await withServer([Listener(.unix(path: path))]) { _ in
        let error = await #expect(throws: ListenError.self) {
          try await withServer([Listener(.unix(path: path))]) { _ in }
        }
        #expect(error?.kind == .inUse)
      }
      let file = folder + "/file"
      try "precious".write(toFile: file, atomically: true, encoding: .utf8)
      let error = await #expect(throws: ListenError.self) {
        try await withServer([Listener(.unix(path: file))]) { _ in }
      }
      #expect(error?.kind == .badPath)
      #expect(try String(contentsOfFile: file, encoding: .utf8) == "precious")
    }
  }

  @Test func pathsThatCannotBeAreRefused() async throws {
    for path in ["/no/such/folder/a.sock", "/" + String(repeating: "x", count: 120)] {
      let error = await #expect(throws: ListenError.self) {
        try await withServer([Listener(.unix(path: path))]) { _ in }
      }
      #expect(error?.kind == .badPath)
    }
  }
}

private var privilegedPortsAreOpen: Bool {
  (try? String(contentsOfFile: "/proc/sys/net/ipv4/ip_unprivileged_port_start", encoding: .utf8))
    .flatMap { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) }.map { $0 <= 81 } ?? false
}

@Suite struct CapacityTests {
  @Test func atTheCapIdleConnectionsMakeRoomForNewOnes() async throws {
    var configuration = ServerConfiguration()
    configuration.maxConnections = 8
    try await withServer(configuration: configuration) { server in
      let address = server.address
      let answered = try await blocking {
        var clients: [Client] = []
        for _ in 0..<20 {
          let client = try Client(address)
          client.send(request("GET /x"))
          clients.append(client)
          guard client.receive(until: "/x").hasSuffix("/x") else { break }
        }
        return clients.count
      }
      #expect(answered == 20)
      let counters = await server.counters()
      #expect(counters.open <= 9)
      #expect(counters.evicted >= 11)
    }
  }

  @Test func busyConnectionsAreNotDisturbedAndNewOnesWait() async throws {
    var configuration = ServerConfiguration()
    configuration.maxConnections = 2
    let events = Events()
    try await withServer(
      configuration: configuration, onEvent: { events.add($0) },
      responder: { _ in
        ScriptedResponder { head, stream in
          if head.text(head.target) == "/hang" {
            stream.consumer = Recorder()
          } else {
            ScriptedResponder.path(head, stream)
          }
        }
      }
    ) { server in
      let address = server.address
      let waited = try await blocking {
        let busy = [try Client(address), try Client(address)]
        for client in busy { client.send(request("GET /hang")) }
        let third = try Client(address)
        third.send(request("GET /x"))
        Thread.sleep(forTimeInterval: 0.3)
        busy[0].close()
        return third.receive(until: "/x")
      }
      #expect(waited.hasSuffix("/x"))
      #expect(events.all.contains { if case .connectionsExhausted = $0 { true } else { false } })
      #expect(events.all.count <= 2, "said once, not for every connection")
    }
  }

  @Test func theLimitIsDerivedFromTheDescriptors() {
    #expect(DescriptorLimit(soft: 1024).connections(loops: 2) == 472)
    #expect(DescriptorLimit(soft: 64).connections(loops: 2) == 0)
    #expect(DescriptorLimit(soft: 256).warning(loops: 1)?.contains("256") == true)
    #expect(DescriptorLimit(soft: 65536).warning(loops: 2) == nil)
  }
}

/// Events from several loops.
final class Events: @unchecked Sendable {
  // Every access holds the lock.
  private let lock = NSLock()
  private var events: [ServerEvent] = []
  func add(_ event: ServerEvent) { lock.withLock { events.append(event) } }
  var all: [ServerEvent] { lock.withLock { events } }
}

/// Errors of `accept`, played to the gate: the kernel has none to spare for a test.
@Suite struct AcceptGateTests {
  /// Counts how often the socket is asked for a connection.
  final class Accepts: ChannelOutboundHandler {
    typealias OutboundIn = Never
    var count = 0
    func read(context: ChannelHandlerContext) { count += 1 }
  }

  @Test func withoutDescriptorsAcceptPausesAndResumesAndSaysSoOnce() throws {
    let wire = try Wire()
    let events = Events()
    let channel = EmbeddedChannel(loop: wire.channel.embeddedEventLoop)
    let accepts = Accepts()
    let gate = AcceptGate(loop: wire.loop, address: "a:1", onEvent: { events.add($0) })
    try channel.pipeline.syncOperations.addHandlers([accepts, gate])
    channel.pipeline.syncOperations.read()
    #expect(accepts.count == 1)
    for round in 0..<3 {
      channel.pipeline.syncOperations.fireErrorCaught(IOError(errnoCode: EMFILE, reason: "accept"))
      channel.pipeline.syncOperations.read()
      wire.pass(.milliseconds(400))
      #expect(accepts.count == 1 + round, "not tried again at once")
      wire.pass(.milliseconds(200))
      #expect(accepts.count == 2 + round)
    }
    #expect(events.all == [.acceptPaused(address: "a:1", reason: "Too many open files")])
    wire.pass(.seconds(5))
    #expect(events.all.last == .acceptResumed(address: "a:1"))
    _ = try? channel.finish()
  }

  @Test func aConnectionThatWasResetBeforeItWasAcceptedPausesNothing() throws {
    let wire = try Wire()
    let channel = EmbeddedChannel(loop: wire.channel.embeddedEventLoop)
    let accepts = Accepts()
    try channel.pipeline.syncOperations.addHandlers([
      accepts, AcceptGate(loop: wire.loop, address: "a:1", onEvent: { _ in Issue.record("nothing to report") }),
    ])
    channel.pipeline.syncOperations.fireErrorCaught(IOError(errnoCode: ECONNABORTED, reason: "accept"))
    channel.pipeline.syncOperations.read()
    #expect(accepts.count == 1)
    _ = try? channel.finish()
  }
}
