import GatewayPluginHost
import NIOConcurrencyHelpers

/// The generations of a gateway's plugins, also those that serve no more.
final class PluginLedger: Sendable {
  private struct State {
    /// In the order in which they came.
    var generations: [ConfiguredPlugin] = []
    /// Libraries that were opened for this gateway, whether or not a generation came of them.
    var images: [PluginImage] = []
    var serving: [ConfiguredPlugin] = []
    /// By name: who served before the one that serves.
    var previous: [String: ConfiguredPlugin] = [:]
    /// By name: from which generation it was rolled back.
    var held: [String: ConfiguredPlugin] = [:]
    /// Replaced snapshots that still have exchanges, and those among them that are over the time for that.
    var draining = (count: 0, overdue: 0)
    /// Reloads by what came of them.
    var reloads: [ReloadReport.Outcome: Int] = [:]

    mutating func note(_ image: PluginImage) {
      if !images.contains(where: { $0 === image }) { images.append(image) }
    }

    /// Forgets generations to which nothing leads back: a `config` that is changed a thousand times is no thousand of them.
    /// Those that alone tell of their library stay.
    mutating func forget(_ name: String) {
      let all = generations
      generations.removeAll { entry in
        entry.name == name && entry.stage == .idle && previous[name] !== entry && held[name] !== entry
          && !serving.contains { $0 === entry }
          && all.contains { $0 !== entry && $0.generation > entry.generation && $0.plugin.image === entry.plugin.image }
      }
    }

    /// Libraries that nothing serves from.
    var retained: [PluginImage] { images.filter { image in !serving.contains { $0.plugin.image === image } } }
  }

  private let state: NIOLockedValueBox<State>

  init(_ snapshot: Snapshot) {
    var first = State()
    first.generations = snapshot.plugins
    first.serving = snapshot.plugins
    for entry in snapshot.plugins { if let image = entry.plugin.image { first.note(image) } }
    state = NIOLockedValueBox(first)
  }

  func note(_ image: PluginImage) { state.withLockedValue { $0.note(image) } }

  /// Whether something runs from that library, or did and has not stopped.
  func isBusy(_ image: PluginImage) -> Bool {
    state.withLockedValue { $0.generations.contains { $0.plugin.image === image && $0.stage != .idle } }
  }

  /// Whether it can be started as it is, or runs: nothing else uses its library, and it was not lost.
  func isUsable(_ entry: ConfiguredPlugin) -> Bool {
    guard entry.stage != .lost else { return false }
    guard let image = entry.plugin.image else { return true }
    return state.withLockedValue { state in
      !state.generations.contains { $0 !== entry && $0.plugin.image === image && $0.stage != .idle }
    }
  }

  func plugin(_ name: String, in image: PluginImage) -> LoadedPlugin? {
    state.withLockedValue { $0.generations.last { $0.name == name && $0.plugin.image === image }?.plugin }
  }

  /// A generation of that content with that `config` that can serve: it runs, or its library is free.
  func generation(_ name: String, _ plugin: LoadedPlugin, _ config: LentJSON) -> ConfiguredPlugin? {
    state.withLockedValue { state in
      let known = state.generations.filter {
        $0.name == name && $0.plugin.isSameContent(as: plugin) && $0.hasConfig(config)
      }
      let free = known.filter { entry in
        guard let image = entry.plugin.image else { return true }
        return !state.generations.contains { $0 !== entry && $0.plugin.image === image && $0.stage != .idle }
      }
      return free.first { $0.stage == .running } ?? free.last { $0.stage != .lost }
    }
  }

  func add(_ name: String, _ plugin: LoadedPlugin, _ config: LentJSON) -> ConfiguredPlugin {
    state.withLockedValue { state in
      let last = state.generations.last { $0.name == name }?.generation ?? 0
      let added = ConfiguredPlugin(name: name, plugin: plugin, config: config, generation: last + 1)
      state.forget(name)
      state.generations.append(added)
      if let image = plugin.image { state.note(image) }
      return added
    }
  }

  /// Which libraries may serve that name without another one being opened, and whether one may be.
  ///
  /// - Parameter apart: none from which something runs.
  func fill(_ choice: inout PluginImageChoice, for name: String, apart: Bool = false, limit: Int) {
    state.withLockedValue { state in
      func isBusy(_ image: PluginImage) -> Bool {
        state.generations.contains { $0.plugin.image === image && $0.stage != .idle }
      }
      let serving = state.serving.filter { $0.name == name }.compactMap(\.plugin.image)
      let own = state.generations.filter { $0.name == name }.compactMap(\.plugin.image)
      choice.preferred = serving + own.filter { !isBusy($0) }.reversed() + own.filter(isBusy)
      choice.taken = Set(state.images.filter { image in !own.contains { $0 === image } }.map(\.number))
      if apart {
        choice.preferred.removeAll(where: isBusy)
        choice.taken.formUnion(own.filter(isBusy).map(\.number))
      }
      let retained = state.retained
      // The one that serves now will be one more of them.
      guard retained.count + (serving.isEmpty ? 0 : 1) > limit else { return }
      let bytes = retained.reduce(0) { $0 + $1.size }
      choice.refusal = PluginProblem(
        .tooManyImages, field: "libraries in the process",
        found: "\(retained.count) that nothing uses any more, of \(bytes >> 10) KiB",
        expected: "at most \(limit) with this reload",
        remedy: "restart the gateway, which alone unloads them, or raise `server.retained_plugins`")
    }
  }

  // MARK: what serves

  func previous(_ name: String) -> ConfiguredPlugin? { state.withLockedValue { $0.previous[name] } }
  func held(_ name: String) -> ConfiguredPlugin? { state.withLockedValue { $0.held[name] } }

  /// From now on these serve.
  func serves(_ plugins: [ConfiguredPlugin], after request: ReloadRequest) {
    state.withLockedValue { state in
      for entry in plugins {
        let name = entry.name
        if case .plugins(let names) = request, names.contains(name) { state.held[name] = nil }
        guard let old = state.serving.first(where: { $0.name == name }), old !== entry else { continue }
        state.previous[name] = old
        if case .rollback(name) = request { state.held[name] = old } else { state.held[name] = nil }
      }
      state.serving = plugins
      for name in Array(state.held.keys) where !plugins.contains(where: { $0.name == name }) { state.held[name] = nil }
    }
  }

  // MARK: what is counted

  func drains(_ count: Int, overdue: Int) { state.withLockedValue { $0.draining = (count, overdue) } }
  func count(_ outcome: ReloadReport.Outcome) { state.withLockedValue { $0.reloads[outcome, default: 0] += 1 } }
  var draining: (count: Int, overdue: Int) { state.withLockedValue { $0.draining } }
  func reloads(_ outcome: ReloadReport.Outcome) -> Int { state.withLockedValue { $0.reloads[outcome] ?? 0 } }

  /// All generations, and the libraries that nothing serves from.
  var all: (generations: [ConfiguredPlugin], serving: [ConfiguredPlugin], retained: [PluginImage]) {
    state.withLockedValue { ($0.generations, $0.serving, $0.retained) }
  }
}
