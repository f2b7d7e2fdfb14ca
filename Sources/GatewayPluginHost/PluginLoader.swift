import CGatewayPlugin

/// Opens plugins for one configuration: reads each file first, and opens nothing that does not fit.
///
/// Blocks on file access and runs code of the plugins (their constructors and `gateway_plugin_v1`): for the start-up
/// thread, not for an event loop.
public struct PluginLoader {
  private let host: UnsafePointer<gw_host>
  private let requirements: PluginRequirements
  /// What this configuration has opened, with the names it gave.
  private var opened: [(identity: FileIdentity, name: String)] = []

  /// `host` is the table that plugins get; it must stay valid for the life of the process.
  public init(host: UnsafePointer<gw_host>, requirements: PluginRequirements = .host) {
    self.host = host
    self.requirements = requirements
  }

  /// Opens the plugin at `path` under the name that the configuration gives it.
  ///
  /// A file that this process has opened before, for an earlier configuration, is not opened again: its descriptor is
  /// the same for ever.
  public mutating func open(path: String, name: String) -> Result<LoadedPlugin, PluginProblems> {
    let inspection = PluginInspection.read(path: path, requirements: requirements)
    guard inspection.isAcceptable, let identity = inspection.identity, let note = inspection.note else {
      return .failure(PluginProblems(name: name, path: path, problems: inspection.problems))
    }
    do throws(PluginProblemList) {
      if let first = opened.first(where: { $0.identity.isSameFile(as: identity) }) {
        throw PluginProblemList([
          PluginProblem(
            .openedTwice, field: "file", found: "the file of plugin \(first.name)",
            expected: "a file of its own for each plugin",
            remedy: "use \(first.name) in its place; a library is in the process once, with one state")
        ])
      }
      let descriptor = try PluginImages.descriptor(of: inspection, identity: identity, host: host)
      opened.append((identity, name))
      let plugin = try DescriptorReader.read(
        descriptor, name: name,
        origin: LoadedPlugin.Origin(path: path, note: note, warnings: inspection.problems),
        requirements: requirements)
      plugin.noteForCrashReports()
      return .success(plugin)
    } catch {
      return .failure(PluginProblems(name: name, path: path, problems: error.problems + inspection.problems))
    }
  }
}
