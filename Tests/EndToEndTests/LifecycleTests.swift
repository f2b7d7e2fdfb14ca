import Foundation
import Glibc
import TestSupport
import Testing

/// From the start to the end of the process.
@Suite(.enabled(if: BrokenPlugins.canBuild, "\(BrokenPlugins.whyNot)"), .timeLimit(.minutes(5)))
struct LifecycleTests {
  /// A gateway with a request in its handler, which ends when the test closes `handler`.
  private struct Busy {
    let gateway: RunningGateway
    let client: Wire
    let backend: Backend
    let handler: Wire

    init(_ kind: String, drain: String = "30s") throws {
      let yaml = try Yaml.broken("waits", handlers: ["async", "blocking"])
        .replacingOccurrences(of: "drain: 1s", with: "drain: \(drain)")
      gateway = try RunningGateway(yaml)
      backend = try Backend()
      client = try gateway.connect()
      let port = "\(backend.port)"
      try client.send("POST /\(kind) HTTP/1.1\r\nhost: a\r\ncontent-length: \(port.count)\r\n\r\n\(port)")
      handler = try backend.accept()
    }
  }

  @Test(arguments: [("async", SIGTERM), ("blocking", SIGTERM), ("async", SIGINT)])
  func aRequestInItsHandlerIsFinishedBeforeTheEnd(kind: String, signal: Int32) throws {
    let busy = try Busy(kind)
    let idle = try busy.gateway.connect()
    #expect(try idle.ask("/alive").status == 200)
    busy.gateway.child.send(signal)
    #expect(busy.gateway.event("\"stopping\"") != nil)
    // An idle connection is closed, and that is when nobody is accepted any more.
    #expect(try idle.isAtEnd())
    #expect(throws: Wire.Failure.self) { try busy.gateway.connect() }
    busy.handler.finishSending()
    let answer = try busy.client.answer()
    #expect(answer.text == "waited")
    #expect(answer["connection"] == "close")
    #expect(try busy.client.isAtEnd())
    let ended = busy.gateway.end()
    #expect(ended.code == 0)
    #expect(ended.events("stopped").count == 1)
  }

  @Test func theSecondSignalEndsAtOnceWith3() throws {
    let busy = try Busy("async")
    busy.gateway.child.send(SIGTERM)
    #expect(busy.gateway.event("\"stopping\"") != nil)
    busy.gateway.child.send(SIGTERM)
    #expect(busy.gateway.end().code == 3)
    #expect(try busy.client.isAtEnd())
  }

  @Test func aRequestThatOutlastsTheDrainIsCutOffAndTheExitSaysSo() throws {
    let gateway = try RunningGateway(
      Yaml.broken("never_completes", handlers: ["never"]).replacingOccurrences(of: "drain: 1s", with: "drain: 100ms"))
    let client = try gateway.connect()
    try client.send("GET /never HTTP/1.1\r\nhost: a\r\n\r\nGET /alive HTTP/1.1\r\nhost: a\r\n\r\n")
    // The second connection's answer shows that the gateway has read what came before.
    #expect(try gateway.ask("/alive").status == 200)
    let ended = gateway.stop()
    #expect(ended.code == 3)
    #expect(ended.events("requests were cut off").first?["count"] == "1")
  }

  @Test func aPortInUseEndsTheStartWith2AndNamesTheAddress() throws {
    let taken = try Backend()
    let failed = try RunningGateway.failure(
      """
      version: 1
      server: { listen: ["127.0.0.1:\(taken.port)"] }
      routes: [ { match: /, respond: 200 } ]
      """)
    #expect(failed.code == 2)
    #expect(failed.errors.contains("cannot listen on 127.0.0.1:\(taken.port)"))
    #expect(!failed.errors.contains(#""message":"ready""#))
  }

  @Test func twoListenersMayNotTakeTheSameAddressTwice() throws {
    let first = try RunningGateway(Yaml.edge + "routes: [ { match: /, respond: 200 } ]")
    let failed = try RunningGateway.failure(
      Yaml.edge.replacingOccurrences(of: "127.0.0.1:0", with: "127.0.0.1:\(first.port)")
        + "routes: [ { match: /, respond: 200 } ]")
    #expect(failed.code == 2, "a second gateway must not share the port of the first unnoticed")
    #expect(try first.ask("/").status == 200)
  }

  @Test func aDependencyThatCannotBeMadeEndsTheStartWith2() throws {
    let failed = try RunningGateway.failure(
      Yaml.example(), environment: ["BOOKSHOP_DATABASE": "/nowhere/books.sqlite"])
    #expect(failed.code == 2)
    #expect(failed.errors.contains("dependency 'store' could not be made"))
    #expect(!failed.errors.contains("\"listening\""))
  }

  @Test func dataInAFileOutlivesTheProcess() throws {
    let folder = try RunningGateway.folder()
    let file = ["BOOKSHOP_DATABASE": "\(folder)/books.sqlite"]
    let book = #"{"title":"Kindred","author":"Octavia E. Butler","year":1979,"price":12.5}"#
    let first = try RunningGateway(Yaml.example(), environment: file)
    #expect(try first.ask("POST", "/books", fields: [Yaml.key], json: book).status == 201)
    #expect(first.stop().code == 0)
    // The store was closed: SQLite has taken its log back into the file.
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["books.sqlite"])
    let second = try RunningGateway(Yaml.example(), environment: file)
    #expect(try second.ask("/books").jsonList.count == 2)
    // Not even a kill loses what was answered 201.
    #expect(try second.ask("POST", "/books", fields: [Yaml.key], json: book).status == 201)
    #expect(second.stop(SIGKILL).code == 128 + SIGKILL)
    let third = try RunningGateway(Yaml.example(), environment: file)
    #expect(try third.ask("/books").jsonList.count == 3)
    #expect(third.stop().code == 0)
  }

  @Test func parallelSessionsTakeTurnsAndLoseNothing() throws {
    let folder = try RunningGateway.folder()
    let gateway = try RunningGateway(Yaml.example(), environment: ["BOOKSHOP_DATABASE": "\(folder)/books.sqlite"])
    let wires = try (0..<16).map { _ in try gateway.connect() }
    let book = Array(#"{"title":"Kindred","author":"Octavia E. Butler","year":1979,"price":12.5}"#.utf8)
    let request = Array(
      "POST /books HTTP/1.1\r\nhost: a\r\n\(Yaml.key)\r\ncontent-type: application/json\r\ncontent-length: \(book.count)\r\n\r\n".utf8)
    for _ in 0..<3 {
      for wire in wires { try wire.send(request + book) }
      for wire in wires { #expect(try wire.answer().status == 201) }
    }
    #expect(try gateway.ask("/books?limit=100").jsonList.count == 49)
    #expect(gateway.stop().code == 0)
  }

  @Test func aSessionOfAClientThatLeftIsCancelled() throws {
    // One loop, so that it has seen the client leave before it answers a request that came later.
    let yaml = try """
      \(Yaml.broken("waits", handlers: ["outcomes"]).replacingOccurrences(of: "workers: 2", with: "workers: 1"))
        - { match: /wait, handler: broken.unit_async, needs: { unit: unit } }
      dependencies: { unit: { provider: broken.unit } }
      """
    let gateway = try RunningGateway(yaml)
    let backend = try Backend()
    let client = try gateway.connect()
    let port = "\(backend.port)"
    try client.send("POST /wait HTTP/1.1\r\nhost: a\r\ncontent-length: \(port.count)\r\n\r\n\(port)")
    let handler = try backend.accept()
    client.finishSending()
    client.resetOnClose()
    _ = consume client
    let wire = try gateway.connect()
    #expect(try wire.ask("/outcomes").text == "0 succeeded, 0 failed, 0 cancelled")
    handler.finishSending()
    var outcome = ""
    for _ in 0..<20_000 where !outcome.hasSuffix("1 cancelled") { outcome = try wire.ask("/outcomes").text }
    #expect(outcome == "0 succeeded, 0 failed, 1 cancelled")
  }

  @Test func clientsThatLeaveInTheMiddleLeaveNothingBehind() throws {
    let gateway = try RunningGateway(Yaml.broken("never_completes", handlers: ["never", "hello"]))
    let steady = try gateway.connect()
    #expect(try steady.ask("/alive").status == 200)
    let baseline = gateway.child.descriptors
    for round in 0..<200 {
      let wire = try gateway.connect()
      switch round % 4 {
      case 0: try wire.send("GET /never HTTP/1.1\r\nhost: a\r\n\r\n")
      case 1: try wire.send("GET /alive HTTP/1.1\r\nho")
      case 2: try wire.send("POST /hello HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\nhalf")
      default: try wire.send("GET /alive HTTP/1.1\r\nhost: a\r\n\r\nGET /never HTTP/1.1\r\nhost: a\r\n\r\n")
      }
      if round % 8 < 4 { wire.resetOnClose() }
    }
    #expect(try gateway.returns(to: baseline, on: steady, asking: "/alive"))
    #expect(try gateway.ask("/hello").text == "hello")
  }
}
