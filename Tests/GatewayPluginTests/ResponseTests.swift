import CGatewayPlugin
import Testing

@testable import GatewayPlugin

struct ResponseTests {
  private func run(
    _ response: Response, isHostOld: Bool = false, _ recorder: Recorder = Recorder()
  ) async throws -> (Ending, [String]) {
    var plugin = Plugin("p", version: "1.0.0")
    plugin.handler("h") { _ in response }
    let ending = try await OpenPlugin(plugin, isHostOld: isHostOld).call("h", recorder: recorder)
    return (ending, recorder.parts)
  }

  // MARK: streams

  @Test func aStreamIsSentInPartsAndEnded() async throws {
    let (ending, parts) = try await run(
      .stream { writer in
        try await writer.write("one")
        try await writer.write("")
        try await writer.write([0x74, 0x77, 0x6F])
      })
    #expect(ending.kind == "end")
    #expect(parts == ["one", "two"])
  }

  @Test func aSlowClientHoldsTheWriterBack() async throws {
    let recorder = Recorder(answers: [GW_ACCEPTED, GW_PAUSED])
    let (paused, pause) = AsyncStream.makeStream(of: Void.self)
    var plugin = Plugin("p", version: "1.0.0")
    plugin.handler("h") { _ in
      .stream { writer in
        try await writer.write("one")
        pause.yield()
        try await writer.write("two")
      }
    }
    let open = try OpenPlugin(plugin)
    async let ending = open.call("h", recorder: recorder)
    for await _ in paused { break }
    #expect(recorder.parts == ["one"])
    recorder.resume()
    #expect(try await ending.kind == "end")
    #expect(recorder.parts == ["one", "two"])
  }

  @Test func aClientThatLeavesEndsTheWriter() async throws {
    let recorder = Recorder(answers: [GW_ACCEPTED, GW_ACCEPTED, GW_TOO_LATE])
    let (ending, parts) = try await run(
      .stream { writer in
        while true { try await writer.write("x") }
      }, recorder)
    #expect(ending.kind == "fail")
    #expect(ending.body == "the client has gone")
    #expect(parts == ["x"])
  }

  @Test func aCancelledHandlerLeavesItsWait() async throws {
    let recorder = Recorder(answers: [GW_PAUSED])
    var plugin = Plugin("p", version: "1.0.0")
    plugin.handler("h") { _ in .stream { try await $0.write("x") } }
    let open = try OpenPlugin(plugin)
    let handler = try open.handler("h")
    let token = try open.start(
      handler.pointee.invoke, handler.pointee.context, recorder, request: try LentRequest().make())
    #expect(recorder.now == nil)
    open.descriptor.pointee.cancel?(try #require(token))
    #expect(await recorder.ending.kind == "fail")
    #expect(recorder.parts.isEmpty)
  }

  @Test func anErrorInTheMiddleBreaksTheAnswerOff() async throws {
    let (ending, parts) = try await run(
      .stream { writer in
        try await writer.write("x")
        throw DecodingFailure("broken")
      })
    #expect(ending.kind == "fail")
    #expect(parts == ["x"])
  }

  @Test func anOlderHostIsToldAndNotCalledWhereItHasNothing() async throws {
    let (stream, _) = try await run(.stream { _ in }, isHostOld: true)
    #expect(stream.body == "this gateway does not know streams in responses: that takes contract 1.1")
    let (file, _) = try await run(.file(path: "/x"), isHostOld: true)
    #expect(file.body == "this gateway does not know files in responses: that takes contract 1.1")
  }

  @Test func aStreamNeedsAHandlerThatCanWait() async throws {
    var plugin = Plugin("p", version: "1.0.0")
    plugin.blockingHandler("h") { _ in .stream { _ in } }
    let ending = try await OpenPlugin(plugin).call("h")
    #expect(ending.kind == "fail")
    #expect(ending.body == "a streamed response needs an async handler: this one is blocking or inline")
  }

  @Test func jsonLinesAreOneDocumentALine() async throws {
    let (_, parts) = try await run(.jsonLines([Circle(radius: 1), Circle(radius: 2)]))
    #expect(parts == ["{\"radius\":1.0}\n", "{\"radius\":2.0}\n"])
  }

  // MARK: events

  @Test func eventsAreWrittenAsTheFormatHasThem() async throws {
    let (ending, parts) = try await run(
      .events { events in
        try await events.send(
          ServerSentEvent(text: "a\r\nb\rc\nd", event: "e", id: "7", retry: .milliseconds(1500), comment: "c"))
        try await events.send(Circle(radius: 1))
      })
    #expect(ending.kind == "end")
    #expect(
      parts == [
        ": c\nevent: e\ndata: a\ndata: b\ndata: c\ndata: d\nid: 7\nretry: 1500\n\n", "data: {\"radius\":1.0}\n\n",
      ])
  }

  @Test func anIdleStreamOfEventsIsKeptAlive() async throws {
    let recorder = Recorder()
    let (ending, parts) = try await run(
      .events(keepAlive: .milliseconds(1)) { _ in
        while !recorder.parts.contains(": ping\n\n") { await Task.yield() }
      }, recorder)
    #expect(ending.kind == "end")
    #expect(parts.allSatisfy { $0 == ": ping\n\n" })
  }

  @Test func eventsThatWouldForgeFieldsAreRefused() {
    #expect(throws: EventInvalid.self) { try ServerSentEvent(text: "", event: "a\ndata: b") }
    #expect(throws: EventInvalid.self) { try ServerSentEvent(text: "", id: "a\rb") }
    #expect(throws: EventInvalid.self) { try ServerSentEvent(text: "", id: "a\0") }
    #expect(throws: EventInvalid.self) { try ServerSentEvent(text: "", retry: .seconds(-1)) }
  }

  // MARK: files, places, cookies

  @Test func aFileIsTheGatewaysToSend() async throws {
    let (ending, _) = try await run(.file(path: "/srv/a.pdf", downloadName: "Bücher.pdf"))
    #expect(ending.kind == "file")
    #expect(ending.body == "/srv/a.pdf")
    #expect(ending.fields == ["content-disposition": "attachment; filename*=utf-8''B%C3%BCcher.pdf"])
    #expect(Response.disposition("a b.txt") == #"attachment; filename="a b.txt""#)
    #expect(Response.disposition("a\"\r\nb") == "attachment; filename*=utf-8''a%22%0D%0Ab")
  }

  @Test func aRedirectsTargetIsEncodedOnce() async throws {
    let (ending, _) = try await run(.redirect(to: "/bücher?q=a b&x=%20#f\r\nset-cookie: x"))
    #expect(ending.status == 307)
    #expect(ending.fields["location"] == "/b%C3%BCcher?q=a%20b&x=%20#f%0D%0Aset-cookie:%20x")
  }

  @Test func cookiesAreSafeUnlessSaidOtherwise() throws {
    #expect(try SetCookie("a", "b").fieldValue() == "a=b; Path=/; Secure; HttpOnly; SameSite=Lax")
    var cookie = SetCookie("a", "b")
    cookie.domain = "shop.example"
    cookie.maxAge = .seconds(60)
    cookie.expires = Timestamp(seconds: 784_111_777)
    cookie.sameSite = .none
    cookie.isPartitioned = true
    cookie.isHTTPOnly = false
    #expect(
      try cookie.fieldValue()
        == "a=b; Domain=shop.example; Path=/; Max-Age=60; Expires=Sun, 06 Nov 1994 08:49:37 GMT; Secure; SameSite=None; Partitioned")
    #expect(
      try SetCookie.deleting("a").fieldValue()
        == "a=; Path=/; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Secure; HttpOnly; SameSite=Lax")
  }

  @Test func cookiesThatBrowsersRefuseAreRefusedHere() {
    func isRefused(_ name: String = "a", _ value: String = "b", _ change: (inout SetCookie) -> Void = { _ in }) -> Bool {
      var cookie = SetCookie(name, value)
      change(&cookie)
      return (try? cookie.fieldValue()) == nil
    }
    #expect(isRefused(""))
    #expect(isRefused("a b"))
    #expect(isRefused("a", "b;c"))
    #expect(isRefused("a", "b\r\nset-cookie: x=y"))
    #expect(isRefused("a", String(repeating: "x", count: 4096)))
    #expect(isRefused { $0.path = "x" })
    #expect(isRefused { $0.path = "/;Domain=evil" })
    #expect(isRefused { $0.isSecure = false; $0.sameSite = .none })
    #expect(isRefused("__Secure-a") { $0.isSecure = false })
    #expect(isRefused("__HOST-a") { $0.domain = "x" })
    #expect(!isRefused("__Host-a"))
  }
}
