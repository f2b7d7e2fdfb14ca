import GatewayHTTP
import GatewayPolicies
import NIOCore
import Testing

@Suite struct SecurityHeadersPolicyTests {
  private func policy(_ change: (inout SecurityHeadersPolicy.Options) -> Void = { _ in }) throws
    -> SecurityHeadersPolicy
  {
    var options = SecurityHeadersPolicy.Options()
    change(&options)
    return try SecurityHeadersPolicy(options)
  }

  @Test func theSwitchGivesThePreset() throws {
    let fields = fieldsAfter(try policy(), makeContext(isTLS: true))
    #expect(
      fields.pairs.map { "\($0.name): \($0.value)" } == [
        "x-content-type-options: nosniff", "x-frame-options: DENY",
        "referrer-policy: strict-origin-when-cross-origin", "cross-origin-opener-policy: same-origin",
        "x-permitted-cross-domain-policies: none", "strict-transport-security: max-age=31536000",
      ])
  }

  @Test func hstsGoesOutOverTLSOnly() throws {
    let policy = try policy { $0.hsts = .init(maxAge: 60, includeSubdomains: true) }
    #expect(!fieldsAfter(policy, makeContext()).contains("strict-transport-security"))
    let fields = fieldsAfter(policy, makeContext(isTLS: true))
    #expect(fields.first("strict-transport-security") == "max-age=60; includeSubDomains")
  }

  @Test func hstsCanBeLeftOut() throws {
    let fields = fieldsAfter(try policy { $0.hsts = nil }, makeContext(isTLS: true))
    #expect(!fields.contains("strict-transport-security"))
    #expect(fields.contains("x-frame-options"))
  }

  @Test func fieldsAreChangedAddedAndLeftOut() throws {
    let policy = try policy {
      $0.fields = [
        ("X-Frame-Options", "SAMEORIGIN"), ("referrer-policy", nil),
        ("Content-Security-Policy", "default-src 'self'"),
      ]
    }
    let fields = fieldsAfter(policy, makeContext())
    #expect(fields.all("x-frame-options") == ["SAMEORIGIN"])
    #expect(!fields.contains("referrer-policy"))
    #expect(fields.first("content-security-policy") == "default-src 'self'")
  }

  @Test func withoutThePresetOnlyNamedFieldsAreSent() throws {
    let policy = try policy {
      $0.preset = false
      $0.hsts = nil
      $0.fields = [("x-frame-options", "DENY")]
    }
    #expect(fieldsAfter(policy, makeContext(isTLS: true)).pairs.count == 1)
  }

  @Test func aFieldOfTheHandlerIsKeptAndNotDoubled() throws {
    let fields = fieldsAfter(
      try policy(), makeContext(isTLS: true),
      [("X-Frame-Options", "SAMEORIGIN"), ("strict-transport-security", "max-age=1")])
    #expect(fields.all("x-frame-options") == ["SAMEORIGIN"])
    #expect(fields.all("strict-transport-security") == ["max-age=1"])
    #expect(fields.all("x-content-type-options") == ["nosniff"])
  }

  @Test func withOverridesThePolicyWins() throws {
    let fields = fieldsAfter(
      try policy { $0.overrides = true }, makeContext(), [("X-Frame-Options", "SAMEORIGIN"), ("etag", "\"1\"")])
    #expect(fields.all("x-frame-options") == ["DENY"])
    #expect(fields.first("etag") == "\"1\"")
  }

  @Test func errorsCarryThemToo() throws {
    #expect(fieldsAfter(try policy(), makeContext(), status: 502).contains("x-content-type-options"))
  }

  @Test(
    arguments: [
      ("content-length", "5"), ("Set-Cookie", "a=b"), ("strict-transport-security", "max-age=1"), ("x y", "1"),
      ("x-a", "b\r\nset-cookie: c"), ("unheard-of", nil),
    ] as [(String, String?)])
  func whatCannotBeSetIsAMistake(name: String, value: String?) {
    #expect(mistakes { _ = try policy { $0.fields = [(name, value)] } }.map(\.option) == ["fields.\(name)"])
  }

  @Test func aDoubledFieldIsAMistake() {
    #expect(mistakes { _ = try policy { $0.fields = [("x-a", "1"), ("X-A", "2")] } }.count == 1)
  }

  @Test func preloadNeedsItsConditions() {
    #expect(mistakes { _ = try policy { $0.hsts = .init(preload: true) } }.map(\.option) == ["hsts.preload"])
    #expect(mistakes { _ = try policy { $0.hsts = .init(includeSubdomains: true, preload: true) } }.isEmpty)
    #expect(mistakes { _ = try policy { $0.hsts = .init(maxAge: -1) } }.map(\.option) == ["hsts.max_age"])
  }
}
