/// What `gateway dev` does next, as a value: told of what happened, it says what to do. One build at a time, and the last good
/// state serves all the while.
struct DevelopState {
  enum Event: Equatable {
    case changed(Set<WatchPlan.Meaning>)
    case built(String, isGood: Bool)
    case ready
    /// The gateway has ended. `isMistake`: by what the configuration says.
    case ended(isMistake: Bool)
    /// The time to wait after a crash is over.
    case waited
  }

  enum Action: Equatable {
    /// The configuration may name other files and plugins now.
    case plan
    case build(String)
    /// All, where no plugin is named.
    case reload(Set<String>)
    case start
  }

  private enum Child: Equatable { case none, starting, serving }

  private var child = Child.none
  private(set) var building: String?
  private var queue: [String] = []
  /// Changed while it was being built: once more.
  private var isStale = false
  /// What came while the gateway was starting, and is to be read when it serves.
  private var missed: Set<String>?
  private var broken: Set<String> = []

  /// Plugins whose sources do not build.
  var brokenBuilds: [String] { broken.sorted() }

  /// Builds what there is to be built, and starts.
  ///
  /// - Parameter isComplete: every library is there; else the first build that ends well starts the gateway.
  mutating func begin(_ plugins: [String], isComplete: Bool) -> [Action] {
    queue = plugins
    let builds = next()
    return builds + (isComplete || builds.isEmpty ? start() : [])
  }

  mutating func handle(_ event: Event) -> [Action] {
    switch event {
    case .changed(let meanings): return changed(meanings)
    case .built(let plugin, let isGood): return built(plugin, isGood)
    case .ready:
      child = .serving
      defer { missed = nil }
      return missed.map { [.reload($0)] } ?? []
    case .ended(let isMistake):
      child = .none
      // What is wrong is on the screen; the next change starts it. A crash is waited out.
      return isMistake && missed != nil ? start() : []
    case .waited: return child == .none ? start() : []
    }
  }

  private mutating func changed(_ meanings: Set<WatchPlan.Meaning>) -> [Action] {
    var actions: [Action] = []
    var libraries: Set<String> = []
    // What was worked on is built first.
    let sorted = meanings.sorted { Self.rank($0) < Self.rank($1) }
    for meaning in sorted {
      switch meaning {
      case .configuration: break
      case .source(let plugin), .dependency(let plugin):
        if building == plugin { isStale = true } else if !queue.contains(plugin) { queue.append(plugin) }
      case .library(let plugin):
        // Its own build is told of when it has ended.
        if building != plugin, !queue.contains(plugin) { libraries.insert(plugin) }
      }
    }
    if meanings.contains(.configuration) {
      actions.append(.plan)
      actions += reload([])
    } else if !libraries.isEmpty {
      actions += reload(libraries)
    }
    return actions + next()
  }

  private static func rank(_ meaning: WatchPlan.Meaning) -> (Int, String) {
    switch meaning {
    case .configuration: (0, "")
    case .library(let name): (1, name)
    case .source(let name): (2, name)
    case .dependency(let name): (3, name)
    }
  }

  private mutating func built(_ plugin: String, _ isGood: Bool) -> [Action] {
    if building == plugin { building = nil }
    if isGood { broken.remove(plugin) } else { broken.insert(plugin) }
    var actions: [Action] = []
    if isStale {
      isStale = false
      queue.insert(plugin, at: 0)
    } else if isGood {
      actions += reload([plugin])
    }
    return actions + next()
  }

  private mutating func next() -> [Action] {
    guard building == nil, !queue.isEmpty else { return [] }
    let plugin = queue.removeFirst()
    building = plugin
    return [.build(plugin)]
  }

  private mutating func reload(_ plugins: Set<String>) -> [Action] {
    switch child {
    case .serving: return [.reload(plugins)]
    case .starting:
      // All, as soon as one of them asked for all.
      missed = plugins.isEmpty || missed?.isEmpty == true ? [] : (missed ?? []).union(plugins)
      return []
    case .none: return start()
    }
  }

  private mutating func start() -> [Action] {
    child = .starting
    missed = nil
    return [.start]
  }
}
