import CGatewayPlugin
import Gateway
import GatewayPlugin
import GatewayPluginHost

/// A stand-in for a dependency. The original is not made, and its config is not looked at.
///
///     .value("store", FakeStore())
///     .make("session", needs: Dependency<BookStore>("store")) { store in try await Session.begin(on: store) }
///     .json("user", #"{"id": 1, "name": "Ada"}"#)
///
/// A stand-in of another type than the original's is refused. Swift values reach plugins that are linked into the test; those
/// that are opened from their library take JSON.
public struct Override: Sendable {
  enum Kind: Sendable {
    case provider(isScopeOwn: Bool, @Sendable (inout Plugin) -> Void)
    case json(String)
  }

  let dependency: String
  let kind: Kind

  /// The dependency is this value, from the gateway's start to its end. It has no teardown: it is the test's.
  public static func value<Value: Sendable>(_ dependency: String, _ value: Value) -> Override {
    Override(
      dependency: dependency,
      kind: .provider(isScopeOwn: true) { plugin in plugin.inlineProvider(dependency, scope: .app) { _ in value } })
  }

  /// The dependency is made by this closure.
  ///
  /// - Parameters:
  ///   - scope: how long a value lives; as long as one of the original where nil.
  ///   - needs: other dependencies, each under its own name.
  ///   - make: runs on the event loop and may await. A thrown `HTTPError` is the exchange's answer.
  ///   - teardown: runs once for each value, after everything that used it.
  public static func make<Value: Sendable, each Need: Sendable>(
    _ dependency: String, scope: Scope? = nil, needs: repeat Dependency<each Need>,
    make: @escaping @Sendable (repeat each Need) async throws -> Value,
    teardown: (@Sendable (Value, Outcome) async throws -> Void)? = nil
  ) -> Override {
    let list = (repeat each needs)
    return Override(
      dependency: dependency,
      kind: .provider(isScopeOwn: scope != nil) { plugin in
        plugin.provider(
          dependency, scope: scope ?? .request, needs: repeat each list,
          make: { (_: borrowing Provision, values: repeat each Need) async throws -> Value in
            try await make(repeat each values)
          }, teardown: teardown)
      })
  }

  /// The dependency is this JSON, checked against the schema of the provider's view: for dependencies whose provider
  /// offers its values as JSON.
  public static func json(_ dependency: String, _ json: String) -> Override {
    Override(dependency: dependency, kind: .json(json))
  }

  /// All of a test's own providers become one plugin of this image.
  static func standIns(_ overrides: [Override]) throws -> [TestStandIn] {
    var plugin = Plugin(TestStandIns.plugin, version: "0.0.0")
    // The last one of a name counts.
    let last = Dictionary(overrides.map { ($0.dependency, $0) }, uniquingKeysWith: { _, last in last })
    for case .provider(_, let declare) in last.values.map(\.kind) { declare(&plugin) }
    let loaded = try LoadedPlugin(descriptor: plugin.export(to: HostTable.shared.pointer), name: TestStandIns.plugin)
    return last.values.sorted { $0.dependency < $1.dependency }.compactMap { override in
      switch override.kind {
      case .json(let text): return TestStandIn(dependency: override.dependency, kind: .json(text))
      case .provider(let isScopeOwn, _):
        return loaded.provider(named: override.dependency).map {
          TestStandIn(dependency: override.dependency, kind: .provider($0, isScopeOwn: isScopeOwn))
        }
      }
    }
  }
}
