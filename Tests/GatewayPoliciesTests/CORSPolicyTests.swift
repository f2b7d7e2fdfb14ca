import GatewayHTTP
import GatewayPolicies
import NIOCore
import Testing

@Suite struct CORSPolicyTests {
  private static func policy(
    _ origins: [String] = ["https://shop.example"], _ change: (inout CORSPolicy.Options) -> Void = { _ in }
  ) throws -> CORSPolicy {
    var options = CORSPolicy.Options(origins: origins)
    change(&options)
    return try CORSPolicy(options)
  }

  private static func preflight(
    _ origin: String, method: String = "PUT", headers: String? = nil
  ) -> RequestContext {
    var fields = [("Origin", origin), ("Access-Control-Request-Method", method)]
    if let headers { fields.append(("Access-Control-Request-Headers", headers)) }
    return makeContext(.options, fields: fields)
  }

  private static func allowOrigin(_ policy: CORSPolicy, _ origin: String) -> String? {
    fieldsAfter(policy, makeContext(fields: [("Origin", origin)])).first("access-control-allow-origin")
  }

  // Simple requests

  @Test func anAllowedOriginMayRead() throws {
    let policy = try Self.policy { $0.expose = ["ETag", "X-Total"] }
    let context = makeContext(fields: [("Origin", "https://shop.example")])
    #expect(statusAfter(policy, context) == nil)
    let fields = fieldsAfter(policy, context)
    #expect(fields.all("access-control-allow-origin") == ["https://shop.example"])
    #expect(fields.first("access-control-expose-headers") == "ETag, X-Total")
    #expect(fields.all("vary") == ["Origin"])
    #expect(!fields.contains("access-control-allow-credentials"))
    #expect(!fields.contains("access-control-allow-methods"))
  }

  @Test func aRefusedOriginIsServedAndLacksTheFields() throws {
    let policy = try Self.policy()
    let context = makeContext(fields: [("Origin", "https://evil.example")])
    #expect(statusAfter(policy, context) == nil)
    let fields = fieldsAfter(policy, context)
    #expect(!fields.contains("access-control-allow-origin"))
    #expect(fields.all("vary") == ["Origin"])
  }

  @Test func aRequestWithoutOriginStillVaries() throws {
    let fields = fieldsAfter(try Self.policy(), makeContext())
    #expect(fields.all("vary") == ["Origin"])
    #expect(!fields.contains("access-control-allow-origin"))
  }

  @Test func everyoneGetsAStarThatDoesNotVary() throws {
    let policy = try Self.policy(["*"])
    for fields in [[], [("Origin", "https://any.example")]] {
      let result = fieldsAfter(policy, makeContext(fields: fields))
      #expect(result.all("access-control-allow-origin") == ["*"])
      #expect(!result.contains("vary"))
    }
  }

  @Test func credentialsAreAllowedToNamedOrigins() throws {
    let policy = try Self.policy { $0.credentials = true }
    let fields = fieldsAfter(policy, makeContext(fields: [("Origin", "https://shop.example")]))
    #expect(fields.first("access-control-allow-credentials") == "true")
    #expect(fields.first("access-control-allow-origin") == "https://shop.example")
    let refused = fieldsAfter(policy, makeContext(fields: [("Origin", "https://evil.example")]))
    #expect(!refused.contains("access-control-allow-credentials"))
  }

  @Test(arguments: [404, 405, 413, 422, 500, 502] as [UInt16])
  func errorsCarryTheFieldsToo(status: UInt16) throws {
    let context = makeContext(fields: [("Origin", "https://shop.example")])
    let fields = fieldsAfter(try Self.policy(), context, status: status)
    #expect(fields.contains("access-control-allow-origin"))
  }

  @Test func theUpstreamsOwnFieldsAreReplaced() throws {
    let upstream = [
      ("Access-Control-Allow-Origin", "*"), ("access-control-allow-credentials", "true"),
      ("content-type", "text/plain"),
    ]
    let allowed = fieldsAfter(try Self.policy(), makeContext(fields: [("Origin", "https://shop.example")]), upstream)
    #expect(allowed.all("access-control-allow-origin") == ["https://shop.example"])
    #expect(!allowed.contains("access-control-allow-credentials"))
    #expect(allowed.first("content-type") == "text/plain")
    let refused = fieldsAfter(try Self.policy(), makeContext(fields: [("Origin", "https://evil.example")]), upstream)
    #expect(!refused.contains("access-control-allow-origin"))
  }

  @Test func varyIsAppendedAndNotRepeated() throws {
    func vary(_ existing: [(String, String)]) throws -> [String] {
      fieldsAfter(try Self.policy(), makeContext(), existing).all("vary")
    }
    #expect(try vary([("Vary", "Accept-Encoding")]) == ["Accept-Encoding, Origin"])
    #expect(try vary([("vary", "origin")]) == ["origin"])
    #expect(try vary([("vary", "Accept, ORIGIN ,Cookie")]) == ["Accept, ORIGIN ,Cookie"])
    #expect(try vary([("vary", "*")]) == ["*"])
    #expect(try vary([("vary", "Accept"), ("vary", "Cookie")]) == ["Accept, Cookie, Origin"])
  }

  @Test(arguments: [["https://shop.example"], ["https://*.example"]])
  func anAllowedOriginKeepsAnExistingVary(origins: [String]) throws {
    let context = makeContext(fields: [("Origin", "https://shop.example")])
    let fields = fieldsAfter(try Self.policy(origins), context, [("vary", "Accept-Encoding")])
    #expect(fields.all("vary") == ["Accept-Encoding, Origin"])
    #expect(fields.all("access-control-allow-origin") == ["https://shop.example"])
  }

  @Test func twoOriginsAreNone() throws {
    let context = makeContext(fields: [("Origin", "https://shop.example"), ("Origin", "https://shop.example")])
    #expect(!fieldsAfter(try Self.policy(), context).contains("access-control-allow-origin"))
  }

  // Which origins

  @Test func anExactOriginIsComparedWhole() throws {
    let policy = try Self.policy(["https://shop.example", "http://localhost:3000", "capacitor://localhost"])
    for origin in ["https://shop.example", "http://localhost:3000", "capacitor://localhost"] {
      #expect(Self.allowOrigin(policy, origin) == origin)
    }
    for origin in [
      "http://shop.example", "https://shop.example:8443", "https://shop.example.evil.test", "https://evilshop.example",
      "https://a.shop.example", "https://SHOP.example", "https://shop.example/", "null", "", "*", "http://localhost",
    ] {
      #expect(Self.allowOrigin(policy, origin) == nil, "\(origin)")
    }
  }

  @Test func aWildcardStandsForSubdomainsOnly() throws {
    let policy = try Self.policy(["https://*.shop.example", "http://*.dev.test:8080"])
    for origin in ["https://a.shop.example", "https://a.b-c.shop.example", "http://x.dev.test:8080"] {
      #expect(Self.allowOrigin(policy, origin) == origin)
    }
    for origin in [
      "https://shop.example", "https://.shop.example", "https://a..shop.example", "http://a.shop.example",
      "https://a.shop.example:444", "https://evil.test/.shop.example", "https://evil.test?.shop.example",
      "https://evil.test#a.shop.example", "https://u@.shop.example", "https://evil.test:80.shop.example",
      "https://a.shop.example.evil.test", "http://x.dev.test", "https://evilshop.example",
    ] {
      #expect(Self.allowOrigin(policy, origin) == nil, "\(origin)")
    }
  }

  @Test func nullIsAllowedOnlyWhereListed() throws {
    #expect(Self.allowOrigin(try Self.policy(["null"]), "null") == "null")
    #expect(Self.allowOrigin(try Self.policy(), "null") == nil)
  }

  @Test func entriesAreBroughtIntoTheFormBrowsersSend() throws {
    let policy = try Self.policy(["HTTPS://Shop.Example:443", "http://[2001:DB8:0::1]:81"])
    #expect(Self.allowOrigin(policy, "https://shop.example") == "https://shop.example")
    #expect(Self.allowOrigin(policy, "http://[2001:db8::1]:81") == "http://[2001:db8::1]:81")
  }

  @Test func manyOriginsAreFound() throws {
    let origins = (0..<500).map { "https://shop\($0).example" }
    let policy = try Self.policy(origins)
    #expect(origins.allSatisfy { Self.allowOrigin(policy, $0) == $0 })
    #expect(Self.allowOrigin(policy, "https://shop500.example") == nil)
  }

  // Preflight

  @Test func aPreflightIsAnsweredWithoutTheRoute() throws {
    let policy = try Self.policy {
      $0.methods = ["GET", "PUT"]
      $0.headers = ["X-Api-Version"]
      $0.credentials = true
    }
    let context = Self.preflight("https://shop.example", headers: "x-api-version")
    #expect(statusAfter(policy, context) == 204)
    let fields = fieldsAfter(policy, context, status: 204)
    #expect(fields.all("access-control-allow-origin") == ["https://shop.example"])
    #expect(fields.first("access-control-allow-methods") == "GET, PUT")
    #expect(
      fields.first("access-control-allow-headers")
        == "accept, accept-language, content-language, content-type, x-api-version")
    #expect(fields.first("access-control-allow-credentials") == "true")
    #expect(fields.first("access-control-max-age") == "600")
    #expect(fields.all("vary") == ["Origin, Access-Control-Request-Method, Access-Control-Request-Headers"])
    #expect(!fields.contains("access-control-expose-headers"))
  }

  @Test func aRefusedOriginsPreflightIs403() throws {
    let policy = try Self.policy()
    let context = Self.preflight("https://evil.example")
    #expect(statusAfter(policy, context) == 403)
    let fields = fieldsAfter(policy, context, status: 403)
    #expect(fields.all("vary") == ["Origin, Access-Control-Request-Method, Access-Control-Request-Headers"])
    #expect(fields.pairs.allSatisfy { !$0.name.hasPrefix("access-control-") })
  }

  @Test func aMethodThatIsNotAllowedIsForTheBrowserToRefuse() throws {
    let policy = try Self.policy()
    let context = Self.preflight("https://shop.example", method: "DELETE")
    #expect(statusAfter(policy, context) == 204)
    #expect(fieldsAfter(policy, context).first("access-control-allow-methods") == "GET, HEAD, POST")
  }

  @Test func everythingAllowedGivesTheRequestsOwnWordsBack() throws {
    let policy = try Self.policy {
      $0.methods = ["*"]
      $0.headers = ["*"]
      $0.credentials = true
    }
    let context = Self.preflight("https://shop.example", method: "PATCH", headers: "authorization,x-a, x-b")
    let fields = fieldsAfter(policy, context)
    #expect(fields.first("access-control-allow-methods") == "PATCH")
    #expect(fields.first("access-control-allow-headers") == "authorization,x-a, x-b")
  }

  @Test func wordsThatAreNoNamesAreNotGivenBack() throws {
    let policy = try Self.policy {
      $0.methods = ["*"]
      $0.headers = ["*"]
    }
    let fields = fieldsAfter(policy, Self.preflight("https://shop.example", method: "A B", headers: "a\"<b>"))
    #expect(!fields.contains("access-control-allow-methods"))
    #expect(!fields.contains("access-control-allow-headers"))
  }

  @Test func optionsWithoutTheQuestionIsAnOrdinaryRequest() throws {
    let policy = try Self.policy()
    #expect(statusAfter(policy, makeContext(.options)) == nil)
    #expect(statusAfter(policy, makeContext(.options, fields: [("Origin", "https://shop.example")])) == nil)
    #expect(statusAfter(policy, makeContext(.options, fields: [("Access-Control-Request-Method", "PUT")])) == nil)
    let put = [("Origin", "https://evil.example"), ("Access-Control-Request-Method", "PUT")]
    #expect(statusAfter(policy, makeContext(.put, fields: put)) == nil)
  }

  @Test func everyonesPreflightGetsOneStar() throws {
    let fields = fieldsAfter(try Self.policy(["*"]), Self.preflight("https://any.example"))
    #expect(fields.all("access-control-allow-origin") == ["*"])
  }

  // Mistakes

  @Test(arguments: ["*", "null"])
  func everyoneTogetherWithCredentialsIsAMistake(origin: String) {
    let found = mistakes { _ = try Self.policy([origin]) { $0.credentials = true } }
    #expect(found.map(\.option) == ["origins"])
    #expect(found.first?.index == 0)
  }

  @Test(
    arguments: [
      ("shop.example", "https://shop.example"), ("https://shop.example/", "without the path: https://shop.example"),
      ("*.shop.example", "https://*.shop.example"),
      ("https://shop.*", "`*` stands only for whole labels in front: https://*.shop.example"),
      ("https://bücher.example", "the host in its ASCII form (xn--…)"), ("https://", nil), ("https://a:b@c", nil),
      ("https://a..b", nil), ("https://a:0", nil), ("https://a:65536", nil), ("", "https://"),
    ] as [(String, String?)])
  func whatIsNoOriginIsAMistakeWithAHint(entry: String, hint: String?) {
    let found = mistakes { _ = try Self.policy(["https://ok.example", entry]) }
    #expect(found.map(\.index) == [1])
    #expect(found.first?.hint == hint)
  }

  @Test func aWholeTopDomainWithCredentialsIsAMistake() throws {
    #expect(mistakes { _ = try Self.policy(["https://*.example"]) { $0.credentials = true } }.count == 1)
    #expect(mistakes { _ = try Self.policy(["https://*.example"]) }.isEmpty)
  }

  @Test func allMistakesAreFoundAtOnce() {
    let found = mistakes {
      _ = try Self.policy(["nonsense", "*"]) {
        $0.credentials = true
        $0.methods = ["get", "A B"]
        $0.headers = ["x y"]
        $0.expose = ["*"]
        $0.maxAge = -1
      }
    }
    #expect(found.map(\.option) == ["origins", "origins", "methods", "headers", "methods", "expose", "max_age"])
    #expect(found.contains { $0.hint == "GET" })
  }
}
