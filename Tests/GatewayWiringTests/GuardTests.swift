import Testing

@testable import GatewayWiring

/// Dependencies that run for a route whether or not its handler takes their value, and what is asked of them.
@Suite struct GuardTests {
  private func plan(_ nodes: [WiringNode], _ route: WiringRoute) throws -> WiringPlan {
    let (wiring, problems) = Wiring.resolve(nodes: nodes, routes: [route])
    #expect(problems.filter { $0.severity == .error } == [])
    return try #require(wiring?.plans.first)
  }

  @Test func guardsRunBeforeTheInputsInTheirOrderEachOnce() throws {
    let nodes = ["a:request:A", "b:request:B(x:D=d)", "c:request:C", "d:request:D"].map(node)
    var guarded = route("a:A=a, b:B=b")
    guarded.guards = [WiringGuard("c"), WiringGuard("b"), WiringGuard("c")]
    let plan = try plan(nodes, guarded)
    #expect(plan.steps.map(\.node) == [2, 3, 1, 0])
    #expect(plan.handlerInputs == [.step(3), .step(2)])
    #expect(plan.requestTeardown == [3, 2, 1, 0])
  }

  @Test func aRouteWithoutInputsRunsItsGuards() throws {
    let plan = try plan(["a:request:A"].map(node), WiringRoute(guards: [WiringGuard("a")]))
    #expect(plan.steps.map(\.node) == [0])
    #expect(plan.handlerInputs == [])
  }

  @Test func aGuardOfAppScopeIsStartedAndTakesNoStep() throws {
    let (wiring, problems) = Wiring.resolve(
      nodes: ["a:app:A"].map(node), routes: [WiringRoute(guards: [WiringGuard("a")])])
    #expect(problems == [])
    #expect(wiring?.appSteps.map(\.node) == [0])
    #expect(wiring?.plans == [.empty])
  }

  @Test func aGuardThatIsNotDeclaredIsAProblemWithTheNearestName() {
    let (wiring, problems) = Wiring.resolve(
      nodes: ["session:request:S"].map(node), routes: [WiringRoute(guards: [WiringGuard("sesion")])])
    #expect(wiring == nil)
    #expect(
      problems == [
        WiringProblem(subject: .route(0), kind: .unknownGuard("sesion", nearest: ["session"])),
        WiringProblem(subject: .dependency(0), kind: .unused(name: "session")),
      ])
    #expect(problems[0].message == "the dependency 'sesion' is not declared; did you mean 'session'?")
  }

  // MARK: scopes

  /// session ← token ← user: `token` looks at scopes, so `user` is made for each set of them too.
  private var secured: [WiringNode] {
    var nodes = [
      "user:request:User(t:Token=token, s:Session=session)", "token:request:Token", "session:request:Session",
    ].map(node)
    nodes[1].readsScopes = true
    return nodes
  }

  @Test func scopesAddUpAlongTheReferencesOutermostFirst() throws {
    var nodes = secured
    nodes[0].links[0].scopes = ["b", "me"]
    let plan = try plan(nodes, WiringRoute(guards: [WiringGuard("user", scopes: ["a", "b"])]))
    #expect(plan.steps.map(\.node) == [1, 2, 0])
    #expect(plan.steps.map(\.scopes) == [["a", "b", "me"], [], ["a", "b"]])
  }

  @Test func whatLooksAtScopesIsMadeOnceForEachSetOfThem() throws {
    var guarded = route("u:User=user, t:Token=token")
    guarded.guards = [
      WiringGuard("user", scopes: ["a", "b"]), WiringGuard("user", scopes: ["b", "a"]),
      WiringGuard("token", scopes: ["a"]),
    ]
    guarded.links[0].scopes = ["a", "b"]
    let plan = try plan(secured, guarded)
    // token[a b], session, user[a b]; token[a]; token[]: the session looks at nothing, so there is one.
    #expect(plan.steps.map(\.node) == [1, 2, 0, 1, 1])
    #expect(plan.steps.map(\.scopes) == [["a", "b"], [], ["a", "b"], ["a"], []])
    #expect(plan.handlerInputs == [.step(2), .step(4)])
    #expect(plan.steps[2].inputs == [.step(0), .step(1)])
  }

  @Test func scopesThatNothingLooksAtAreAMistake() {
    var nodes = secured
    nodes[0].links[1].scopes = ["x"]
    var guarded = route("u:User=user, s:Session=session")
    guarded.guards = [WiringGuard("session", scopes: ["a", "b"])]
    guarded.links[1].scopes = ["c"]
    let problems = Wiring.resolve(nodes: nodes, routes: [guarded]).problems
    #expect(
      problems == [
        WiringProblem(subject: .dependency(0), kind: .unseenScopes(input: "s", dependency: "session", scopes: ["x"])),
        WiringProblem(subject: .route(0), kind: .unseenScopes(input: nil, dependency: "session", scopes: ["a", "b"])),
        WiringProblem(subject: .route(0), kind: .unseenScopes(input: "s", dependency: "session", scopes: ["c"])),
      ])
    #expect(
      problems[1].message
        == "'session' is asked for a, b, and neither it nor anything that it needs looks at scopes")
  }

  @Test func whatIsAskedOfTheOriginalIsNotHeldAgainstItsStandIn() {
    var nodes = secured
    nodes[0].links[1].scopes = ["x"]
    for index in nodes.indices {
      nodes[index].readsScopes = false
      nodes[index].isStandIn = nodes[index].name != "token"
    }
    var guarded = route("u:User=user, s:Session=session")
    guarded.guards = [WiringGuard("session", scopes: ["a"]), WiringGuard("user", scopes: ["a"])]
    guarded.links[1].isCached = false
    #expect(Wiring.resolve(nodes: nodes, routes: [guarded]).problems == [])
  }

  @Test func aStandInOfAppScopeIsMadeOnceWhoeverAsksForItsOwn() throws {
    var nodes = ["a:app:A"].map(node)
    nodes[0].isCached = false
    nodes[0].isStandIn = true
    var taking = route("a:A=a")
    taking.links[0].isCached = false
    let (wiring, problems) = Wiring.resolve(nodes: nodes, routes: [taking])
    #expect(problems == [])
    #expect(wiring?.plans[0].handlerInputs == [.app(0)])
  }

  @Test func aDependencyOfAppScopeLooksAtNothing() {
    var nodes = ["a:app:A"].map(node)
    nodes[0].readsScopes = true
    let problems = Wiring.resolve(
      nodes: nodes, routes: [WiringRoute(guards: [WiringGuard("a", scopes: ["x"])])]).problems
    #expect(
      problems == [
        WiringProblem(subject: .route(0), kind: .unseenScopes(input: nil, dependency: "a", scopes: ["x"]))
      ])
  }
}
