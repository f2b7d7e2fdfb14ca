import CGatewayPlugin
import Glibc
import NIOConcurrencyHelpers

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
      let descriptor = try PluginImages.descriptor(
        of: inspection, identity: identity, host: host)
      opened.append((identity, name))
      return .success(
        try DescriptorReader.read(
          descriptor, name: name,
          origin: LoadedPlugin.Origin(path: path, note: note, warnings: inspection.problems),
          requirements: requirements))
    } catch {
      return .failure(PluginProblems(name: name, path: path, problems: error.problems + inspection.problems))
    }
  }
}

/// The libraries that are open in this process. For ever: a Swift image registers its metadata with the runtime and
/// cannot take it back, so none is ever closed.
private enum PluginImages {
  private struct Image {
    let identity: FileIdentity
    let path: String
    /// What the entry function returned.
    let descriptor: PermanentPointer<gw_plugin>?
  }

  /// Held while a library is opened and its entry function runs, which makes "once" true. Nothing on the way asks for
  /// this lock again; only other loads wait.
  private static let images = NIOLockedValueBox<[Image]>([])

  static func descriptor(
    of inspection: PluginInspection, identity: FileIdentity, host: UnsafePointer<gw_host>
  ) throws(PluginProblemList) -> UnsafePointer<gw_plugin>? {
    let result = images.withLockedValue { images -> Result<PermanentPointer<gw_plugin>?, PluginProblemList> in
      do throws(PluginProblemList) {
        let path = try absolute(inspection.path)
        if let image = try known(images, identity, path) { return .success(image.descriptor) }
        let entry = try open(path, inspection, identity)
        let image = Image(identity: identity, path: path, descriptor: entry(host).map { PermanentPointer($0) })
        images.append(image)
        return .success(image.descriptor)
      } catch {
        return .failure(error)
      }
    }
    return try result.get()?.pointer
  }

  /// The image of that file, if it is in the process already.
  private static func known(
    _ images: [Image], _ identity: FileIdentity, _ path: String
  ) throws(PluginProblemList) -> Image? {
    // The mapping keeps the inode alive, so no other file can have got its number.
    if let image = images.first(where: { $0.identity.isSameFile(as: identity) }) {
      guard image.identity == identity else {
        throw replaced(
          found: "a file whose content was changed after it was opened", expected: "the content that is in memory",
          remedy: "restart the gateway; install a new version as a new file (copy, then rename), never over an old one")
      }
      return image
    }
    // dlopen goes by name first: it would return the old library for a new file of the same path.
    guard !images.contains(where: { $0.path == path }) else {
      throw replaced(
        found: "a new file at the path of a library that is open", expected: "a path of its own for each version",
        remedy: "restart the gateway, or install the new version under another file name")
    }
    return nil
  }

  private static func open(
    _ path: String, _ inspection: PluginInspection, _ identity: FileIdentity
  ) throws(PluginProblemList) -> gw_entry {
    // NOW: a missing symbol fails here and not in a request. LOCAL: plugins do not see each other's symbols.
    // NODELETE: not unmapped even by a dlclose elsewhere.
    guard let handle = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE) else {
      let needed = inspection.neededLibraries.joined(separator: ", ")
      throw PluginProblemList([
        PluginProblem(
          .cannotOpen, field: "library", found: lastError(),
          expected: "a library that can be opened" + (needed.isEmpty ? "" : "; it needs \(needed)"),
          remedy: "install what is missing, or put it beside the plugin and link the plugin with -rpath '$ORIGIN'")
      ])
    }
    // What was read must be what was opened. Its constructors have run by now, but nothing else will.
    guard FileIdentity(path: path) == identity else {
      throw replaced(
        found: "another file than the one that was checked", expected: "a file that stays while it is opened",
        remedy: "start again when the installation of the plugin has ended")
    }
    // The file itself exports the symbol (PluginInspection), so this is not one of a library that it needs.
    guard let symbol = dlsym(handle, GW_ENTRY_SYMBOL) else {
      throw PluginProblemList([
        PluginProblem(
          .missingSymbol, field: "entry", found: lastError(), expected: "a function \(GW_ENTRY_SYMBOL)",
          remedy: "define \(GW_ENTRY_SYMBOL) and let the linker export it (default visibility)")
      ])
    }
    // Proof for the cast: a function of this name has this type, by the contract whose version the note states.
    return unsafeBitCast(symbol, to: gw_entry.self)
  }

  private static func replaced(found: String, expected: String, remedy: String) -> PluginProblemList {
    PluginProblemList([PluginProblem(.replaced, field: "file", found: found, expected: expected, remedy: remedy)])
  }

  /// Without symbolic links: a link that moved on to a new version names a new file. Absolute also because dlopen takes
  /// a name without slash for one to search on the system's library path.
  private static func absolute(_ path: String) throws(PluginProblemList) -> String {
    guard let resolved = realpath(path, nil) else {
      throw replaced(
        found: String(cString: strerror(errno)), expected: "a file that stays while it is opened",
        remedy: "start again when the installation of the plugin has ended")
    }
    defer { free(resolved) }
    return String(cString: resolved)
  }

  private static func lastError() -> String {
    dlerror().map { Printable.text(String(cString: $0)) } ?? "an unknown error"
  }
}
