import CGatewayPlugin
import GatewayConfiguration
import GatewayJSON
import GatewayOpenAPI
import GatewayPluginHost
import GatewayServer
import GatewayTelemetry
import Glibc

/// A configuration that was read and put together; `snapshot` is there only when nothing is wrong.
public struct LoadedGateway: Sendable {
  public let file: GatewayFile?
  public let diagnostics: Diagnostics
  public let snapshot: Snapshot?
  /// What the OpenAPI document is made of.
  let describer: APIDescriber?
  /// Who needs what; only of a check without mistakes.
  public let graph: DependencyGraph?
  let listeners: [GatewayServer.Listener]

  /// What is wrong, for a person; empty where nothing is.
  public func text(isColored: Bool = false) -> String {
    DiagnosticRenderer(sources: diagnostics.sources, isColored: isColored).text(diagnostics)
  }

  /// What is wrong, for a program: a JSON array.
  public var json: String {
    var writer = JSONWriter()
    writer.value(diagnostics.json)
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  /// Rows of the route table in matching order: method, host, pattern, what answers.
  public var routeRows: [RouteRow] {
    RouteRow.rows(of: self).map { row in
      RouteRow(
        methods: row.methods, host: redacted(row.host), path: redacted(row.path), action: redacted(row.action),
        name: redacted(row.name))
    }
  }

  /// Without the values of secret settings, which may be part of paths.
  public func redacted(_ text: String) -> String { file?.secrets.redacted(text) ?? text }
}

/// Why a file is loaded.
public enum LoadPurpose: Sendable {
  /// Everything is opened as it will be served.
  case serve
  /// Nothing is written: log files are looked at, not made.
  case check
}

/// What is different in one environment from what a configuration says. Later ones count above earlier ones, and
/// overrides above overlays.
public struct EnvironmentChanges: Sendable {
  /// Files with `settings`, `plugins` and `overrides`.
  public var overlays: [String]
  /// `NAME=PLUGIN.PROVIDER` or `NAME=JSON`, each.
  public var overrides: [String]

  public init(overlays: [String] = [], overrides: [String] = []) {
    self.overlays = overlays
    self.overrides = overrides
  }

  var sources: [OverlaySource] { overlays.map { .file($0) } + overrides.map { .override($0) } }
}

public enum GatewayLoader {
  /// Reads the file, opens the plugins, compiles everything. Tells every mistake in one run.
  ///
  /// - Parameter changes: what is different in this environment.
  public static func load(
    path: String, changes: EnvironmentChanges = EnvironmentChanges(), purpose: LoadPurpose = .serve
  ) -> LoadedGateway {
    assemble(read(path: path, changes), purpose)
  }

  /// The file alone: nothing is opened yet.
  static func read(path: String, _ changes: EnvironmentChanges) -> ConfigurationLoader.Result {
    ConfigurationLoader.load(path: path, overlays: changes.sources, environment: .process())
  }

  /// The same for text that is at hand; relative paths in it start at the directory of `path`.
  ///
  /// - Parameters:
  ///   - linked: plugins that are linked into this process, by their name under `plugins:`.
  ///   - libraries: those among them that were opened from their library.
  ///   - overrides: what stands in for dependencies.
  public static func load(
    text: String, path: String, changes: EnvironmentChanges = EnvironmentChanges(), variables: [String: String],
    linked: [String: UnsafePointer<gw_plugin>], libraries: Set<String> = [], overrides: [TestStandIn]
  ) -> LoadedGateway {
    var environment = Environment.process()
    environment.variables.merge(variables) { $1 }
    let result = ConfigurationLoader.load(
      Array(text.utf8), path: path, overlays: changes.sources, environment: environment)
    return assemble(result, .serve, linked, libraries: libraries, overrides)
  }

  static func assemble(
    _ result: ConfigurationLoader.Result, _ purpose: LoadPurpose, _ linked: [String: UnsafePointer<gw_plugin>] = [:],
    libraries: Set<String> = [], _ overrides: [TestStandIn] = [], plan: ReloadPlan? = nil
  ) -> LoadedGateway {
    guard let file = result.file else {
      return LoadedGateway(file: nil, diagnostics: result.diagnostics, snapshot: nil, describer: nil, graph: nil, listeners: [])
    }
    let open: LogOpener = LogFiles.open
    let check: LogOpener = LogFiles.check
    var assembler = Assembler(
      file: file, diagnostics: result.diagnostics, openLog: purpose == .serve ? open : check)
    assembler.linked = linked
    assembler.libraries = libraries
    assembler.overrides = overrides
    assembler.plan = plan
    assembler.keepsGraph = purpose == .check
    let listeners = assembler.makeListeners()
    let snapshot = assembler.assemble()
    if purpose == .check, snapshot != nil { assembler.checkDocuments() }
    if snapshot == nil {
      for log in assembler.logs where plan?.snapshot.logs.contains(where: { $0.writer === log.writer }) != true {
        _ = log.writer.close(within: .zero)
      }
    }
    return LoadedGateway(
      file: file, diagnostics: assembler.diagnostics, snapshot: snapshot, describer: assembler.describer,
      graph: snapshot == nil ? nil : assembler.graph, listeners: listeners)
  }
}

/// Opens the files of access logs.
enum LogFiles {
  static func open(
    _ destination: LogDestination, _ options: GatewayTelemetry.AccessLogOptions, _ lines: Int
  ) throws(LogProblem) -> LogWriter {
    try writer(destination.target, options, lines)
  }

  /// Like `open`, but makes no file: says whether it could be made.
  static func check(
    _ destination: LogDestination, _ options: GatewayTelemetry.AccessLogOptions, _ lines: Int
  ) throws(LogProblem) -> LogWriter {
    if case .file(let path) = destination {
      let directory = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
      let isThere = access(path, F_OK) == 0
      guard access(isThere ? path : directory, W_OK) == 0 else {
        throw LogProblem(.file(path), "opening", errno)
      }
    }
    return try writer(.standardError, options, lines)
  }

  private static func writer(
    _ target: LogWriter.Destination, _ options: GatewayTelemetry.AccessLogOptions, _ lines: Int
  ) throws(LogProblem) -> LogWriter {
    var limits = LogWriter.Limits()
    limits.lines = lines
    return try LogWriter(target, limits: limits, droppedLine: { options.droppedLine($0, at: $1) }) { problem in
      Complaint.write("access log: \(problem)\n")
    }
  }
}

/// The last resort of words: straight to standard error.
enum Complaint {
  static func write(_ text: String) {
    var text = text
    text.withUTF8 { _ = Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }
}

extension LogDestination {
  var target: LogWriter.Destination {
    switch self {
    case .stdout: .standardOutput
    case .stderr: .standardError
    case .file(let path): .file(path)
    }
  }
}
