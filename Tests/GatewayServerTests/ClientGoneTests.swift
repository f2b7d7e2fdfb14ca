import GatewayHTTP
import NIOCore
import Testing

@testable import GatewayServer

/// Whoever is in the middle of an exchange hears once that the client has gone, and then that the stream has ended.
@Suite struct ClientGoneTests {
  /// A stage of an exchange at which the client goes.
  struct Stage: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var input: String
    var act: @Sendable (any ResponseStream) -> Void
    var before: [String] = []
  }

  static let stages: [Stage] = [
    Stage(testDescription: "waiting", input: request("GET /"), act: { _ in }),
    Stage(
      testDescription: "body not asked for", input: request("POST /", "content-length: 5", body: "he"), act: { _ in }),
    Stage(
      testDescription: "collecting", input: request("POST /", "content-length: 5", body: "he"),
      act: { $0.collectBody(limit: 10) }),
    Stage(
      testDescription: "streaming", input: request("POST /", "content-length: 5", body: "he"),
      act: { $0.streamBody(limit: 10) }, before: ["part(he)"]),
    Stage(
      testDescription: "paused", input: request("POST /", "content-length: 5", body: "he"),
      act: {
        $0.streamBody(limit: 10)
        $0.pauseBody()
      }),
    Stage(
      testDescription: "before 100-continue is followed",
      input: request("POST /", "content-length: 5", "expect: 100-continue"), act: { $0.collectBody(limit: 10) }),
    Stage(
      testDescription: "head sent", input: request("GET /"),
      act: { $0.sendHead(status: 200, fields: FieldLines(), length: nil) }),
    Stage(
      testDescription: "in the middle of parts", input: request("GET /"),
      act: {
        $0.sendHead(status: 200, fields: FieldLines(), length: 10)
        $0.sendPart(ByteBuffer(string: "abc"))
      }),
    Stage(
      testDescription: "with a pipelined request waiting", input: request("GET /") + request("GET /next"),
      act: { _ in }),
  ]

  @Test(arguments: stages)
  func isToldOnce(stage: Stage) throws {
    let recorder = Recorder()
    var kept: (any ResponseStream)?
    let wire = try Wire {
      kept = $1
      $1.consumer = recorder
      stage.act($1)
    }
    try wire.send(stage.input)
    #expect(recorder.events == stage.before)
    wire.vanish()
    #expect(recorder.events == stage.before + ["gone", "ended"])
    // Whatever the sender still does is without effect.
    kept?.sendHead(status: 200, fields: FieldLines(), length: nil)
    kept?.sendPart(ByteBuffer(string: "x"))
    kept?.sendEnd(trailers: nil)
    kept?.abort()
    kept?.resumeBody()
    wire.vanish()
    #expect(recorder.events == stage.before + ["gone", "ended"])
    #expect(wire.loop.table.isEmpty)
    #expect(wire.loop.counters.open == 0)
    #expect(wire.responder.heads.count == 1)
  }

  @Test func betweenRequestsNobodyIsTold() throws {
    let recorder = Recorder()
    let wire = try Wire { head, stream in
      stream.consumer = recorder
      ScriptedResponder.path(head, stream)
    }
    try wire.send(request("GET /"))
    #expect(recorder.events == ["ended"])
    wire.vanish()
    #expect(recorder.events == ["ended"])
  }

  @Test func whileTheResponseIsStillBufferedItIsTold() throws {
    let recorder = Recorder()
    var stream: (any ResponseStream)?
    let wire = try Wire {
      stream = $1
      $1.consumer = recorder
    }
    try wire.send(request("GET /"))
    wire.setWritable(false)
    stream?.send(status: 200, fields: FieldLines(), body: ByteBuffer(string: "x"))
    wire.vanish()
    #expect(recorder.events == ["gone", "ended"])
  }

  @Test func nothingIsKeptAfterTheConnection() throws {
    weak var connection: HTTP1Connection?
    weak var stream: (any ResponseStream)?
    weak var recorder: Recorder?
    do {
      let consumer = Recorder()
      recorder = consumer
      let wire = try Wire {
        stream = $1
        $1.consumer = consumer
      }
      connection = wire.connection
      try wire.send(request("GET /"))
      wire.vanish()
      _ = try? wire.channel.finish(acceptAlreadyClosed: true)
    }
    #expect(connection == nil)
    #expect(stream == nil)
    #expect(recorder == nil)
  }
}
