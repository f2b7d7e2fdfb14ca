import CGatewayPlugin
import Glibc
import NIOConcurrencyHelpers

/// The libraries that are open in this process. For ever: a Swift image registers its metadata with the runtime and
/// cannot take it back, so none is ever closed.
enum PluginImages {
  private typealias Outcome = Result<PermanentPointer<gw_plugin>?, PluginProblemList>

  private struct Image {
    let identity: FileIdentity
    let path: String
    /// What the entry function returned, or why it was not called.
    let outcome: Outcome
  }

  /// Held while a library is opened and its entry function runs, which makes "once" true. Nothing on the way asks for
  /// this lock again; only other loads wait.
  private static let images = NIOLockedValueBox<[Image]>([])

  static func descriptor(
    of inspection: PluginInspection, identity: FileIdentity, host: UnsafePointer<gw_host>
  ) throws(PluginProblemList) -> UnsafePointer<gw_plugin>? {
    let outcome = images.withLockedValue { images -> Outcome in
      do throws(PluginProblemList) {
        let path = try absolute(inspection.path)
        if let image = try known(images, identity, path) { return image.outcome }
        let handle = try open(path, inspection)
        let outcome = start(handle, path, identity, host)
        // Whatever the outcome: the library is in the process now, and dlopen would return it again.
        images.append(Image(identity: identity, path: path, outcome: outcome))
        return outcome
      } catch {
        return .failure(error)
      }
    }
    return try outcome.get()?.pointer
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
    _ path: String, _ inspection: PluginInspection
  ) throws(PluginProblemList) -> UnsafeMutableRawPointer {
    // NOW: a missing symbol fails here and not in a request. LOCAL: plugins do not see each other's symbols.
    // NODELETE: not unmapped even by a dlclose elsewhere.
    if let handle = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE) { return handle }
    let needed = inspection.neededLibraries.joined(separator: ", ")
    let error = lastError()
    throw PluginProblemList([
      PluginProblem(
        .cannotOpen, field: "library", found: error,
        expected: "a library that can be opened" + (needed.isEmpty ? "" : "; it needs \(needed)"),
        remedy: remedy(error))
    ])
  }

  /// By the dynamic linker's words, which are all it gives.
  private static func remedy(_ error: String) -> String {
    if error.contains("cannot open shared object file") {
      return "install what is missing, or put it beside the plugin and link the plugin with -rpath '$ORIGIN'"
    }
    if error.contains("version `") {
      return "build the plugin on a system that is not newer than this one"
    }
    return "link the plugin with everything it uses"
  }

  /// Calls the entry function of a library that was just opened.
  private static func start(
    _ handle: UnsafeMutableRawPointer, _ path: String, _ identity: FileIdentity, _ host: UnsafePointer<gw_host>
  ) -> Outcome {
    // What was read must be what was opened. Its constructors have run by now, but nothing else will.
    guard FileIdentity(path: path) == identity else {
      return .failure(
        replaced(
          found: "another file than the one that was checked", expected: "a file that stays while it is opened",
          remedy: "start the gateway again when the installation of the plugin has ended"))
    }
    // The file itself exports the symbol (PluginInspection), so this is not one of a library that it needs.
    guard let symbol = dlsym(handle, GW_ENTRY_SYMBOL) else {
      return .failure(
        PluginProblemList([
          PluginProblem(
            .missingSymbol, field: "entry", found: lastError(), expected: "a function \(GW_ENTRY_SYMBOL)",
            remedy: "define \(GW_ENTRY_SYMBOL) and let the linker export it (default visibility)")
        ]))
    }
    // Proof for the cast: a function of this name has this type, by the contract whose version the note states.
    let entry = unsafeBitCast(symbol, to: gw_entry.self)
    return .success(entry(host).map { PermanentPointer($0) })
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
        remedy: "start the gateway again when the installation of the plugin has ended")
    }
    defer { free(resolved) }
    return String(cString: resolved)
  }

  private static func lastError() -> String {
    dlerror().map { Printable.text(String(cString: $0)) } ?? "an unknown error"
  }
}
