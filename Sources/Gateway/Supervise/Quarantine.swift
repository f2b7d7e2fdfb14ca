import Atomics
import GatewayHTTP
import NIOConcurrencyHelpers
import NIOCore

/// Functions that this process was started without: its supervisor has seen them crash it too often.
///
/// Of the process, like the event loops that plugins see: routes learn of it when they are compiled.
public final class Quarantine: Sendable {
  public static let shared = Quarantine()

  init() {}

  private let gates = NIOLockedValueBox<[String: QuarantineGate]>([:])

  /// Before the configuration is put together.
  func close(_ functions: [QuarantinedFunction], now: NIODeadline = .now()) {
    gates.withLockedValue { gates in
      for function in functions {
        gates[function.name] = QuarantineGate(
          function: function.name, until: now + .milliseconds(Int64(function.remaining.milliseconds)),
          crashes: function.crashes)
      }
    }
  }

  /// What keeps a route that calls these functions from being served; empty for nearly every route.
  func gates(for functions: @autoclosure () -> [String]) -> [QuarantineGate] {
    gates.withLockedValue { gates in gates.isEmpty ? [] : Set(functions()).compactMap { gates[$0] } }
  }

  /// Who is out of service now, by name.
  public func functions(now: NIODeadline = .now()) -> [QuarantinedFunction] {
    gates.withLockedValue { gates in
      gates.values.compactMap { gate in
        gate.remaining(now).map {
          QuarantinedFunction(name: gate.function, remaining: .nanoseconds($0.nanoseconds), crashes: gate.crashes)
        }
      }.sorted { $0.name < $1.name }
    }
  }

  /// Lets everybody in again, also on routes that are in service already; who that was.
  public func releaseAll() -> [String] {
    gates.withLockedValue { gates in
      defer { gates.removeAll() }
      return gates.values.filter { $0.remaining(.now()) != nil }.map { gate in
        gate.open()
        return gate.function
      }.sorted()
    }
  }
}

/// Keeps requests from one function until its time is over.
final class QuarantineGate: Sendable {
  let function: String
  let crashes: Int
  private let until: NIODeadline
  private let isOpen = ManagedAtomic(false)

  init(function: String, until: NIODeadline, crashes: Int) {
    self.function = function
    self.until = until
    self.crashes = crashes
  }

  func open() { isOpen.store(true, ordering: .relaxed) }

  /// Nil: it is open.
  func remaining(_ now: NIODeadline) -> TimeAmount? {
    guard !isOpen.load(ordering: .relaxed), until > now else { return nil }
    return until - now
  }

  /// What a request is answered; nil where it may pass.
  func refusal(_ now: NIODeadline) -> HTTPError? {
    guard let remaining = remaining(now) else { return nil }
    let seconds = (remaining.nanoseconds + 999_999_999) / 1_000_000_000
    return HTTPError(
      503, detail: "Out of service: it crashed the gateway \(crashes) times. It is tried again in \(seconds) s",
      fields: [("retry-after", "\(seconds)")])
  }
}

extension CompiledRoute {
  /// Names of everything of plugins that runs for its requests.
  static func functions(_ action: RouteAction, _ steps: [DependencyStep], _ policies: PluginPolicies?) -> [String] {
    var names: [String] = []
    if case .handler(let function, _) = action { names.append(function.label) }
    for step in steps {
      names.append(step.provider.provider.function.label)
      if let teardown = step.provider.provider.teardown { names.append(teardown.label) }
    }
    for use in policies?.uses ?? [] {
      let policy = use.policy
      names += [policy.request, policy.response, policy.requestPart, policy.responsePart].compactMap { $0?.label }
    }
    return names
  }
}
