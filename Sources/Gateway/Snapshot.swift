import CGatewayPlugin
import struct GatewayConfiguration.BackgroundLimits
import enum GatewayConfiguration.HealthProbe
import struct GatewayConfiguration.ServerHealth
import GatewayBodies
import GatewayHTTP
import GatewayJSON
import GatewayPluginHost
import GatewayPolicies
import GatewayProxy
import GatewayRouting
import GatewaySchema
import GatewayTelemetry
import NIOCore

/// Everything compiled from one configuration. Immutable: exchanges finish on the snapshot they began with.
public final class Snapshot: Sendable {
  let table: Frozen<RouteTable>
  let routes: [CompiledRoute]
  let upstreams: [Upstream]
  /// App-scope dependencies in the order they start; `ValueSource.app` is an index into this.
  let appSteps: [DependencyStep]
  /// What other plugins take of app-scope values; `ValueSource.appView` is an index into this.
  let appViews: [ValueView]
  /// Dependencies that something else stands in for.
  public let overridden: [String]
  let plugins: [ConfiguredPlugin]
  /// Policies of requests that no route answers.
  let global: PolicyChain
  /// The same, where one of them is a plugin's.
  let globalPlugins: PluginPolicies?
  /// Every place that uses a plugin's policy.
  let policyUses: [PluginPolicyUse]
  /// Access logs; routes name them by index, each loop has its own buffer for each.
  let logs: [LogDefinition]
  let globalLogs: [Int]
  let trustedProxies: TrustedProxies?
  let errors: ErrorResponder
  let background: BackgroundLimits
  let violations: ViolationStyle
  /// Where uploads go that are too large for memory.
  let spool: SpoolDirectory
  /// Routes beyond those of the file: paths of documents that the gateway serves itself.
  let documents: [DocumentRoute]
  /// How plugins are asked whether they can serve.
  let health: ServerHealth
  /// By full name, as written: what views of values are held against may refer to them.
  let schemas: [String: JSONValue]
  /// Of dependencies, by name.
  let limits: [String: ProviderLimit]

  init(_ parts: SnapshotParts) {
    table = Frozen(parts.table)
    routes = parts.routes
    upstreams = parts.upstreams
    appSteps = parts.appSteps
    appViews = parts.appViews
    overridden = parts.overridden
    plugins = parts.plugins
    global = parts.global
    globalPlugins = parts.globalPlugins
    policyUses = parts.policyUses
    logs = parts.logs
    globalLogs = parts.globalLogs
    trustedProxies = parts.trustedProxies
    violations = parts.violations
    spool = parts.spool
    documents = parts.documents
    errors = parts.errors
    background = parts.background
    health = parts.health
    schemas = parts.schemas
    limits = parts.limits
  }

  /// After a rotation.
  func reopenLogs() { for log in logs { log.writer.reopen() } }

  /// Writes what the access logs still hold and closes them, but for those that another snapshot writes too; after the last
  /// exchange.
  public func closeLogs(within patience: TimeAmount = .seconds(2), keptBy others: [Snapshot] = []) {
    for log in logs where !others.contains(where: { $0.logs.contains { $0.writer === log.writer } }) {
      _ = log.writer.close(within: patience)
    }
  }
}

/// A snapshot while it is put together.
struct SnapshotParts {
  var table: RouteTable
  var routes: [CompiledRoute] = []
  var upstreams: [Upstream] = []
  var appSteps: [DependencyStep] = []
  var appViews: [ValueView] = []
  var overridden: [String] = []
  var plugins: [ConfiguredPlugin] = []
  var global = PolicyChain.empty
  var globalPlugins: PluginPolicies?
  var policyUses: [PluginPolicyUse] = []
  var logs: [LogDefinition] = []
  var globalLogs: [Int] = []
  var trustedProxies: TrustedProxies?
  var errors = ErrorResponder(shape: .detail)
  var background = BackgroundLimits()
  var violations = ViolationStyle()
  var spool = SpoolDirectory(path: "/tmp")
  var documents: [DocumentRoute] = []
  var health = ServerHealth()
  var schemas: [String: JSONValue] = [:]
  var limits: [String: ProviderLimit] = [:]
}

/// A dependency of the configuration with the provider behind it.
final class CompiledProvider: Sendable {
  /// The name under `dependencies:`.
  let name: String
  let scope: gw_scope
  let provider: PluginProvider
  let config: LentJSON
  /// Nil: any number of values may be there at once.
  let limit: ProviderLimit?
  /// It is made side by side with its neighbours.
  let isParallel: Bool

  init(
    name: String, scope: gw_scope, provider: PluginProvider, config: LentJSON, limit: ProviderLimit? = nil,
    isParallel: Bool = false
  ) {
    self.name = name
    self.scope = scope
    self.provider = provider
    self.config = config
    self.limit = limit
    self.isParallel = isParallel
  }
}

/// Where an input of a handler or provider comes from.
enum ValueSource: Sendable {
  /// Index of an app-scope step.
  case app(Int)
  /// Index of an earlier step of the same exchange.
  case step(Int)
  /// Of another plugin: index into `Snapshot.appViews`.
  case appView(Int)
  /// Of another plugin: index into `CompiledRoute.views`.
  case stepView(Int)
}

/// One dependency that is made, for the process or for an exchange.
final class DependencyStep: Sendable {
  let provider: CompiledProvider
  let inputs: [ValueSource]
  /// Nil for the usual step.
  let extras: StepExtras?

  init(provider: CompiledProvider, inputs: [ValueSource], extras: StepExtras? = nil) {
    self.provider = provider
    self.inputs = inputs
    self.extras = extras
  }

  /// Made by one invocation and nothing else.
  var isPlain: Bool { parallelEnd == 0 && provider.limit == nil }
  var scopes: LentTexts? { extras?.scopes }
  var parallelEnd: Int { extras?.parallelEnd ?? 0 }
  var parallelNeeds: [Int] { extras?.parallelNeeds ?? [] }
}

/// What few steps have.
final class StepExtras: Sendable {
  /// What security providers are told; nil where there is nothing to tell.
  let scopes: LentTexts?
  /// Of the first of several that are made side by side: where they end. 0: it is made alone, or is not the first.
  let parallelEnd: Int
  /// Inputs that are made side by side with it.
  let parallelNeeds: [Int]

  init(scopes: LentTexts?, parallelEnd: Int = 0, parallelNeeds: [Int] = []) {
    self.scopes = scopes
    self.parallelEnd = parallelEnd
    self.parallelNeeds = parallelNeeds
  }
}

/// A route as exchanges use it.
final class CompiledRoute: Sendable {
  /// The pattern, or the name the configuration gives it; for logs.
  let label: String
  /// The same for the watchdog.
  let watchName: ImmortalText
  let policies: PolicyChain
  /// The same, where one of them is a plugin's; the built-in ones then run among them.
  let pluginPolicies: PluginPolicies?
  /// Indexes into `Snapshot.logs`.
  let logs: [Int]
  let parameters: ParameterPlan
  let body: BodyPlan
  /// Whether parameters or a body are declared, which are checked whatever answers.
  let isChecked: Bool
  /// Nothing is declared about the body, and no handler takes it: it is not waited for.
  let passesBody: Bool
  let responses: ResponsePlan
  /// Entries of a 422 are logged in full.
  let logsViolations: Bool
  let steps: [DependencyStep]
  /// What runs before the body is read: the first steps.
  let early: EarlySteps
  /// What is taken of the steps' values by other plugins; `ValueSource.stepView` is an index into this.
  let views: [ValueView]
  let action: RouteAction
  /// For the whole exchange, from the head to the last byte of the response.
  let timeout: TimeAmount
  /// Nil: as for the whole gateway.
  let errors: ErrorResponder?
  /// What of it is out of service; empty for nearly every route.
  let gates: [QuarantineGate]

  init(
    label: String, policies: PolicyChain, pluginPolicies: PluginPolicies? = nil, logs: [Int],
    parameters: ParameterPlan, body: BodyPlan, responses: ResponsePlan = ResponsePlan(), logsViolations: Bool = false,
    steps: [DependencyStep], early: EarlySteps = EarlySteps(), views: [ValueView] = [], action: RouteAction,
    timeout: TimeAmount, errors: ErrorResponder? = nil
  ) {
    self.errors = errors
    gates = Quarantine.shared.gates(for: Self.functions(action, steps, pluginPolicies))
    self.label = label
    watchName = ImmortalText(label)
    self.policies = policies
    self.pluginPolicies = pluginPolicies
    self.logs = logs
    self.parameters = parameters
    self.body = body
    isChecked = body.isChecked || parameters.parameters.contains { $0.schema != nil || $0.reader != nil }
    passesBody = !body.isChecked && !body.isRequired
    self.responses = responses
    self.logsViolations = logsViolations
    self.steps = steps
    self.early = early
    self.views = views
    self.action = action
    self.timeout = timeout
  }
}

/// What answers.
enum RouteAction: Sendable {
  case handler(PluginFunction, inputs: [ValueSource])
  case proxy(ProxyPlan)
  case redirect(RedirectPlan)
  case respond(LocalResponse)
  case document(LazyDocument)
  case health(HealthProbe)
  case metrics
}

struct ProxyPlan: Sendable {
  /// Index into `Snapshot.upstreams`.
  let upstream: Int
  let rules: ForwardingRules
  /// Nil: the request's own path.
  let path: ProxyPathTemplate?
  /// Nil: the upstream's own.
  let timeouts: Upstream.Timeouts?
}

struct RedirectPlan: Sendable {
  /// Scheme and authority, or empty for the same origin.
  let origin: String
  let path: ProxyPathTemplate
  let status: UInt16
}

/// An access log: how lines look, and who writes them.
struct LogDefinition: Sendable {
  let key: LogKey
  let options: AccessLogOptions
  let writer: LogWriter
}
