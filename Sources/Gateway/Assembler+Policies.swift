import GatewayConfiguration
import GatewayHTTP
import GatewayPolicies
import GatewayTelemetry
import NIOCore

/// The policies of a route, compiled.
struct CompiledPolicies {
  var chain = PolicyChain.empty
  /// Instead of `chain`, where one of them is a plugin's.
  var plugins: PluginPolicies?
  var logs: [Int] = []
}

typealias LogDestination = GatewayConfiguration.AccessLogOptions.Destination
/// Destination, form of the lines, and how many may wait.
typealias LogOpener = (LogDestination, GatewayTelemetry.AccessLogOptions, Int) throws(LogProblem) -> LogWriter

/// Access logs that are written alike share a writer and a buffer.
struct LogKey: Hashable, Sendable {
  var destination: LogDestination
  var isJSON: Bool
  var slow: Duration?
  var onlySlow: Bool
  var buffer: Int
}

extension GatewayFile {
  /// The policies of every route, for requests that no route answers.
  var globalPolicies: [GatewayConfiguration.Policy] {
    use.flatMap { entry -> [GatewayConfiguration.Policy] in
      switch entry {
      case .list(let name): policies.named(name.value)?.policies ?? []
      case .inline(let policy): [policy]
      }
    }
  }
}

extension Assembler {
  mutating func compilePolicies(_ list: [GatewayConfiguration.Policy]) -> CompiledPolicies {
    var compiled = CompiledPolicies()
    var policies = PolicySequence()
    for entry in list {
      do throws(PolicyMistakes) {
        switch entry.options {
        case .accessLog(let options):
          // The same log for all routes and for this one is still one line.
          if let index = log(options), !compiled.logs.contains(index) { compiled.logs.append(index) }
        case .requestID(let options):
          let acceptance: RequestIDPolicy.Acceptance =
            switch options.accept {
            case .never: .never
            case .trusted: makeTrustedProxies().map { .trusted($0.networks) } ?? .never
            case .always: .always
            }
          policies.append(try RequestIDPolicy(header: options.header.value, accept: acceptance, echo: options.echo))
        case .cors(let options): policies.append(try CORSPolicy(CORSPolicy.Options(options)))
        case .addresses(let options):
          policies.append(
            try AddressPolicy(allow: options.allow.map(\.value.text), deny: options.deny.map(\.value.text)))
        case .securityHeaders(let options):
          policies.append(try SecurityHeadersPolicy(SecurityHeadersPolicy.Options(options)))
        case .trustedHosts(let options): policies.append(try TrustedHostsPolicy(options.hosts.map(\.value)))
        // Limits are part of the route's own: see `GatewayFile.limits(of:)`.
        case .limits: break
        case .plugin(let options):
          if let use = pluginPolicy(options, at: entry.location) { policies.append(use) }
        }
      } catch {
        guard !diagnostics.hasError(within: entry) else { continue }
        for mistake in error.all {
          diagnostics.error(
            .invalidValue, "policy `\(entry.name.value)`: \(mistake.option)", at: entry, found: mistake.found,
            expected: mistake.expected, help: mistake.hint)
        }
      }
    }
    compiled.chain = policies.chain
    compiled.plugins = policies.plugins(
      bodyLimit: file.server.limits.body, timeout: TimeAmount(file.server.timeouts.exchange))
    return compiled
  }

  private mutating func log(_ options: GatewayConfiguration.AccessLogOptions) -> Int? {
    let key = LogKey(
      destination: options.destination.value, isJSON: options.format == .json, slow: options.slow,
      onlySlow: options.onlySlow, buffer: options.buffer)
    if let index = logIndexes[key] { return index }
    let compiled = GatewayTelemetry.AccessLogOptions(
      format: options.format == .json ? .json : .combined, filter: options.onlySlow ? .slow : .all,
      slowThreshold: options.slow.map { TimeAmount($0).nanoseconds })
    do {
      // Two writers of one file would each have a buffer, and lines in another order than they came.
      let writer: LogWriter
      if let known = plan?.snapshot.logs.first(where: { $0.key == key })?.writer {
        writer = known
      } else {
        writer = try openLog(options.destination.value, compiled, options.buffer)
      }
      logs.append(LogDefinition(key: key, options: compiled, writer: writer))
      logIndexes[key] = logs.count - 1
      return logs.count - 1
    } catch {
      diagnostics.error(
        .unreadableFile, "the access log cannot be written: \(error)", at: options.destination, help: error.hint)
      return nil
    }
  }
}

extension CORSPolicy.Options {
  init(_ options: CORSOptions) {
    switch options.origins {
    case .any: self.init(origins: ["*"])
    case .list(let origins): self.init(origins: origins.map(\.value))
    }
    credentials = options.credentials
    if !options.methods.isEmpty { methods = options.methods.map(\.value) }
    headers = options.headers.map(\.value)
    expose = options.expose.map(\.value)
    maxAge = Int(options.maxAge.components.seconds)
  }
}

extension SecurityHeadersPolicy.Options {
  init(_ options: SecurityHeadersOptions) {
    self.init()
    hsts = options.hsts.map {
      SecurityHeadersPolicy.HSTS(
        maxAge: Int($0.maxAge.components.seconds), includeSubdomains: $0.includeSubdomains, preload: $0.preload)
    }
    // The options of the file have the preset as their defaults: they are the one home of it here.
    preset = false
    fields = options.fields.map { ($0.name, $0.value) }
    overrides = options.overrides
  }
}
