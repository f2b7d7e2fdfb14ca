import CGatewayPlugin
import Glibc
import NIOConcurrencyHelpers

/// A library in this process, from its opening to the end of the process.
public final class PluginImage: Sendable {
  /// Of all that this process opened, in their order.
  public let number: Int
  public let digest: FileDigest
  /// Bytes of the file; what of it is mapped counts against the process for ever.
  public let size: UInt64
  /// The private copy that is mapped.
  public let copy: PluginCopy
  /// What was read of it before it was opened.
  let inspection: PluginInspection
  /// Which file it was copied from.
  let source: FileIdentity
  /// What the entry function returned, or why it was not called.
  fileprivate let outcome: Result<PermanentPointer<gw_plugin>?, PluginProblemList>

  fileprivate init(
    number: Int, digest: FileDigest, copy: PluginCopy, inspection: PluginInspection, source: FileIdentity,
    outcome: Result<PermanentPointer<gw_plugin>?, PluginProblemList>
  ) {
    self.number = number
    self.digest = digest
    size = copy.size
    self.copy = copy
    self.inspection = inspection
    self.source = source
    self.outcome = outcome
  }

  func descriptor() throws(PluginProblemList) -> UnsafePointer<gw_plugin>? { try outcome.get()?.pointer }
}

/// The libraries that are open in this process. For ever: a Swift image registers its metadata with the runtime and
/// cannot take it back, so none is ever closed.
///
/// An image is a content from a file: the same content of the same file is the same image. The dynamic linker goes by
/// path and inode; both are new for each copy, so each copy is an image of its own with its own state.
enum PluginImages {
  /// Held while a library is opened and its entry function runs, which makes "once" true. Nothing on the way asks for
  /// this lock again; only other loads wait.
  private static let images = NIOLockedValueBox<[PluginImage]>([])

  static var all: [PluginImage] { images.withLockedValue { $0 } }

  /// The image of that copy: one that is there, else a new one.
  static func image(
    of copy: PluginCopy, digest: FileDigest, inspection: PluginInspection, source: FileIdentity,
    choice: PluginImageChoice, host: UnsafePointer<gw_host>
  ) throws(PluginProblemList) -> PluginImage {
    let result = images.withLockedValue { images -> Result<PluginImage, PluginProblemList> in
      do throws(PluginProblemList) {
        if let image = choice.preferred.first(where: { $0.digest == digest }) { return .success(image) }
        if let image = images.first(where: {
          $0.digest == digest && $0.source.isSameFile(as: source) && !choice.taken.contains($0.number)
        }) {
          return .success(image)
        }
        if let refusal = choice.refusal { throw PluginProblemList([refusal]) }
        let handle = try open(copy.path, inspection)
        copy.keep()
        let image = PluginImage(
          number: images.count + 1, digest: digest, copy: copy, inspection: inspection, source: source,
          outcome: start(handle, host))
        images.append(image)
        return .success(image)
      } catch { return .failure(error) }
    }
    return try result.get()
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
    if error.contains("failed to map segment") {
      return "set `server.plugin_store` to a directory on a file system that is not mounted noexec"
    }
    return "link the plugin with everything it uses"
  }

  /// Calls the entry function of a library that was just opened.
  private static func start(
    _ handle: UnsafeMutableRawPointer, _ host: UnsafePointer<gw_host>
  ) -> Result<PermanentPointer<gw_plugin>?, PluginProblemList> {
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

  private static func lastError() -> String {
    dlerror().map { Printable.text(String(cString: $0)) } ?? "an unknown error"
  }
}

/// Which image may serve a load, beyond the one that the same file has already.
public struct PluginImageChoice: Sendable {
  /// Taken before all others, where one has the content: such as an earlier generation that was stopped.
  public var preferred: [PluginImage] = []
  /// Numbers of images that are in use with another `config`: the state of one must not become the other's.
  public var taken: Set<Int> = []
  /// Why no further image may be opened; nil where one may.
  public var refusal: PluginProblem?

  public init() {}
}
