import GatewayHTTP
import NIOCore
import Testing

@testable import GatewayPolicies

@Suite struct RequestIDPolicyTests {
  private func id(_ policy: RequestIDPolicy, _ fields: [(String, String)], peer: String? = "192.0.2.1") throws -> String
  {
    var context = makeContext(fields: fields, peer: peer)
    _ = try policy.onRequest(&context)
    return context.requestID
  }

  @Test func aRequestWithoutIDGetsOneThatTheClientSees() throws {
    let policy = try RequestIDPolicy()
    var context = makeContext()
    _ = try policy.onRequest(&context)
    #expect(context.requestID.utf8.count == 26)
    #expect(fieldsAfter(policy, context).all("x-request-id") == [context.requestID])
  }

  @Test func anIDFromOutsideIsIgnoredByDefault() throws {
    #expect(try id(RequestIDPolicy(), [("X-Request-Id", "abc")]) != "abc")
  }

  @Test func anIDIsTakenFromEveryoneWhereToldSo() throws {
    #expect(try id(RequestIDPolicy(accept: .always), [("X-Request-Id", "abc-1")]) == "abc-1")
  }

  @Test func anIDIsTakenFromTrustedPeersOnly() throws {
    let policy = try RequestIDPolicy(accept: .trusted(NetworkSet(["10.0.0.0/8"], option: "trusted")))
    #expect(try id(policy, [("x-request-id", "abc")], peer: "10.1.2.3") == "abc")
    #expect(try id(policy, [("x-request-id", "abc")], peer: "192.0.2.1") != "abc")
    #expect(try id(policy, [("x-request-id", "abc")], peer: nil) != "abc")
  }

  @Test(arguments: [
    "", "a b", "a\"b", "a\\b", "${jndi:ldap://x}", "<script>", "a\u{1B}[31m", "é", "a\r\nset-cookie: x", "a{b}", "a%0d",
    String(repeating: "x", count: 129),
  ])
  func anUnsafeIDIsReplaced(value: String) throws {
    let made = try id(RequestIDPolicy(accept: .always), [("x-request-id", value)])
    #expect(made != value)
    #expect(made.utf8.count == 26)
  }

  @Test(arguments: [
    "0", "7b9f7a2e-8c1d-4f7e-9a55-1f0f0d1a2b3c", "Root=1-67891233-abcdef012345678912345678", "a/b:c+d@e,f;g~h_i.j",
    String(repeating: "x", count: 128),
  ])
  func aSafeIDIsKept(value: String) throws {
    #expect(try id(RequestIDPolicy(accept: .always), [("x-request-id", value)]) == value)
  }

  @Test func twoIDsAreNone() throws {
    let made = try id(RequestIDPolicy(accept: .always), [("x-request-id", "a"), ("X-Request-ID", "b")])
    #expect(made.utf8.count == 26)
  }

  @Test func anotherHeaderCanCarryTheID() throws {
    let policy = try RequestIDPolicy(header: "X-Correlation-ID", accept: .always)
    var context = makeContext(fields: [("x-request-id", "no"), ("x-correlation-id", "yes")])
    _ = try policy.onRequest(&context)
    #expect(context.requestID == "yes")
    #expect(fieldsAfter(policy, context).first("x-correlation-id") == "yes")
  }

  @Test func theGatewaysIDReplacesTheUpstreams() throws {
    let policy = try RequestIDPolicy()
    var context = makeContext()
    context.requestID = "ours"
    let fields = fieldsAfter(policy, context, [("X-Request-Id", "theirs"), ("etag", "\"1\"")])
    #expect(fields.all("x-request-id") == ["ours"])
    #expect(fields.first("etag") == "\"1\"")
  }

  @Test func echoCanBeTurnedOff() throws {
    var context = makeContext()
    context.requestID = "ours"
    #expect(fieldsAfter(try RequestIDPolicy(echo: false), context).isEmpty)
  }

  @Test func aWrongHeaderNameIsAMistake() {
    #expect(mistakes { _ = try RequestIDPolicy(header: "x request id") }.first?.option == "header")
  }

  @Test func generatedIDsAreSafeAndDiffer() {
    let ids = (0..<10_000).map { _ in RequestIDGenerator.next() }
    #expect(Set(ids).count == ids.count)
    let alphabet = Set("0123456789abcdefghijklmnopqrstuv".utf8)
    #expect(ids.allSatisfy { $0.utf8.count == 26 && $0.utf8.allSatisfy(alphabet.contains) })
  }

  @Test func threadsDoNotShareAStream() async {
    let ids = await withTaskGroup(of: [String].self) { group in
      for _ in 0..<8 { group.addTask { (0..<1000).map { _ in RequestIDGenerator.next() } } }
      return await group.reduce(into: []) { $0 += $1 }
    }
    #expect(Set(ids).count == 8000)
  }

  /// RFC 8439 §2.3.2: key 00…1f, nonce 000000090000004a00000000, counter 1, 20 rounds.
  @Test func theCipherGivesTheBlockOfRFC8439() {
    let key = (
      SIMD4<UInt32>(0x0302_0100, 0x0706_0504, 0x0b0a_0908, 0x0f0e_0d0c),
      SIMD4<UInt32>(0x1312_1110, 0x1716_1514, 0x1b1a_1918, 0x1f1e_1d1c)
    )
    let block = ChaChaBlock(key: key, position: SIMD4(1, 0x0900_0000, 0x4a00_0000, 0), doubleRounds: 10)
    #expect(block.a == SIMD4(0xe4e7_f110, 0x1559_3bd1, 0x1fdd_0f50, 0xc471_20a3))
    #expect(block.b == SIMD4(0xc7f4_d1c7, 0x0368_c033, 0x9aaa_2204, 0x4e6c_d4c3))
    #expect(block.c == SIMD4(0x4664_82d2, 0x09aa_9f07, 0x05d7_c214, 0xa202_8bd9))
    #expect(block.d == SIMD4(0xd19c_12b5, 0xb94e_16de, 0xe883_d0cb, 0x4e3c_50a2))
  }
}
