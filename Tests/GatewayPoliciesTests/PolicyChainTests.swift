import GatewayHTTP
import GatewayPolicies
import NIOCore
import Testing

/// Notes its turns in a response field and can end a request.
private struct Marker: RequestPolicy, ResponsePolicy {
  var kind: StaticString { "marker" }
  var name: String
  var answer: UInt16?
  var error: HTTPError?

  func onRequest(_ context: inout RequestContext) throws(HTTPError) -> PolicyVerdict {
    context.requestID += name
    if let error { throw error }
    return answer.map { .respond(LocalResponse(status: $0)) } ?? .next
  }

  func onResponse(_ status: inout UInt16, _ fields: inout FieldLines, _ context: RequestContext) {
    fields.append("x-turn", name)
  }
}

@Suite struct PolicyChainTests {
  @Test func requestHooksRunInOrderAndResponseHooksInReverse() throws {
    let chain = PolicyChain([Marker(name: "a"), Marker(name: "b"), Marker(name: "c")])
    var context = makeContext()
    var step = 0
    guard case .next = try chain.onRequest(&context, from: &step) else {
      Issue.record("a chain without answers lets the request pass")
      return
    }
    #expect(context.requestID == "abc")
    #expect(step == 3)
    var status: UInt16 = 200
    var fields = FieldLines()
    chain.onResponse(&status, &fields, context)
    #expect(fields.all("x-turn") == ["c", "b", "a"])
  }

  @Test func anAnswerEndsTheRequestHooksAndEveryResponseHookStillRuns() throws {
    let chain = PolicyChain([Marker(name: "a"), Marker(name: "b", answer: 204), Marker(name: "c")])
    var context = makeContext()
    var step = 0
    guard case .respond(let response) = try chain.onRequest(&context, from: &step) else {
      Issue.record("b answers")
      return
    }
    #expect(response.status == 204)
    #expect(context.requestID == "ab")
    var status: UInt16 = 404
    var fields = FieldLines()
    chain.onResponse(&status, &fields, context)
    #expect(fields.all("x-turn") == ["c", "b", "a"])
  }

  @Test func aThrownErrorEndsTheRequestHooks() {
    let chain = PolicyChain([Marker(name: "a", error: HTTPError(403)), Marker(name: "b")])
    var context = makeContext()
    var step = 0
    #expect(throws: HTTPError(403)) { try chain.onRequest(&context, from: &step) }
    #expect(context.requestID == "a")
  }

  @Test func theStepNamesWhereAWaitingExchangeGoesOn() throws {
    let chain = PolicyChain([Marker(name: "a"), Marker(name: "b", answer: 200), Marker(name: "c")])
    var context = makeContext()
    var step = 0
    _ = try chain.onRequest(&context, from: &step)
    #expect(step == 2)
    guard case .next = try chain.onRequest(&context, from: &step) else {
      Issue.record("the rest of the chain passes")
      return
    }
    #expect(context.requestID == "abc")
  }

  @Test func anEmptyChainSaysSo() throws {
    #expect(!PolicyChain.empty.hasRequestSteps)
    #expect(!PolicyChain.empty.hasResponseSteps)
    let onlyResponses = PolicyChain([try SecurityHeadersPolicy()])
    #expect(!onlyResponses.hasRequestSteps)
    #expect(onlyResponses.hasResponseSteps)
  }

  @Test func anInnerPolicyTakesThePlaceOfAnOuterOneOfItsKindWhereThatIsItsRule() throws {
    let outer: [any Policy] = [
      try AddressPolicy(deny: ["192.0.2.0/24"]), try CORSPolicy(.init(origins: ["*"])), try SecurityHeadersPolicy(),
    ]
    let inner: [any Policy] = [
      try AddressPolicy(allow: ["10.0.0.0/8"]), try CORSPolicy(.init(origins: ["https://shop.example"])),
    ]
    let kinds = PolicyChain.layered(outer, inner).map { $0.kind.description }
    #expect(kinds == ["addresses", "security_headers", "addresses", "cors"])
  }
}
