import CGatewayPlugin
import Foundation
import Testing

@testable import GatewayPlugin

struct HandlerTests {
  private let shop = try! OpenPlugin(Shop.plugin())
  private let store = ValueBox(Store(path: "db"))

  private func path(_ name: String, _ value: Int64) -> LentRequest {
    LentRequest(parameters: [(name, GW_IN_PATH, .integer(value))])
  }

  // MARK: calls

  @Test func aHandlerGetsItsPathAndItsDependencyAndReturnsAValue() async throws {
    let answer = try await shop.call("getBook", path("book_id", 7), needs: [store])
    #expect(answer.status == 200)
    #expect(answer.fields == ["content-type": "application/json"])
    #expect(
      answer.body
        == #"{"title":"db 7","year":1969,"price":9.5,"tags":[],"subTitle":null,"genre":"novel"}"#)
  }

  @Test func aThrownErrorOfTheClientKeepsItsStatus() async throws {
    let answer = try await shop.call("getBook", path("book_id", 100), needs: [store])
    #expect(answer.kind == "fail")
    #expect(answer.status == 404)
    #expect(answer.body == #""no book 100""#)
  }

  @Test func aBodyIsDecodedAndAReplyHasFieldsOfItsOwn() async throws {
    var request = LentRequest(method: "POST", body: #"{"title":"A","year":2000,"price":1}"#)
    var answer = try await shop.call("createBook", request, needs: [store])
    #expect(answer.status == 201)
    #expect(answer.fields["location"] == "/books/false/-1")
    request.parameters = [("notify", GW_IN_QUERY, .boolean(true)), ("copies", GW_IN_QUERY, .integer(3))]
    answer = try await shop.call("createBook", request, needs: [store])
    #expect(answer.fields["location"] == "/books/true/3")
  }

  @Test func whatTheTypeCannotHoldIs422AndPointsAtTheValue() async throws {
    let request = LentRequest(method: "POST", body: #"{"title":"A","year":1e30,"price":1}"#)
    let answer = try await shop.call("createBook", request, needs: [store])
    #expect(answer.status == 422)
    #expect(
      answer.body
        == #"[{"type":"value_error","loc":["body","year"],"msg":"the number does not fit into Int","input":null}]"#)
  }

  @Test func aMissingBodyIs422AndABodyNobodyParsedIsTheOperatorsFault() async throws {
    let missing = try await shop.call("createBook", LentRequest(method: "POST"), needs: [store])
    #expect(missing.status == 422)
    #expect(missing.body == #"[{"type":"missing","loc":["body"],"msg":"Field required","input":null}]"#)
    let raw = UnsafeMutablePointer(mutating: try LentRequest(method: "POST", body: "{}").make())
    raw.pointee.body_value = gw_json_borrowed()
    let recorder = Recorder()
    let handler = try shop.handler("createBook")
    try shop.start(handler.pointee.invoke, handler.pointee.context, recorder, request: UnsafePointer(raw), needs: [store])
    let answer = await recorder.ending
    #expect(answer.status == 0)
    #expect(answer.body == "there is no parsed body: the route declares no schema for its body")
  }

  @Test func aMissingParameterIs422() async throws {
    let answer = try await shop.call("deleteBook")
    #expect(answer.status == 422)
    #expect(answer.body == #"[{"type":"missing","loc":["path","id"],"msg":"Field required","input":null}]"#)
  }

  @Test func aHandlerThatReturnsNothingAnswers204() async throws {
    let answer = try await shop.call("deleteBook", path("id", 41))
    #expect(answer.status == 204)
    #expect(answer.body.isEmpty)
    #expect(Journal.shared.contains("deleted 41"))
  }

  @Test func parametersOfOnePlaceAreNotTakenForThoseOfAnother() async throws {
    let request = LentRequest(parameters: [("id", GW_IN_QUERY, .integer(1))])
    #expect(try await shop.call("deleteBook", request).status == 422)
  }

  @Test func theRequestCookiesAndHeaderListsArrive() async throws {
    let request = LentRequest(
      method: "PUT",
      parameters: [("session", GW_IN_COOKIE, .text("s1")), ("etag", GW_IN_HEADER, .json(#"["a","b"]"#))])
    #expect(try await shop.call("raw", request).body == #"PUT s1 ["a", "b"]"#)
    #expect(try await shop.call("raw").body == #"GET - ["none"]"#)
  }

  @Test func formFieldsAndFilesArrive() async throws {
    let onDisk = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
    try Data("12345".utf8).write(to: URL(fileURLWithPath: onDisk))
    defer { try? FileManager.default.removeItem(atPath: onDisk) }
    var request = LentRequest(method: "POST", body: #"{"title":"T"}"#)
    request.files = [
      ("photo", "first.png", "abc", ""), ("photo", "last.png", "12345", onDisk), ("others", "x", "1", ""),
      ("others", "y", "2", ""),
    ]
    let answer = try await shop.call("upload", request)
    #expect(answer.body == #""T 3 last.png 5 2""#)
    request.files = []
    #expect(try await shop.call("upload", request).status == 422)
  }

  @Test func scalarsListsAndObjectsComeFromTheQuery() async throws {
    let request = LentRequest(parameters: [
      ("terms", GW_IN_QUERY, .json(#"["a"]"#)), ("since", GW_IN_QUERY, .text("2024-02-29T12:00:00+02:00")),
      ("exact", GW_IN_QUERY, .number(0.1, "0.10")), ("shape", GW_IN_QUERY, .json(#"{"radius":2}"#)),
    ])
    #expect(try await shop.call("search", request).body == #"["a","2024-02-29T10:00:00Z","0.10","2.0"]"#)
  }

  @Test func anOptionalBodyMayBeMissingOrNull() async throws {
    #expect(try await shop.call("maybe").body == "null")
    #expect(try await shop.call("maybe", LentRequest(body: "null")).body == "null")
    #expect(try await shop.call("maybe", LentRequest(body: #"{"kind":"nothing"}"#)).body == #"{"kind":"nothing"}"#)
  }

  @Test func closuresAndFunctionsAreHandlersOfOnePlugin() async throws {
    #expect(try await shop.call("ping").body == "{}")
    var request = LentRequest(body: #"{"radius":1.5}"#)
    request.parameters = [("limit", GW_IN_QUERY, .integer(4))]
    #expect(try await shop.call("typed", request, needs: [store]).body == #"{"radius":6.0}"#)
  }

  @Test func whereAHandlerRunsFollowsFromItsForm() throws {
    #expect(try shop.handler("getBook").pointee.execution == GW_ASYNC.rawValue)
    #expect(try shop.handler("deleteBook").pointee.execution == GW_BLOCKING.rawValue)
    #expect(try shop.handler("about").pointee.execution == GW_INLINE.rawValue)
  }

  // MARK: declarations

  @Test func aHandlerDeclaresWhatItTakesAndGives() throws {
    #expect(
      try shop.declaration("getBook")
        == #"{"summary":"Finds a book.","description":"By its number.","tags":["books"],"#
        + #""parameters":{"book_id":{"in":"path","required":true,"type":"integer","format":"int64","minimum":1}},"#
        + ##""responses":{"200":{"$ref":"#/schemas/NewBook"}}}"##)
    #expect(
      try shop.declaration("createBook")
        == #"{"parameters":{"notify":{"in":"query","required":false,"type":"boolean","default":false},"#
        + #""copies":{"in":"query","required":false,"type":"integer","format":"int64","minimum":1,"maximum":10}},"#
        + ##""body":{"schema":{"$ref":"#/schemas/NewBook"},"required":"true"},"responses":{"201":{"$ref":"#/schemas/NewBook"}}}"##
        .replacingOccurrences(of: #""true""#, with: "true"))
    #expect(
      try shop.declaration("deleteBook")
        == #"{"parameters":{"id":{"in":"path","required":true,"type":"integer","format":"int64"}},"#
        + #""responses":{"204":{"description":"Successful Response"}}}"#)
    #expect(try shop.declaration("ping") == "")
    #expect(
      try shop.declaration("raw")
        == #"{"parameters":{"session":{"in":"cookie","required":false,"type":"string"},"#
        + #""etag":{"in":"header","required":false,"type":"array","items":{"type":"string"},"default":["none"]}}}"#)
    #expect(
      try shop.declaration("upload")
        == #"{"body":{"content":{"multipart/form-data":{"schema":{"type":"object","properties":{"title":{"type":"string"},"#
        + #""stars":{"type":"integer","format":"int64","default":3,"minimum":1,"maximum":5},"#
        + #""photo":{"type":"string","contentMediaType":"application/octet-stream"},"#
        + #""others":{"type":"array","items":{"type":"string","contentMediaType":"application/octet-stream"}}},"#
        + #""required":["title","photo","others"]}}},"required":true},"responses":{"200":{"type":"string"}}}"#)
  }

  @Test func namedSchemasOfAllHandlersAreCollectedOnce() throws {
    let parsed = try JSONSerialization.jsonObject(with: Data(shop.schemas.utf8)) as? [String: Any]
    #expect(
      parsed?.keys.sorted() == [
        "Circle", "Genre", "NewBook", "Shape", "Shape_blank", "Shape_box", "Shape_circle", "Shape_group", "Shape_nothing",
      ])
  }

  // MARK: providers

  @Test func aProviderIsConfiguredByATypeAndEndsWithItsTeardown() async throws {
    let provider = try shop.provider("store")
    #expect(
      String(provider.pointee.config_schema)
        == #"{"type":"object","properties":{"path":{"type":"string","minLength":1},"size":{"type":"integer","format":"int64","default":10}},"#
        + #""required":["path"]}"#)
    #expect(provider.pointee.scope == GW_SCOPE_APP.rawValue)
    let made = Recorder()
    try shop.start(provider.pointee.invoke, provider.pointee.context, made, config: #"{"path":"p1"}"#)
    #expect(await made.ending.kind == "provide")
    let ended = Recorder()
    let teardown = try #require(provider.pointee.teardown)
    try shop.start(teardown, provider.pointee.context, ended, value: made.value, outcome: GW_FAILED)
    #expect(await ended.ending.kind == "finish")
    #expect(Journal.shared.contains("p1 failed"))
    provider.pointee.release_value(try #require(made.value))
  }

  @Test func aProviderWithoutItsConfigFails() async throws {
    let provider = try shop.provider("store")
    let recorder = Recorder()
    try shop.start(provider.pointee.invoke, provider.pointee.context, recorder)
    #expect(await recorder.ending.body == "there is no parsed config: `gateway.yaml` gives none")
  }

  @Test func aProviderMayTakeParametersAndDependencies() async throws {
    let provider = try shop.provider("user")
    #expect(provider.pointee.teardown == nil)
    #expect(provider.pointee.execution == GW_BLOCKING.rawValue)
    #expect(
      String(provider.pointee.declaration)
        == #"{"parameters":{"x-user-id":{"in":"header","required":true,"type":"integer","format":"int64"}}}"#)
    let recorder = Recorder()
    let request = LentRequest(parameters: [("x-user-id", GW_IN_HEADER, .integer(5))])
    try shop.start(
      provider.pointee.invoke, provider.pointee.context, recorder, request: try request.make(), needs: [store])
    #expect(await recorder.ending.kind == "provide")
    let box = Unmanaged<AnyValueBox>.fromOpaque(try #require(recorder.value)).takeRetainedValue()
    #expect((box as? ValueBox<String>)?.value == "db:5")
  }

  @Test func aDependencyOfAnotherTypeIsAnErrorAndNotAnothersMemory() async throws {
    let answer = try await shop.call("getBook", path("book_id", 1), needs: [ValueBox("text")])
    #expect(answer.status == 0)
    #expect(answer.body == "dependency 'store' is not a GatewayPluginTests.Store")
  }
}
