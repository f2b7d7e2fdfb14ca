import GatewayPluginHost
import NIOConcurrencyHelpers

/// A generation of a plugin: its content with one `config`, from its start to its stop, and, where it is rolled back to, again.
///
/// Snapshots share it: it is started by the first that uses it and stopped after the last exchange of the last one.
final class ConfiguredPlugin: Sendable {
  let name: String
  let plugin: LoadedPlugin
  let config: LentJSON
  /// From 1 for each name, in this gateway.
  let generation: Int
  private let state = NIOLockedValueBox(PluginRun())

  init(name: String, plugin: LoadedPlugin, config: LentJSON, generation: Int = 1) {
    self.name = name
    self.plugin = plugin
    self.config = config
    self.generation = generation
  }

  var stage: PluginRun.Stage { state.withLockedValue { $0.stage } }

  /// Whether it runs with the same `config`: then it need not be another generation.
  func hasConfig(_ other: LentJSON) -> Bool { config.text.raw.elementsEqual(other.text.raw) }

  /// Takes part in its run. Joined: it runs, and has one more user. Start: that is the caller's, and then to say `started`,
  /// `failed` or `lost`. Waits while somebody else starts or stops it.
  func join() async -> PluginRun.Answer {
    while true {
      let answer = await withCheckedContinuation { (continuation: CheckedContinuation<PluginRun.Answer, Never>) in
        let answer = state.withLockedValue { $0.join { continuation.resume(returning: .again) } }
        if let answer { continuation.resume(returning: answer) }
      }
      if answer != .again { return answer }
    }
  }

  func started() { resume(state.withLockedValue { $0.started() }) }
  func failed() { resume(state.withLockedValue { $0.ended() }) }

  /// One user less. True: it was the last one, and the plugin is the caller's to stop, and then to say `stopped` or `lost`.
  func leave() -> Bool { state.withLockedValue { $0.leave() } }
  func stopped() { resume(state.withLockedValue { $0.ended() }) }
  /// Its start or stop broke the contract, and may still run.
  func lost() { resume(state.withLockedValue { $0.lost() }) }

  private func resume(_ waiting: [@Sendable () -> Void]) { for resume in waiting { resume() } }
}

/// The life of a plugin's generation, as a value.
struct PluginRun {
  enum Stage: String, Sendable {
    case idle, starting, running, stopping
    /// Nobody knows what of it runs: it is not used any more.
    case lost
  }

  enum Answer { case joined, start, again, lost }

  private(set) var stage = Stage.idle
  private(set) var users = 0
  private var waiting: [@Sendable () -> Void] = []

  /// Nil: `later` is called when it is worth asking again.
  mutating func join(_ later: @escaping @Sendable () -> Void) -> Answer? {
    switch stage {
    case .running:
      users += 1
      return .joined
    case .idle:
      stage = .starting
      return .start
    case .lost: return .lost
    case .starting, .stopping:
      waiting.append(later)
      return nil
    }
  }

  /// Who waited may ask again.
  mutating func started() -> [@Sendable () -> Void] {
    stage = .running
    users = 1
    return takeWaiting()
  }

  /// True: nobody uses it any more.
  mutating func leave() -> Bool {
    guard stage == .running, users > 0 else { return false }
    users -= 1
    guard users == 0 else { return false }
    stage = .stopping
    return true
  }

  /// Stopped, or not started at all.
  mutating func ended() -> [@Sendable () -> Void] {
    stage = .idle
    users = 0
    return takeWaiting()
  }

  mutating func lost() -> [@Sendable () -> Void] {
    stage = .lost
    users = 0
    return takeWaiting()
  }

  private mutating func takeWaiting() -> [@Sendable () -> Void] {
    defer { waiting = [] }
    return waiting
  }
}
