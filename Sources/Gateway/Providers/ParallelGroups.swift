import GatewayWiring

/// Finds the steps of a plan that may be made side by side.
enum ParallelGroups {
  /// Neighbours in the plan whose dependencies are `parallel` form a group; a group of one is no group. One step that is not
  /// parallel ends a group: it is made when everything before it is, and before everything behind it. What runs before
  /// the body is read and what runs later never mix.
  static func marked(_ steps: [DependencyStep], early: Int) -> [DependencyStep] {
    var steps = steps
    var first = 0
    while first < steps.count {
      let limit = first < early ? early : steps.count
      var end = first
      while end < limit, steps[end].provider.isParallel { end += 1 }
      if end - first > 1 {
        for index in first..<end {
          let needs = steps[index].inputs.compactMap { source in
            if case .step(let need) = source, need >= first { need } else { nil as Int? }
          }
          steps[index] = DependencyStep(
            provider: steps[index].provider, inputs: steps[index].inputs,
            extras: StepExtras(
              scopes: steps[index].scopes, parallelEnd: index == first ? end : 0, parallelNeeds: needs))
        }
      }
      first = max(end, first + 1)
    }
    return steps
  }

  /// Steps that run side by side and of which neither needs the other, the one that is earlier in the plan first.
  static func pairs(_ plan: WiringPlan, _ isParallel: [Bool]) -> [(Int, Int)] {
    var pairs: [(Int, Int)] = []
    var first = 0
    /// Per step of the group in hand: what of the group it needs, also through others.
    var needed: [Int: Set<Int>] = [:]
    for index in plan.steps.indices {
      if !isParallel[index] || index == plan.earlyCount { (first, needed) = (index, [:]) }
      guard isParallel[index] else { continue }
      var needs: Set<Int> = []
      for case .step(let need) in plan.steps[index].inputs { needs.formUnion((needed[need] ?? []).union([need])) }
      needed[index] = needs
      for earlier in first..<index where isParallel[earlier] && !needs.contains(earlier) { pairs.append((earlier, index)) }
    }
    return pairs
  }
}
