import Testing

@testable import GatewayWiring

/// SplitMix64: the same numbers on every run.
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return z ^ z >> 31
  }
}

/// Random graphs against checks that look at the graph in the plainest way.
@Suite struct WiringPropertyTests {
  /// Each node provides a type of its own name. `forward` allows needs in one direction only, so there are no cycles.
  private func graph(
    _ random: inout SeededGenerator, forward: Bool
  ) -> (nodes: [WiringNode], needs: [[Int]], routes: [WiringRoute], routeNeeds: [[Int]]) {
    let count = Int.random(in: 1...12, using: &random)
    let scopes = (0..<count).map { _ in WiringScope.allCases.randomElement(using: &random) ?? .app }
    let pick = { (allowed: [Int], random: inout SeededGenerator) in
      allowed.shuffled(using: &random).prefix(Int.random(in: 0...3, using: &random)).map { $0 }
    }
    let needs = (0..<count).map { i in
      pick((forward ? Array(i + 1..<count) : Array(0..<count)).filter { !forward || scopes[$0] <= scopes[i] }, &random)
    }
    let routeNeeds = (0..<Int.random(in: 0...4, using: &random)).map { _ in pick(Array(0..<count), &random) }
    let inputs = { (needs: [Int]) in needs.map { WiringInput(name: "in\($0)", type: "T\($0)") } }
    let links = { (needs: [Int]) in needs.reversed().map { WiringLink(input: "in\($0)", dependency: "n\($0)") } }
    let nodes = (0..<count).map { i in
      WiringNode(
        name: "n\(i)", scope: scopes[i], provides: "T\(i)", inputs: inputs(needs[i]), links: links(needs[i]))
    }
    return (nodes, needs, routeNeeds.map { WiringRoute(inputs: inputs($0), links: links($0)) }, routeNeeds)
  }

  private func reachable(_ starts: [Int], _ needs: [[Int]]) -> Set<Int> {
    var found = Set(starts)
    while true {
      let more = found.union(found.flatMap { needs[$0] })
      if more == found { return found }
      found = more
    }
  }

  @Test func plansHoldWhatRoutesReachAndNothingElseInAWorkingOrder() throws {
    var random = SeededGenerator(state: 7)
    for _ in 0..<800 {
      let (nodes, needs, routes, routeNeeds) = graph(&random, forward: true)
      let (found, problems) = Wiring.resolve(nodes: nodes, routes: routes)
      let wiring = try #require(found)
      let used = reachable(routeNeeds.flatMap { $0 }, needs)
      #expect(problems.map(\.kind) == nodes.indices.filter { !used.contains($0) }.map { .unused(name: "n\($0)") })

      #expect(Set(wiring.appSteps.map(\.node)) == used.filter { nodes[$0].scope == .app })
      #expect(Set(wiring.appSteps.map(\.node)).count == wiring.appSteps.count)
      for (position, step) in wiring.appSteps.enumerated() {
        #expect(step.inputs.count == needs[step.node].count)
        for (source, need) in zip(step.inputs, needs[step.node]) {
          guard case .app(let at) = source else {
            Issue.record("an app dependency needs a step")
            continue
          }
          #expect(at < position && wiring.appSteps[at].node == need)
        }
      }
      for (plan, wanted) in zip(wiring.plans, routeNeeds) {
        let expected = reachable(wanted, needs).filter { nodes[$0].scope != .app }
        #expect(Set(plan.steps.map(\.node)) == expected)
        #expect(plan.steps.count == expected.count)
        let provider = { (source: WiringSource, before: Int) -> Int? in
          switch source {
          case .app(let at): wiring.appSteps[at].node
          case .step(let at): at < before ? plan.steps[at].node : nil
          }
        }
        for (position, step) in plan.steps.enumerated() {
          #expect(step.inputs.map { provider($0, position) } == needs[step.node])
        }
        #expect(plan.handlerInputs.map { provider($0, .max) } == wanted)
        #expect(Set(plan.handlerTeardown + plan.requestTeardown) == Set(plan.steps.indices))
        #expect(plan.handlerTeardown.allSatisfy { plan.steps[$0].scope == .handler })
        #expect(plan.requestTeardown == plan.requestTeardown.sorted(by: >))
        #expect(plan.handlerTeardown == plan.handlerTeardown.sorted(by: >))
      }
    }
  }

  @Test func guardsComeWithWhatTheyNeedBeforeEverythingElse() throws {
    var random = SeededGenerator(state: 10)
    for _ in 0..<800 {
      let (nodes, needs, plain, routeNeeds) = graph(&random, forward: true)
      let guards = plain.map { _ in
        (0..<Int.random(in: 0...3, using: &random)).map { _ in Int.random(in: nodes.indices, using: &random) }
      }
      let routes = zip(plain, guards).map { route, guards in
        WiringRoute(inputs: route.inputs, links: route.links, guards: guards.map { WiringGuard("n\($0)") })
      }
      let (found, problems) = Wiring.resolve(nodes: nodes, routes: routes)
      let wiring = try #require(found)
      let used = reachable((routeNeeds + guards).flatMap { $0 }, needs)
      #expect(problems.map(\.kind) == nodes.indices.filter { !used.contains($0) }.map { .unused(name: "n\($0)") })
      for (position, plan) in wiring.plans.enumerated() {
        let guarding = reachable(guards[position], needs).filter { nodes[$0].scope != .app }
        let wanted = reachable(guards[position] + routeNeeds[position], needs).filter { nodes[$0].scope != .app }
        #expect(Set(plan.steps.map(\.node)) == wanted)
        #expect(plan.steps.count == wanted.count)
        #expect(Set(plan.steps.prefix(guarding.count).map(\.node)) == guarding)
        #expect(plan.handlerInputs.count == routeNeeds[position].count)
        for (index, step) in plan.steps.enumerated() {
          for case .step(let source) in step.inputs { #expect(source < index) }
        }
      }
    }
  }

  @Test func cyclesAndScopesAreFoundInAnyGraph() {
    var random = SeededGenerator(state: 8)
    var cycles = 0
    for _ in 0..<800 {
      let (nodes, needs, routes, _) = graph(&random, forward: false)
      let (wiring, problems) = Wiring.resolve(nodes: nodes, routes: routes)
      let cyclic = nodes.indices.filter { reachable(needs[$0], needs).contains($0) }
      // Nodes that reach each other share one finding.
      let components = Set(
        cyclic.map { i in cyclic.filter { reachable([i], needs).contains($0) && reachable([$0], needs).contains(i) } })
      var reported = 0
      var outliving = 0
      for problem in problems {
        switch problem.kind {
        case .cycle(let chain):
          reported += 1
          let indexes = chain.compactMap { Int($0.dropFirst()) }
          #expect(problem.subject == .dependency(indexes[0]))
          for (a, b) in zip(indexes, indexes.dropFirst() + indexes.prefix(1)) { #expect(needs[a].contains(b)) }
        case .outlives: outliving += 1
        case .unused: break
        default: Issue.record("\(problem)")
        }
      }
      #expect(reported == components.count)
      let expected = nodes.indices.map { i in needs[i].count { nodes[$0].scope > nodes[i].scope } }.reduce(0, +)
      #expect(outliving == expected)
      #expect((wiring == nil) == (reported + outliving > 0))
      cycles += reported
    }
    #expect(cycles > 50)
  }

  @Test func oneEditIsAlwaysRecognised() {
    var random = SeededGenerator(state: 9)
    let names = ["session", "store", "currentUser", "database", "mailer"]
    for name in names {
      for _ in 0..<50 {
        var text = Array(name)
        let at = Int.random(in: 0..<text.count - 1, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: text.remove(at: at)
        case 1: text.insert("x", at: at)
        case 2: text[at] = "x"
        default: text.swapAt(at, at + 1)
        }
        if String(text) != name { #expect(NearestNames.find(String(text), in: names).first == name) }
      }
    }
    #expect(NearestNames.find("store", in: ["x", "abcdef"]) == [])
  }
}
