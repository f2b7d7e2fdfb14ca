import Testing

@testable import GatewayWiring

/// `name:scope:Type(input:Type=dependency, …)`; no `=` leaves an input unwired, no `:` makes a link without an input.
func node(_ text: String) -> WiringNode {
  let halves = text.split(separator: "(", maxSplits: 1).map(String.init)
  let head = halves[0].split(separator: ":").map(String.init)
  let (inputs, links) = needs(halves.count > 1 ? String(halves[1].dropLast()) : "")
  let scope = WiringScope.allCases.first { $0.name == head[1] } ?? .request
  return WiringNode(name: head[0], scope: scope, provides: head[2], inputs: inputs, links: links)
}

func route(_ text: String) -> WiringRoute {
  let (inputs, links) = needs(text)
  return WiringRoute(inputs: inputs, links: links)
}

private func needs(_ text: String) -> ([WiringInput], [WiringLink]) {
  var inputs: [WiringInput] = []
  var links: [WiringLink] = []
  for need in text.split(separator: ",") {
    let need = need.filter { $0 != " " }
    let sides = need.split(separator: "=").map(String.init)
    let input = sides[0].split(separator: ":").map(String.init)
    if input.count > 1 { inputs.append(WiringInput(name: input[0], type: input[1])) }
    if sides.count > 1 { links.append(WiringLink(input: input[0], dependency: sides[1])) }
  }
  return (inputs, links)
}

private func problems(_ nodes: [String], _ routes: [String]) -> [WiringProblem] {
  Wiring.resolve(nodes: nodes.map(node), routes: routes.map(route)).problems
}

@Suite struct WiringTests {
  let bookshop = [
    "user:request:User(session:Session=session, log:Log=log)", "session:request:Session(store:Store=store)",
    "store:app:Store(log:Log=log)", "log:app:Log", "form:handler:Form(session:Session=session)",
  ]

  @Test func stepsComeBehindWhatTheyNeedAndOnlyWhatIsUsedIsMade() throws {
    let (wiring, problems) = Wiring.resolve(
      nodes: bookshop.map(node),
      routes: ["u:User=user, s:Session=session", "s:Store=store", "", "f:Form=form"].map(route))
    #expect(problems == [])
    let found = try #require(wiring)
    // log, then store, which needs it.
    #expect(found.appSteps.map(\.node) == [3, 2])
    #expect(found.appSteps.map(\.inputs) == [[], [.app(0)]])
    #expect(
      found.plans[0].steps == [
        WiringStep(node: 1, scope: .request, inputs: [.app(1)]),
        WiringStep(node: 0, scope: .request, inputs: [.step(0), .app(0)]),
      ])
    #expect(found.plans[0].handlerInputs == [.step(1), .step(0)])
    #expect(found.plans[0].requestTeardown == [1, 0])
    #expect(found.plans[1] == WiringPlan(steps: [], handlerInputs: [.app(1)]))
    #expect(found.plans[2] == .empty)
    #expect(found.plans[3].steps.map(\.node) == [1, 4])
    #expect(found.plans[3].handlerTeardown == [1])
    #expect(found.plans[3].requestTeardown == [0])
  }

  @Test func aDependencyNeededTwiceIsMadeOnce() throws {
    let nodes = ["a:request:A(x:D=d)", "b:request:B(x:D=d, y:A=a)", "d:request:D"].map(node)
    let plan = try #require(
      Wiring.resolve(nodes: nodes, routes: [route("b:B=b, a:A=a, again:A=a")]).wiring?.plans.first)
    #expect(plan.steps.map(\.node) == [2, 0, 1])
    #expect(plan.handlerInputs == [.step(2), .step(1), .step(1)])
  }

  @Test func declarationOrderDecidesWhereNothingElseDoes() throws {
    let nodes = ["a:request:A", "b:request:B", "c:request:C"].map(node)
    let plan = try #require(Wiring.resolve(nodes: nodes, routes: [route("c:C=c, a:A=a, b:B=b")]).wiring?.plans.first)
    #expect(plan.steps.map(\.node) == [2, 0, 1])
    #expect(plan.requestTeardown == [2, 1, 0])
  }

  @Test func aChainOfAnyLengthIsOrdered() throws {
    let count = 5_000
    var nodes = (0..<count).map { i in
      WiringNode(
        name: "n\(i)", scope: .request, provides: "T", inputs: [WiringInput(name: "x", type: "T")],
        links: [WiringLink(input: "x", dependency: "n\(i + 1)")])
    }
    nodes.append(WiringNode(name: "n\(count)", scope: .app, provides: "T"))
    let plan = try #require(Wiring.resolve(nodes: nodes, routes: [route("x:T=n0")]).wiring?.plans.first)
    #expect(plan.steps.map(\.node) == Array((0..<count).reversed()))
    nodes[count] = WiringNode(
      name: "n\(count)", scope: .request, provides: "T", inputs: [WiringInput(name: "x", type: "T")],
      links: [WiringLink(input: "x", dependency: "n0")])
    let found = Wiring.resolve(nodes: nodes, routes: [route("x:T=n0")]).problems
    guard found.count == 1, case .cycle(let chain) = found[0].kind else {
      Issue.record("no cycle")
      return
    }
    #expect(chain.count == count + 1)
  }

  @Test func problemsAreData() {
    typealias Case = (nodes: [String], routes: [String], problems: [(WiringProblem.Subject, WiringProblem.Kind)])
    let cases: [Case] = [
      (
        ["store:app:Store"], ["s:Store"],
        [
          (.route(0), .missing(input: "s", type: "Store", candidates: ["store"])),
          (.dependency(0), .unused(name: "store")),
        ]
      ),
      (
        ["session:request:Session"], ["sesion:Other"],
        [
          (.route(0), .missing(input: "sesion", type: "Other", candidates: ["session"])),
          (.dependency(0), .unused(name: "session")),
        ]
      ),
      (
        ["store:app:Store"], ["s:Store=stroe"],
        [
          (.route(0), .unknownDependency(input: "s", dependency: "stroe", nearest: ["store"])),
          (.dependency(0), .unused(name: "store")),
        ]
      ),
      (
        ["store:app:Store"], ["s:Store=store, sx=store"],
        [
          (.route(0), .unknownInput("sx", nearest: ["s"], declared: ["s"]))
        ]
      ),
      (
        ["store:app:Store(zz=store)"], ["s:Store=store"],
        [
          (.dependency(0), .unknownInput("zz", nearest: [], declared: []))
        ]
      ),
      (
        ["store:app:Store"], ["s:Session=store"],
        [
          (.route(0), .typeMismatch(input: "s", expected: "Session", dependency: "store", found: "Store"))
        ]
      ),
      (
        ["store:app:Store(s:Session=session)", "session:request:Session"], ["s:Store=store"],
        [
          (.dependency(0), .outlives(input: "s", scope: .app, dependency: "session", dependencyScope: .request))
        ]
      ),
      (
        ["session:request:Session(f:Form=form)", "form:handler:Form"], ["s:Session=session"],
        [
          (.dependency(0), .outlives(input: "f", scope: .request, dependency: "form", dependencyScope: .handler))
        ]
      ),
      (
        ["a:request:A(b:B=b)", "b:request:B(c:C=c)", "c:request:C(b:B=b, a:A=a)"], ["a:A=a"],
        [
          (.dependency(0), .cycle(["a", "b", "c"]))
        ]
      ),
      (["a:request:A(x:A=a)"], ["a:A=a"], [(.dependency(0), .cycle(["a"]))]),
      (
        ["x:app:X", "a:request:A(b:B=b)", "b:request:B(a:A=a)", "c:request:C(d:D=d)", "d:request:D(c:C=c, x:X=x)"],
        ["a:A=a, c:C=c"],
        [
          (.dependency(1), .cycle(["a", "b"])), (.dependency(3), .cycle(["c", "d"])),
        ]
      ),
      (
        ["a:app:A", "b:app:B", "a:request:A2"], ["a:A=a, b:B=b"],
        [
          (.dependency(2), .duplicateDependency(name: "a", first: 0))
        ]
      ),
      (
        ["a:app:A", "b:app:B"], ["a:A=a, a=b"],
        [
          (.route(0), .duplicateLink(input: "a")), (.dependency(0), .unused(name: "a")),
          (.route(0), .typeMismatch(input: "a", expected: "A", dependency: "b", found: "B")),
        ]
      ),
      (["a:app:A"], ["a:A=a, a:A"], [(.route(0), .duplicateInput("a"))]),
      (
        ["a:app:A", "b:app:B(a:A=a)"], [],
        [
          (.dependency(0), .unused(name: "a")), (.dependency(1), .unused(name: "b")),
        ]
      ),
      // All of them in one run.
      (
        ["a:app:A(r:R=r, q:Q)", "r:request:R(a:A=a)"], ["a:B=a, z=r", "r:R=x"],
        [
          (.dependency(0), .missing(input: "q", type: "Q", candidates: ["a", "r"])),
          (.dependency(0), .outlives(input: "r", scope: .app, dependency: "r", dependencyScope: .request)),
          (.dependency(0), .cycle(["a", "r"])),
          (.route(0), .unknownInput("z", nearest: ["a"], declared: ["a"])),
          (.route(0), .typeMismatch(input: "a", expected: "B", dependency: "a", found: "A")),
          (.route(1), .unknownDependency(input: "r", dependency: "x", nearest: ["a", "r"])),
        ]
      ),
    ]
    for (nodes, routes, expected) in cases {
      let found = problems(nodes, routes)
      let kinds = expected.map { WiringProblem(subject: $0.0, kind: $0.1) }
      #expect(Set(found) == Set(kinds), "\(nodes) \(routes)")
      #expect(found.count == kinds.count, "\(nodes) \(routes)")
    }
  }

  @Test func problemsComeInAStableOrder() {
    let nodes = ["a:app:A(r:R=r, q:Q)", "r:request:R(a:A=a)", "u:app:U"]
    let routes = ["a:B=a, z=r", "r:R=x"]
    let subjects = problems(nodes, routes).map(\.subject)
    #expect(
      subjects == [
        .dependency(0), .dependency(0), .dependency(0), .route(0), .route(0), .route(1), .dependency(2),
      ])
  }

  @Test func anErrorLeavesNoWiringAWarningDoes() {
    let nodes = [node("a:app:A"), node("b:app:B")]
    let warned = Wiring.resolve(nodes: nodes, routes: [route("a:A=a")])
    #expect(warned.problems.map(\.severity) == [.warning])
    #expect(warned.wiring?.appSteps.map(\.node) == [0])
    #expect(Wiring.resolve(nodes: nodes, routes: [route("a:B=a")]).wiring == nil)
  }

  @Test func messagesNameBothSides() {
    let found = problems(
      ["store:app:Store", "a:request:A(b:A=b)", "b:request:A(a:A=a)"], ["s:Session=store, t:A=aa, u:Store"])
    #expect(
      found.map(\.message) == [
        "dependencies need each other in a circle: a → b → a",
        "input 's' needs Session, but dependency 'store' provides Store",
        "input 't' is wired to 'aa', which is not declared; did you mean 'a'?",
        "input 'u' of type Store is not wired; did you mean 'store'?",
        "no route uses dependency 'a', so it is never made",
        "no route uses dependency 'b', so it is never made",
      ])
    #expect(found.map(\.input) == [nil, "s", "t", "u", nil, nil])
  }
}
