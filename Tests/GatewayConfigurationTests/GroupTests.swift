import GatewayConfiguration
import Testing

/// Groups in groups.
@Suite struct GroupTests {
  private func load(_ groups: [String], in group: String) -> ConfigurationLoader.Result {
    let text = "version: 1\ngroups:\n\(groups.map { "  \($0)\n" }.joined())routes:\n"
      + "  - { match: GET /x, group: \(group), respond: { status: 204 } }\n"
    return ConfigurationLoader.load(
      Array(text.utf8), path: "gateway.yaml", environment: Environment(variables: [:], files: [:]))
  }

  /// `g0` around `g1` around …
  private func chain(_ count: Int) -> [String] {
    (0..<count).map { "g\($0): { prefix: /\($0)\($0 > 0 ? ", group: g\($0 - 1)" : "") }" }
  }

  private func errors(_ result: ConfigurationLoader.Result) -> [String] {
    result.diagnostics.all.filter { $0.severity == .error }.map(\.message)
  }

  @Test func thirtyTwoGroupsMayBeOneInAnother() {
    let fits = load(chain(32), in: "g31")
    #expect(errors(fits).isEmpty)
    #expect(fits.file?.routes.first?.groups.count == 32)
    let tooDeep = ["more than 32 groups are one in another"]
    #expect(errors(load(chain(33), in: "g32")) == tooDeep)
    // Told once for all that are inside, in whatever order they are written.
    #expect(errors(load(chain(500), in: "g499")) == tooDeep)
    #expect(errors(load(chain(500).reversed(), in: "g499")) == tooDeep)
  }

  @Test func aCircleIsToldOnceFromItsFirstGroup() {
    let groups = ["out: { group: c }", "outer: { group: out }", "b: { group: c }", "c: { group: a }", "a: { group: b }"]
    #expect(errors(load(groups, in: "outer")) == ["groups are part of each other in a circle: b → c → a → b"])
  }

  @Test func twoCirclesAreToldEach() {
    let groups = ["a: { group: b }", "b: { group: a }", "c: { group: c }", "d: { group: nobody }"]
    #expect(
      errors(load(groups, in: "a")).sorted() == [
        "groups are part of each other in a circle: a → b → a", "groups are part of each other in a circle: c → c",
        "there is no group `nobody`",
      ])
  }
}
