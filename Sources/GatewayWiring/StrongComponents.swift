/// Groups of nodes that all reach each other (Tarjan), without recursion: the length of a chain is up to whoever wrote
/// the configuration.
enum StrongComponents {
  /// Components that contain a cycle, each in ascending order, ordered by their first node.
  static func find(_ targets: [[Int]]) -> [[Int]] {
    var order = Array(repeating: -1, count: targets.count)
    var low = order
    var isOpen = Array(repeating: false, count: targets.count)
    var open: [Int] = []
    var components: [[Int]] = []
    var counter = 0
    for root in targets.indices where order[root] < 0 {
      var path: [(node: Int, next: Int)] = []
      func enter(_ node: Int) {
        (order[node], low[node]) = (counter, counter)
        counter += 1
        isOpen[node] = true
        open.append(node)
        path.append((node, 0))
      }
      enter(root)
      while let (node, next) = path.last {
        if next < targets[node].count {
          path[path.count - 1].next += 1
          let target = targets[node][next]
          if order[target] < 0 {
            enter(target)
          } else if isOpen[target] {
            low[node] = min(low[node], order[target])
          }
          continue
        }
        path.removeLast()
        if let parent = path.last?.node { low[parent] = min(low[parent], low[node]) }
        guard low[node] == order[node] else { continue }
        var component: [Int] = []
        while let last = open.popLast() {
          isOpen[last] = false
          component.append(last)
          if last == node { break }
        }
        if component.count > 1 || targets[node].contains(node) { components.append(component.sorted()) }
      }
    }
    return components.sorted { $0[0] < $1[0] }
  }
}
