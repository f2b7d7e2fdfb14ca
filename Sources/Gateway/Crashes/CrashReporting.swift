import CCrashReport
import GatewayConfiguration
import GatewayJSON
import GatewayPluginHost
import Glibc
import Logging

/// This process's own crash report: prepared at its start, taken away at its end.
struct CrashReporting: ~Copyable {
  private var directory: CrashDirectory?
  private var pending: (descriptor: Int32, name: String)?
  private var keep = 0
  /// Why nothing is kept; told once there is a log.
  private var problem: String?

  /// Installs the handler, before any thread that should have a stack for it is started.
  init() {
    let code = cr_install()
    if code != 0 { problem = "no handler for fatal signals: \(String(cString: strerror(code)))" }
  }

  /// Says where a report goes. Before plugins are opened: their constructors may crash too.
  ///
  /// - Parameter configuration: the file that this process serves.
  mutating func keep(_ options: ServerCrashReports?, configuration: String) {
    guard let options, problem == nil else { return }
    do throws(CrashDirectory.Problem) {
      let directory = try CrashDirectory(options)
      self.directory = directory
      keep = options.keep
      let pending = try directory.makePending(size: Int(CR_LONGEST))
      self.pending = pending
      // The signal handler puts it among other members as it is.
      var path = JSONWriter()
      path.string(String(configuration.prefix(1024)))
      let about = "\"configuration\":" + String(decoding: path.bytes, as: UTF8.self)
      cr_set_file(
        directory.descriptor, pending.descriptor, ImmortalText(pending.name).pointer,
        ImmortalText(about).pointer)
    } catch {
      problem = error.description
    }
  }

  /// Where reports are; nil where none are kept.
  var path: String? { pending == nil ? nil : directory?.path }

  /// Tells of crashes that nobody was told of, each once.
  func tell(_ logger: Logger) {
    if let problem { logger.warning("crash reports are not kept", metadata: ["error": "\(problem)"]) }
    guard let directory else { return }
    for entry in directory.entries().reversed() where entry.isNew {
      var metadata: Logger.Metadata = ["file": "\(directory.path)/\(entry.name.dropLast(".new.json".count)).json"]
      if let report = entry.report {
        metadata["crash"] = "\(report.summary)"
        metadata["crash_time"] = "\(report.time)"
        metadata["signal"] = "\(report.signal)"
        if let plugin = report.plugin { metadata["plugin"] = "\(plugin)" }
        if let function = report.function { metadata["function"] = "\(function)" }
        if let route = report.route { metadata["route"] = "\(route)" }
        if let id = report.requestID { metadata["request_id"] = "\(id)" }
        if let configuration = report.configuration { metadata["configuration"] = "\(configuration)" }
      } else {
        metadata["error"] = "the report cannot be read"
      }
      logger.warning("the gateway crashed earlier", metadata: metadata)
      directory.markTold(entry)
    }
    directory.prune(keep: keep)
  }

  /// The process ends in order: there is nothing to report.
  deinit {
    guard let directory else { return }
    cr_forget_file()
    if let pending {
      directory.remove(pending.name)
      _ = close(pending.descriptor)
    }
    directory.close()
  }
}

extension CrashDirectory {
  init(_ options: ServerCrashReports, makes: Bool = true) throws(Problem) {
    try self.init(
      path: options.directory?.value ?? Self.usual { getenv($0).map { String(cString: $0) } }, makes: makes)
  }
}

/// The reports that are kept, for `gateway crashes` and `gateway status`.
public enum CrashReports {
  public struct Unavailable: Error, CustomStringConvertible {
    public let description: String
  }

  /// Newest first. Damaged files are left out.
  ///
  /// - Parameters:
  ///   - directory: nil where the configuration should say, or where reports usually are.
  ///   - configuration: a file that need not be there, nor be right.
  public static func read(directory: String?, configuration: String) throws(Unavailable) -> [CrashReport] {
    var options = ServerCrashReports()
    if let file = GatewayLoader.read(path: configuration, EnvironmentChanges()).file {
      guard let crashReports = file.server.crashReports else {
        throw Unavailable(description: "\(configuration) keeps no crash reports (server.crash_reports: false)")
      }
      options = crashReports
    }
    let path = directory ?? options.directory?.value ?? CrashDirectory.usual { getenv($0).map { String(cString: $0) } }
    // Never made by who only looks: then there was no crash.
    guard access(path, F_OK) == 0 else { return [] }
    do throws(CrashDirectory.Problem) {
      let directory = try CrashDirectory(path: path, makes: false)
      defer { directory.close() }
      return directory.entries().compactMap(\.report)
    } catch {
      throw Unavailable(description: error.description)
    }
  }

  /// A JSON array with what `CrashReport` knows.
  public static func json(_ reports: [CrashReport]) -> String {
    var writer = JSONWriter()
    writer.beginArray()
    for report in reports { report.write(to: &writer) }
    writer.endArray()
    return String(decoding: writer.bytes, as: UTF8.self)
  }
}

extension CrashReport {
  func write(to json: inout JSONWriter) {
    func text(_ name: String, _ value: String?) {
      guard let value else { return }
      json.name(name)
      json.string(value)
    }
    func number(_ name: String, _ value: Int?) {
      guard let value else { return }
      json.name(name)
      json.number(value)
    }
    json.beginObject()
    text("time", time)
    text("signal", signal)
    number("code", code)
    text("hint", hint)
    text("plugin", plugin)
    number("generation", generation)
    text("function", function)
    text("route", route)
    text("request_id", requestID)
    number("pid", pid)
    number("thread", thread)
    text("thread_name", threadName)
    text("thread_role", threadRole)
    text("address", address)
    number("sender", sender)
    text("configuration", configuration)
    json.name("frames")
    json.beginArray()
    for frame in frames {
      json.beginObject()
      text("address", frame.address)
      text("image", frame.image)
      text("offset", frame.offset)
      text("plugin", frame.plugin)
      json.endObject()
    }
    json.endArray()
    json.endObject()
  }
}
