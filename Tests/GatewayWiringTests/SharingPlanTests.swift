import Testing

@testable import GatewayWiring

/// References that share nothing, and steps that run before the body is read.
struct SharingPlanTests {
  private func node(
    _ name: String, needs: [String] = [], early: Bool = false, cached: Bool = true, linksCached: Bool = true,
    scope: WiringScope = .request
  ) -> WiringNode {
    WiringNode(
      name: name, scope: scope, provides: name, inputs: needs.map { WiringInput(name: "in-\($0)", type: $0) },
      links: needs.map { WiringLink(input: "in-\($0)", dependency: $0, isCached: linksCached) }, readsScopes: early,
      runsEarly: early, isCached: cached)
  }

  private func route(_ needs: [(String, Bool)], guards: [WiringGuard] = []) -> WiringRoute {
    WiringRoute(
      inputs: needs.enumerated().map { WiringInput(name: "\($0)", type: $1.0) },
      links: needs.enumerated().map { WiringLink(input: "\($0)", dependency: $1.0, isCached: $1.1) }, guards: guards)
  }

  private func plan(_ nodes: [WiringNode], _ route: WiringRoute) throws -> WiringPlan {
    let (wiring, problems) = Wiring.resolve(nodes: nodes, routes: [route])
    #expect(problems.filter { $0.severity == .error } == [])
    return try #require(wiring).plans[0]
  }

  @Test func aReferenceThatSharesNothingHasAStepOfItsOwn() throws {
    let plan = try plan([node("a"), node("b", needs: ["a"])], route([("a", true), ("a", false), ("b", true), ("a", false)]))
    #expect(plan.steps.map(\.node) == [0, 0, 1, 0])
    #expect(plan.handlerInputs == [.step(0), .step(1), .step(2), .step(3)])
    #expect(plan.steps[2].inputs == [.step(0)])
    #expect(plan.requestTeardown == [3, 2, 1, 0])
  }

  @Test func aDependencyThatIsNeverSharedHasAStepForEachReference() throws {
    let nodes = [node("a", cached: false), node("b", needs: ["a"])]
    let plan = try plan(nodes, route([("a", true), ("b", true), ("b", true)]))
    #expect(plan.steps.map(\.node) == [0, 0, 1])
    #expect(plan.handlerInputs == [.step(0), .step(2), .step(2)])
  }

  @Test func stepsThatRunEarlyComeFirstWithAllThatTheyNeed() throws {
    let nodes = [
      node("session"), node("users"), node("user", needs: ["users"], early: true), node("cart", needs: ["session", "user"]),
    ]
    let plan = try plan(nodes, route([("session", true), ("cart", true)]))
    #expect(plan.steps.map(\.node) == [1, 2, 0, 3])
    #expect(plan.earlyCount == 2)
    #expect(plan.steps.map(\.inputs) == [[], [.step(0)], [], [.step(2), .step(1)]])
    #expect(plan.handlerInputs == [.step(2), .step(3)])
  }

  @Test func withoutEarlyStepsNothingMoves() throws {
    let plan = try plan([node("a"), node("b", needs: ["a"])], route([("b", true)]))
    #expect(plan.earlyCount == 0)
    #expect(plan.steps.map(\.node) == [0, 1])
  }

  @Test func whatIsMadeOnceForTheProcessCannotBeMadeForOneReference() {
    let (wiring, problems) = Wiring.resolve(nodes: [node("a", scope: .app)], routes: [route([("a", false)])])
    #expect(wiring == nil)
    #expect(problems.map(\.kind) == [.uncachedApp(input: "0", dependency: "a")])
    #expect(problems.first?.message.contains("made once") == true)
  }

  /// Each level doubles the one below it: 2^40 steps are never planned.
  @Test func referencesThatMultiplyAreRefused() {
    var nodes = [node("0")]
    for level in 1...40 {
      nodes.append(
        WiringNode(
          name: "\(level)", scope: .request, provides: "\(level)",
          inputs: [WiringInput(name: "x", type: "\(level - 1)"), WiringInput(name: "y", type: "\(level - 1)")],
          links: ["x", "y"].map { WiringLink(input: $0, dependency: "\(level - 1)", isCached: false) }))
    }
    let (wiring, problems) = Wiring.resolve(nodes: nodes, routes: [route([("40", true)])])
    #expect(wiring == nil)
    #expect(problems.map(\.kind) == [.tooManySteps(limit: 1024)])
  }
}
