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
          steps[index].extras = StepExtras(
            scopes: steps[index].scopes, parallelEnd: index == first ? end : 0, parallelNeeds: needs)
        }
      }
      first = max(end, first + 1)
    }
    return steps
  }
}
