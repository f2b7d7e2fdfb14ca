import Foundation
import GatewayHTTP
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import GatewayServer

/// What only real sockets show.
@Suite struct SocketTests {
  @Test func aRequestIsAnswered() async throws {
    try await withServer { server in
      let address = server.address
      let text = try await blocking {
        let client = try Client(address)
        client.send(request("GET /hello"))
        return client.receive(until: "/hello")
      }
      #expect(text.hasPrefix("HTTP/1.1 200 OK\r\ndate: "))
    }
  }

  @Test func thePeerIsKnown() async throws {
    try await withServer(responder: { _ in
      ScriptedResponder { _, stream in
        let peer = stream.peer.map(\.description) ?? "none"
        stream.send(status: 200, fields: FieldLines(), body: ByteBuffer(string: "peer=\(peer).tls=\(stream.isTLS)."))
      }
    }) { server in
      let address = server.address
      let text = try await blocking {
        let client = try Client(address)
        client.send(request("GET /"))
        return client.receive(until: "tls=false.")
      }
      #expect(text.hasSuffix("peer=127.0.0.1.tls=false."))
    }
  }

  @Test func pipelinedRequestsComeBackInOrder() async throws {
    try await withServer { server in
      let address = server.address
      let text = try await blocking {
        let client = try Client(address)
        client.send((0..<500).map { request("GET /\($0)") }.joined() + request("GET /", "connection: close"))
        return client.receiveAll().0
      }
      let paths = text.split(separator: "\r\n\r\n").dropFirst().map { $0.prefix { $0 != "H" } }
      #expect(paths == (0..<500).map { "/\($0)"[...] } + ["/"])
    }
  }

  @Test func tenThousandPipelinedRequestsOfASlowReaderAreAnsweredAsItReads() async throws {
    try await withServer(responder: { _ in
      ScriptedResponder { _, stream in
        stream.send(status: 200, fields: FieldLines(), body: ByteBuffer(repeating: 0x61, count: 2000))
      }
    }) { server in
      let address = server.address
      let client = try await blocking {
        nonisolated(unsafe) let client = try Client(address, receiveBuffer: 4096)
        client.send(String(repeating: request("GET /"), count: 10_000) + request("GET /", "connection: close"))
        return Unchecked(client)
      }
      // 20 MB of responses do not fit the kernel's buffers: the server has to stop, and stays there.
      var before = -1
      var now = 0
      while now != before {
        try await Task.sleep(for: .milliseconds(250))
        before = now
        now = await server.counters().requests
      }
      #expect(now > 0 && now < 9_000)
      let text = try await blocking { client.value.receiveAll().0 }
      #expect(text.components("HTTP/1.1 200 OK") == 10_001)
    }
  }

  @Test func aRefusedUploadCanReadItsAnswerBeforeTheReset() async throws {
    try await withServer(responder: { _ in
      ScriptedResponder { _, stream in stream.send(status: 413, fields: FieldLines(), body: ByteBuffer()) }
    }) { server in
      let address = server.address
      for _ in 0..<5 {
        let (text, end) = try await blocking {
          let client = try Client(address)
          client.send(request("POST /", "content-length: 200000", body: String(repeating: "x", count: 200_000)))
          return client.receiveAll()
        }
        #expect(text.hasPrefix("HTTP/1.1 413 "))
        #expect(end == .end)
      }
    }
  }

  @Test func anAbortedResponseUntilCloseIsAReset() async throws {
    try await withServer(responder: { _ in
      ScriptedResponder { _, stream in
        stream.sendHead(status: 200, fields: FieldLines(), length: nil)
        stream.sendPart(ByteBuffer(string: "half"))
        stream.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(50)) { stream.abort() }
      }
    }) { server in
      let address = server.address
      let end = try await blocking {
        let client = try Client(address)
        client.send("GET / HTTP/1.0\r\n\r\n")
        return client.receiveAll().1
      }
      #expect(end == .reset)
    }
  }

  @Test func anAbortedChunkedResponseLacksItsLastChunk() async throws {
    try await withServer(responder: { _ in
      ScriptedResponder { _, stream in
        stream.sendHead(status: 200, fields: FieldLines(), length: nil)
        stream.sendPart(ByteBuffer(string: "half"))
        stream.abort()
      }
    }) { server in
      let address = server.address
      let (text, _) = try await blocking {
        let client = try Client(address)
        client.send(request("GET /"))
        return client.receiveAll()
      }
      #expect(text.hasSuffix("4\r\nhalf\r\n"))
    }
  }

  @Test func aClientThatFinishesSendingStillGetsItsAnswer() async throws {
    try await withServer { server in
      let address = server.address
      let (text, end) = try await blocking {
        let client = try Client(address)
        client.send(request("GET /x"))
        client.finishSending()
        return client.receiveAll()
      }
      #expect(text.hasSuffix("/x"))
      #expect(end == .end)
    }
  }

  @Test(arguments: [true, false])
  func clientsThatVanishLeaveNothingBehind(withReset: Bool) async throws {
    try await withServer(responder: { _ in ScriptedResponder { $1.consumer = Recorder() } }) { server in
      let address = server.address
      try await blocking {
        for round in 0..<300 {
          let client = try Client(address)
          switch round % 4 {
          case 0: break
          case 1: client.send("GET / HT")
          case 2: client.send(request("POST /", "content-length: 100", body: "abc"))
          default: client.send(request("GET /") + request("GET /"))
          }
          if withReset { client.reset() } else { client.close() }
        }
      }
      #expect(await server.reaches { $0.accepted == 300 && $0.open == 0 })
    }
  }

  @Test func aLargeResponseToAReaderOfNothingIsHeldBack() async throws {
    let size = 64 << 20
    let progress = Pump.Progress()
    try await withServer(responder: { _ in ScriptedResponder { Pump.start($1, bytes: size, progress) } }) { server in
      let address = server.address
      let (early, total) = try await blocking {
        let client = try Client(address, receiveBuffer: 8192)
        client.send(request("GET /", "connection: close"))
        let early = progress.waitUntilHeldBack()
        var count = 0
        while case .bytes(let part) = client.receive(upTo: 1 << 20) { count += part.count }
        return (early, count)
      }
      #expect(early < size / 2, "the kernel's buffers and the write buffer, not more")
      #expect(total > size)
    }
  }

  @Test func tlsBytesOnAClearPortGetA400AndAClose() async throws {
    try await withServer { server in
      let address = server.address
      let (text, _) = try await blocking {
        let client = try Client(address)
        client.send("\u{16}\u{03}\u{01}\u{00}\u{C8}")
        return client.receiveAll()
      }
      #expect(text.hasPrefix("HTTP/1.1 400 Bad Request\r\n"))
      #expect(await server.reaches { $0.open == 0 })
    }
  }

  @Test func loopsShareAPort() async throws {
    try await withServer(loops: 2, responder: { loop in
      ScriptedResponder { head, stream in
        #expect(stream.eventLoop === loop)
        ScriptedResponder.path(head, stream)
      }
    }) { server in
      let address = server.address
      let answers = try await blocking {
        var clients: [Client] = []
        for _ in 0..<64 { clients.append(try Client(address)) }
        for client in clients { client.send(request("GET /x")) }
        return clients.filter { $0.receive(until: "/x").hasSuffix("/x") }.count
      }
      #expect(answers == 64)
    }
  }

  @Test func aDrainRefusesNewConnectionsAndLetsTheExchangeInHandEnd() async throws {
    let isReleased = Mutex(false)
    try await withServer(responder: { _ in
      ScriptedResponder { head, stream in
        stream.eventLoop.assumeIsolated().scheduleRepeatedTask { task in
          guard isReleased.withLock({ $0 }) else { return }
          task.cancel()
          ScriptedResponder.path(head, stream)
        }
      }
    }) { server in
      let address = server.address
      let client = try await blocking {
        nonisolated(unsafe) let client = try Client(address)
        client.send(request("GET /slow"))
        return Unchecked(client)
      }
      #expect(await server.reaches { $0.requests == 1 })
      async let report = server.drain(within: .seconds(10))
      // Refused as soon as the drain has begun.
      while (try? await blocking { _ = try Client(address) }) != nil {}
      isReleased.withLock { $0 = true }
      let (text, end) = try await blocking { client.value.receiveAll() }
      #expect(text.contains("connection: close\r\n"))
      #expect(text.hasSuffix("/slow"))
      #expect(end == .end)
      #expect(await report == DrainReport(aborted: 0))
    }
  }
}

extension NIOIsolatedEventLoop {
  /// Every ten milliseconds until cancelled.
  fileprivate func scheduleRepeatedTask(_ body: @escaping (Repeated) -> Void) {
    let task = Repeated()
    func next() {
      _ = scheduleTask(in: .milliseconds(10)) {
        body(task)
        if !task.isCancelled { next() }
      }
    }
    next()
  }
}

private final class Repeated {
  var isCancelled = false
  func cancel() { isCancelled = true }
}

struct Unchecked<Value>: @unchecked Sendable {
  // Handed from one blocking section of a test to the next, never used by two at once.
  let value: Value
  init(_ value: Value) { self.value = value }
}
