import Foundation
import GatewayPlugin
import GatewayTesting
import Testing

/// Requests of plugins to upstreams; the upstream is another gateway, behind a socket.
@Suite(.timeLimit(.minutes(5)))
struct FetchTests {
  private let journal = Journal()

  private func withPair(
    back: (inout Plugin) -> Void, routes: String, front: (inout Plugin) -> Void, timeouts: String = "{}",
    clock: TestTime = .system, body: (TestClient) async throws -> Void
  ) async throws {
    try await serving(
      "server: { limits: { body: 64MiB } }\nroutes: [\(routes)]", mode: .socket, plugin: back
    ) { behind in
      let port = try #require(behind.gateway.port)
      let configuration = """
        upstreams: { back: { targets: ["http://127.0.0.1:\(port)"], timeouts: \(timeouts) } }
        routes: [{ match: "GET /", handler: p.ask }]
        """
      try await serving(configuration, clock: clock, plugin: front, body: body)
    }
  }

  @Test func anAnswerComesWithStatusFieldsAndBody() async throws {
    try await withPair(back: { plugin in
      plugin.handler("item") { request in
        .text("\(request.method) \(request.path)?\(request.query) \(request.header("x-a") ?? "-") \(request.bodyText)", status: 203)
      }
    }, routes: "{ match: 'POST /items/{id}', handler: p.item }") { plugin in
      plugin.handler("ask") { request in
        let answer = try await request.upstream("back").fetch(
          .post, "/items/1?a=b", headers: ["x-a": "1"], body: .text("hello"))
        return .text("\(answer.status) \(answer.header("Content-Type") ?? "-") \(try await answer.text())")
      }
    } body: { client in
      let seen = try await client.get("/").text
      #expect(seen == "203 text/plain; charset=utf-8 POST /items/1?a=b 1 hello")
    }
  }

  @Test func largeBodiesComeInPartsAndGoInParts() async throws {
    try await withPair(back: { plugin in
      plugin.handler("echo") { request in
        let body = request.body
        return .stream { writer in
          var at = 0
          while at < body.count {
            try await writer.write(Array(body[at..<min(at + 100_000, body.count)]))
            at += 100_000
          }
        }
      }
    }, routes: "{ match: POST /echo, handler: p.echo }") { plugin in
      plugin.handler("ask") { request in
        let answer = try await request.upstream("back").fetch(.post, "/echo", body: .stream { writer in
          for index in 0..<80 { try await writer.write([UInt8](repeating: UInt8(index), count: 50_000)) }
        })
        var count = 0
        var sum = 0
        for try await part in answer.body {
          count += part.count
          sum += part.reduce(0) { $0 + Int($1) }
        }
        return .text("\(count) \(sum)")
      }
    } body: { client in
      let seen = try await client.get("/").text
      #expect(seen == "4000000 \(50_000 * (0..<80).reduce(0, +))")
    }
  }

  @Test func aWriterWhoseBodyIsNotWantedAnyMoreLearnsIt() async throws {
    let journal = journal
    try await withPair(back: { _ in }, routes: "{ match: POST /, respond: { status: 403, body: no } }") { plugin in
      plugin.handler("ask") { request in
        let answer = try await request.upstream("back").fetch(.post, "/", body: .stream { writer in
          do { while true { try await writer.write([UInt8](repeating: 0, count: 50_000)) } } catch {
            journal.note("ended")
            throw error
          }
        })
        // Nothing of the answer is read before, so the fetch has not ended.
        await journal.wait(for: "ended")
        return .text("\(answer.status) \(try await answer.text())")
      }
    } body: { client in
      let seen = try await client.get("/").text
      #expect(seen == "403 no")
    }
  }

  @Test func anUpstreamThatIsNotThereIsNamedWithThoseThatAre() async throws {
    try await withPair(back: { _ in }, routes: "{ match: GET /, respond: 204 }") { plugin in
      plugin.handler("ask") { request in
        do { _ = try await request.upstream("bakc").fetch("/") } catch let error as UpstreamError {
          return .text("\(error.status) \(error.kind) \(error.description)")
        }
        return .noContent
      }
    } body: { client in
      let seen = try await client.get("/").text
      #expect(
        seen
          == "500 unknown_upstream there is no upstream `bakc`; under `upstreams` are: back")
    }
  }

  @Test(arguments: [
    ("content-length", "1"), ("transfer-encoding", "chunked"), ("x-a", "b\r\nx-c: d"), ("te", "trailers"),
  ])
  func whatWouldBreakTheRequestsFramingIsRefused(name: String, value: String) async throws {
    try await withPair(back: { _ in }, routes: "{ match: GET /, respond: 204 }") { plugin in
      plugin.handler("ask") { request in
        do { _ = try await request.upstream("back").fetch("/", headers: [name: value]) } catch let error as UpstreamError {
          return .text(error.kind)
        }
        return .noContent
      }
    } body: { client in
      let seen = try await client.get("/").text
      #expect(seen == "invalid_request")
    }
  }

  @Test func aTargetThatIsTwoRequestsIsRefused() async throws {
    try await withPair(back: { _ in }, routes: "{ match: GET /, respond: 204 }") { plugin in
      plugin.handler("ask") { request in
        do { _ = try await request.upstream("back").fetch("/ HTTP/1.1\r\nx: y\r\n\r\nGET /b") } catch let error as UpstreamError {
          return .text(error.kind)
        }
        return .noContent
      }
    } body: { client in
      let seen = try await client.get("/").text
      #expect(seen == "invalid_request")
    }
  }

  @Test func aTimeoutEndsAnAnswerThatDoesNotCome() async throws {
    let journal = journal
    try await withPair(back: { plugin in
      plugin.handler("never") { request in
        journal.note("asked")
        try await request.clock.sleep(for: .seconds(3600))
        return .noContent
      }
    }, routes: "{ match: GET /, handler: p.never }", front: { plugin in
      plugin.handler("ask") { request in
        do { _ = try await request.upstream("back").fetch("/", timeout: .seconds(3)) } catch let error as UpstreamError {
          return .text("\(error.status) \(error.kind)")
        }
        return .noContent
      }
    }, clock: .manual) { client in
      async let answer = client.get("/")
      await journal.wait(for: "asked")
      // The wait begins with the first tick that sees it.
      for _ in 1...4 { try await client.gateway.clock.advance(by: .seconds(2)) }
      #expect(try await answer.text == "504 upstream_timeout")
    }
  }

  @Test func anUpstreamThatIsDownIsAnError() async throws {
    let configuration = """
      upstreams: { back: { targets: ["http://127.0.0.1:1"] } }
      routes: [{ match: "GET /", handler: p.ask }]
      """
    try await serving(configuration) { plugin in
      plugin.handler("ask") { request in
        do { _ = try await request.upstream("back").fetch("/") } catch let error as UpstreamError {
          return .text("\(error.status) \(error.kind)")
        }
        return .noContent
      }
    } body: { client in
      let seen = try await client.get("/").text
      #expect(seen == "502 connect_failed")
    }
  }

  @Test func aCancelledTaskGivesItsFetchUp() async throws {
    let journal = journal
    try await withPair(back: { plugin in
      plugin.handler("never") { request in
        journal.note("asked")
        do { try await request.clock.sleep(for: .seconds(3600)) } catch { journal.note("left") }
        return .noContent
      }
    }, routes: "{ match: GET /, handler: p.never }") { plugin in
      plugin.handler("ask") { request in
        let upstream = request.upstream("back")
        let asking = Task { try await upstream.fetch("/") }
        await journal.wait(for: "asked")
        asking.cancel()
        do { _ = try await asking.value } catch is CancellationError { return .text("cancelled") }
        return .noContent
      }
    } body: { client in
      let answer = try await client.get("/")
      #expect(answer.text == "cancelled")
      // The connection is closed, so the upstream knows too.
      await journal.wait(for: "left")
    }
  }

  @Test func anAnswerThatNobodyReadsIsGivenUp() async throws {
    let journal = journal
    try await withPair(back: { plugin in
      plugin.handler("endless") { _ in
        .stream { writer in
          do { while true { try await writer.write([UInt8](repeating: 0, count: 65_536)) } } catch {
            journal.note("left")
            throw error
          }
        }
      }
    }, routes: "{ match: GET /, handler: p.endless }") { plugin in
      plugin.handler("ask") { request in
        let answer = try await request.upstream("back").fetch("/")
        return .text("\(answer.status)")
      }
    } body: { client in
      let answer = try await client.get("/")
      #expect(answer.text == "200")
      await journal.wait(for: "left")
    }
  }

  @Test func anErrorOfTheWriterIsTheFetchs() async throws {
    try await withPair(back: { plugin in
      plugin.handler("take") { _ in .noContent }
    }, routes: "{ match: POST /, handler: p.take, body: { max_size: 64MiB } }") { plugin in
      plugin.handler("ask") { request in
        do {
          _ = try await request.upstream("back").fetch(.post, "/", body: .stream { writer in
            try await writer.write("half")
            throw Unexpected()
          })
        } catch is Unexpected { return .text("its own") }
        return .noContent
      }
    } body: { client in
      let seen = try await client.get("/").text
      #expect(seen == "its own")
    }
  }

  @Test func aPluginMayAskAnUpstreamWhenItStartsAndStops() async throws {
    let journal = journal
    try await withPair(back: { plugin in
      plugin.handler("hello") { request in .text(request.query) }
    }, routes: "{ match: GET /, handler: p.hello }") { plugin in
      plugin.onStart { _ in journal.note(try await Upstream("back").fetch("/?start").text()) }
      plugin.onStop { journal.note(try await Upstream("back").fetch("/?stop").text()) }
      plugin.handler("ask") { _ in .noContent }
    } body: { _ in
      #expect(journal.entries == ["start"])
    }
    #expect(journal.entries == ["start", "stop"])
  }

  @Test func aBlockingHandlersTaskMayAskToo() async throws {
    try await withPair(back: { plugin in
      plugin.handler("hello") { _ in .text("hello") }
    }, routes: "{ match: GET /, handler: p.hello }") { plugin in
      plugin.blockingHandler("ask") { request in
        let upstream = request.upstream("back")
        let done = DispatchSemaphore(value: 0)
        let journal = Journal()
        Task.detached {
          journal.note((try? await upstream.fetch("/").text()) ?? "-")
          done.signal()
        }
        done.wait()
        return .text(journal.entries[0])
      }
    } body: { client in
      let seen = try await client.get("/").text
      #expect(seen == "hello")
    }
  }

  // MARK: traces

  private func traced(_ fields: [String: String], _ check: (String) -> Void) async throws {
    try await withPair(back: { plugin in
      plugin.handler("trace") { request in
        .text("\(request.header("traceparent") ?? "-")|\(request.header("tracestate") ?? "-")")
      }
    }, routes: "{ match: GET /, handler: p.trace }") { plugin in
      plugin.handler("ask") { request in
        let own = request.traceParent ?? "-"
        return .text(try await request.upstream("back").fetch("/").text() + "|" + own)
      }
    } body: { client in
      check(try await client.get("/", headers: fields).text)
    }
  }

  @Test func aClientsTraceGoesOnWithAStepOfItsOwn() async throws {
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    try await traced(["traceparent": "00-\(trace)-00f067aa0ba902b7-01", "tracestate": "a=b"]) { text in
      let parts = text.split(separator: "|").map(String.init)
      #expect(parts[0].hasPrefix("00-\(trace)-"))
      #expect(!parts[0].contains("00f067aa0ba902b7"))
      #expect(parts[0].hasSuffix("-01"))
      #expect(parts[1] == "a=b")
      #expect(parts[2] == parts[0])
    }
  }

  @Test func aTraceThatIsNoneIsBegunAnew() async throws {
    try await traced(["traceparent": "00-zz-00f067aa0ba902b7-01", "tracestate": "a=b"]) { text in
      let parts = text.split(separator: "|").map(String.init)
      #expect(parts[0].utf8.count == 55)
      #expect(parts[1] == "-")
    }
  }

  @Test func aTimeLimitHoldsWhileAPluginStarts() async throws {
    let journal = journal
    try await withPair(back: { plugin in
      plugin.handler("never") { request in
        do { try await request.clock.sleep(for: .seconds(3600)) } catch {}
        return .noContent
      }
    }, routes: "{ match: GET /, handler: p.never }", front: { plugin in
      plugin.onStart { _ in
        do { _ = try await Upstream("back").fetch("/", timeout: .milliseconds(50)) } catch let error as UpstreamError {
          journal.note("\(error.kind)")
        }
      }
      plugin.handler("ask") { _ in .noContent }
    }) { client async throws in
      #expect(try await client.get("/").status == 204)
    }
    #expect(journal.entries == ["upstream_timeout"])
  }
}
