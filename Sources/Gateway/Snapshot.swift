import CGatewayPlugin
import GatewayHTTP
import GatewayPluginHost
import GatewayPolicies
import GatewayProxy
import GatewayRouting
import GatewaySchema
import GatewayTelemetry
import NIOCore

/// Everything compiled from one configuration. Immutable: exchanges finish on the snapshot they began with.
public final class Snapshot: Sendable {
  let table: RouteTable
  let routes: [CompiledRoute]
  let upstreams: [Upstream]
  let providers: [CompiledProvider]
  /// App-scope dependencies in the order they start: indexes into `providers`.
  let startOrder: [Int]
  let plugins: [ConfiguredPlugin]
  /// Policies of requests that no route answers.
  let global: PolicyChain
  let globalLogs: [AccessLog]
  let trustedProxies: TrustedProxies?
  let requestIDs: Bool

  init(_ parts: SnapshotParts) {
    table = parts.table
    routes = parts.routes
    upstreams = parts.upstreams
    providers = parts.providers
    startOrder = parts.startOrder
    plugins = parts.plugins
    global = parts.global
    globalLogs = parts.globalLogs
    trustedProxies = parts.trustedProxies
    requestIDs = parts.requestIDs
  }
}

/// A snapshot while it is put together.
struct SnapshotParts {
  var table: RouteTable
  var routes: [CompiledRoute] = []
  var upstreams: [Upstream] = []
  var providers: [CompiledProvider] = []
  var startOrder: [Int] = []
  var plugins: [ConfiguredPlugin] = []
  var global = PolicyChain.empty
  var globalLogs: [AccessLog] = []
  var trustedProxies: TrustedProxies?
  var requestIDs = false
}

/// A plugin with its `config` as JSON.
struct ConfiguredPlugin: Sendable {
  let name: String
  let plugin: LoadedPlugin
  let config: [UInt8]
}

/// A dependency of the configuration with the provider behind it.
final class CompiledProvider: Sendable {
  /// The name under `dependencies:`.
  let name: String
  let scope: gw_scope
  let provider: PluginProvider
  let config: [UInt8]
  /// Of app scope only: where its inputs come from.
  let inputs: [ValueSource]

  init(name: String, scope: gw_scope, provider: PluginProvider, config: [UInt8], inputs: [ValueSource]) {
    self.name = name
    self.scope = scope
    self.provider = provider
    self.config = config
    self.inputs = inputs
  }
}

/// Where an input of a handler or provider comes from.
enum ValueSource: Sendable {
  /// Index of an app-scope provider.
  case app(Int)
  /// Index of an earlier step of the same exchange.
  case step(Int)
}

/// One dependency that an exchange makes.
struct DependencyStep: Sendable {
  let provider: CompiledProvider
  let inputs: [ValueSource]
}

/// A route as exchanges use it.
final class CompiledRoute: Sendable {
  /// The pattern, or the name the configuration gives it; for logs.
  let label: String
  let policies: PolicyChain
  let logs: [AccessLog]
  let parameters: ParameterPlan
  let body: BodyPlan
  let steps: [DependencyStep]
  let action: RouteAction
  /// For the whole exchange, from the head to the last byte of the response.
  let timeout: TimeAmount

  init(
    label: String, policies: PolicyChain, logs: [AccessLog], parameters: ParameterPlan, body: BodyPlan,
    steps: [DependencyStep], action: RouteAction, timeout: TimeAmount
  ) {
    self.label = label
    self.policies = policies
    self.logs = logs
    self.parameters = parameters
    self.body = body
    self.steps = steps
    self.action = action
    self.timeout = timeout
  }
}

/// What a route wants of the request's body.
struct BodyPlan: Sendable {
  /// Nil: any body passes.
  var schema: Schema?
  var isRequired = false
  /// Bytes.
  var limit: Int
}

/// What answers.
enum RouteAction: Sendable {
  case handler(PluginFunction, inputs: [ValueSource])
  case proxy(ProxyPlan)
  case redirect(RedirectPlan)
  case respond(LocalResponse)
}

struct ProxyPlan: Sendable {
  /// Index into `Snapshot.upstreams`.
  let upstream: Int
  let rules: ForwardingRules
  /// Nil: the request's own path.
  let path: ProxyPathTemplate?
}

struct RedirectPlan: Sendable {
  let to: ProxyPathTemplate
  let status: UInt16
}
