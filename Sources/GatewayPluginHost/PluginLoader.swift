import CGatewayPlugin
import Glibc

/// Opens plugins for one configuration: reads each file first, and opens nothing that does not fit.
///
/// The file is opened once; what was read through that descriptor is hashed on its way into a private copy, and the copy
/// is what is checked and mapped. Nobody can put other bytes in between.
///
/// Blocks on file access and runs code of the plugins (their constructors and `gateway_plugin_v1`): for the start-up
/// thread, not for an event loop.
public struct PluginLoader {
  private let host: UnsafePointer<gw_host>
  private let requirements: PluginRequirements
  /// Directory of private copies; nil for the user's own.
  private let store: String?
  /// What this configuration has opened, with the names it gave.
  private var opened: [(identity: FileIdentity, name: String)] = []

  /// `host` is the table that plugins get; it must stay valid for the life of the process.
  public init(host: UnsafePointer<gw_host>, requirements: PluginRequirements = .host, store: String? = nil) {
    self.host = host
    self.requirements = requirements
    self.store = store
  }

  /// Opens the plugin at `path` under the name that the configuration gives it.
  ///
  /// A content that this process has opened before from the same file, for an earlier configuration, is not opened again:
  /// its descriptor is the same for ever.
  ///
  /// - Parameter pin: the digest that the content must have.
  public mutating func open(
    path: String, name: String, pin: FileDigest? = nil, choice: PluginImageChoice = PluginImageChoice()
  ) -> Result<LoadedPlugin, PluginProblems> {
    // Cheap, and most mistakes are found here: nothing is copied for them.
    let first = PluginInspection.read(path: path, requirements: requirements)
    guard first.isAcceptable else {
      return .failure(PluginProblems(name: name, path: path, problems: first.problems))
    }
    do throws(PluginProblemList) {
      let file: ReadableFile
      do throws(ReadableFile.Failure) { file = try ReadableFile.open(path) } catch {
        throw Self.replaced()
      }
      // Of the file that is open, which may be another one by now.
      let refused = PluginPermissions(path: path, file: file).problems.filter { $0.severity == .error }
      guard refused.isEmpty else { throw PluginProblemList(refused) }
      try checkOnce(file.identity, name)
      let image = try image(of: file, path: path, first, pin: pin, choice)
      opened.append((file.identity, name))
      return .success(try Self.plugin(in: image, name: name, path: path, first.problems, requirements))
    } catch {
      return .failure(PluginProblems(name: name, path: path, problems: error.problems + first.problems))
    }
  }

  /// Another image of a content that is open already, from its private copy.
  ///
  /// - Parameter path: where it came from.
  public mutating func reopen(
    _ image: PluginImage, name: String, path: String, choice: PluginImageChoice
  ) -> Result<LoadedPlugin, PluginProblems> {
    do throws(PluginProblemList) {
      let file: ReadableFile
      do throws(ReadableFile.Failure) { file = try ReadableFile.open(image.copy.path) } catch {
        throw PluginProblemList([
          PluginProblem(
            .noCopy, field: "copy", found: "`\(image.copy.path)` is gone", expected: "the private copy of a plugin that runs",
            remedy: "leave the plugin store alone while a gateway runs, and restart this one")
        ])
      }
      let next = try self.image(of: file, path: path, image.inspection, pin: image.digest, choice)
      return .success(try Self.plugin(in: next, name: name, path: path, [], requirements))
    } catch {
      return .failure(PluginProblems(name: name, path: path, problems: error.problems))
    }
  }

  private func checkOnce(_ identity: FileIdentity, _ name: String) throws(PluginProblemList) {
    guard let first = opened.first(where: { $0.identity.isSameFile(as: identity) }) else { return }
    throw PluginProblemList([
      PluginProblem(
        .openedTwice, field: "file", found: "the file of plugin \(first.name)",
        expected: "a file of its own for each plugin",
        remedy: "use \(first.name) in its place; a library is in the process once, with one state")
    ])
  }

  /// A private copy of a plugin for a process of its own, checked as `open` checks it; no code of it runs here.
  ///
  /// - Parameter pin: the digest that the content must have.
  public func copy(path: String, name: String, pin: FileDigest?) -> Result<CheckedCopy, PluginProblems> {
    let first = PluginInspection.read(path: path, requirements: requirements)
    guard first.isAcceptable else {
      return .failure(PluginProblems(name: name, path: path, problems: first.problems))
    }
    do throws(PluginProblemList) {
      let file: ReadableFile
      do throws(ReadableFile.Failure) { file = try ReadableFile.open(path) } catch { throw Self.replaced() }
      let (copy, digest, inspection) = try copied(file, path: path, pin: pin)
      guard let note = inspection.note else { throw Self.replaced() }
      return .success(CheckedCopy(copy: copy, digest: digest, note: note, warnings: first.problems))
    } catch {
      return .failure(PluginProblems(name: name, path: path, problems: error.problems + first.problems))
    }
  }

  /// Opens a copy that another process made and checked, if its content is what that process saw.
  public mutating func open(
    copy path: String, digest: FileDigest, name: String
  ) -> Result<LoadedPlugin, PluginProblems> {
    do throws(PluginProblemList) {
      let file: ReadableFile
      let found: FileDigest
      do throws(ReadableFile.Failure) {
        file = try ReadableFile.open(path)
        found = try FileDigest.sha256(of: file)
      } catch { throw Self.replaced() }
      guard found == digest else { throw Self.replaced() }
      let inspection = PluginInspection.read(file, path: path, requirements: requirements)
      guard inspection.isAcceptable else { throw PluginProblemList(inspection.problems) }
      let image = try PluginImages.image(
        of: PluginCopy(path: path, digest: digest, size: file.size), digest: digest, inspection: inspection,
        source: file.identity, choice: PluginImageChoice(), host: host)
      return .success(try Self.plugin(in: image, name: name, path: path, [], requirements))
    } catch {
      return .failure(PluginProblems(name: name, path: path, problems: error.problems))
    }
  }

  private func image(
    of file: ReadableFile, path: String, _ first: PluginInspection, pin: FileDigest?, _ choice: PluginImageChoice
  ) throws(PluginProblemList) -> PluginImage {
    let (copy, digest, inspection) = try copied(file, path: path, pin: pin)
    return try PluginImages.image(
      of: copy, digest: digest, inspection: inspection, source: file.identity, choice: choice, host: host)
  }

  private func copied(
    _ file: ReadableFile, path: String, pin: FileDigest?
  ) throws(PluginProblemList) -> (PluginCopy, FileDigest, PluginInspection) {
    let copy: PluginCopy
    do throws(PluginStore.Problem) {
      copy = try PluginStore.open(store).get().copy(file, name: FileText.name(of: path))
    } catch {
      throw PluginProblemList([
        PluginProblem(
          .noCopy, field: "copy", found: error.description, expected: "a private copy of the plugin", remedy: error.remedy)
      ])
    }
    guard let digest = copy.digest else { throw Self.replaced() }
    if let pin, pin != digest {
      throw PluginProblemList([
        PluginProblem(
          .wrongDigest, field: "sha256", found: digest.description, expected: pin.description,
          remedy: "install the file that was meant, or write this digest if the change was")
      ])
    }
    // The copy is what counts from here on.
    let copied: ReadableFile
    do throws(ReadableFile.Failure) { copied = try ReadableFile.open(copy.path) } catch { throw Self.replaced() }
    let inspection = PluginInspection.read(copied, path: copy.path, requirements: requirements)
    guard inspection.isAcceptable else { throw PluginProblemList(inspection.problems) }
    copy.link(inspection.neededLibraries, from: FileText.directory(of: Self.resolved(path)))
    return (copy, digest, inspection)
  }

  private static func plugin(
    in image: PluginImage, name: String, path: String, _ warnings: [PluginProblem], _ requirements: PluginRequirements
  ) throws(PluginProblemList) -> LoadedPlugin {
    var plugin = try DescriptorReader.read(
      try image.descriptor(), name: name,
      origin: LoadedPlugin.Origin(path: path, note: image.inspection.note, warnings: warnings),
      requirements: requirements)
    plugin.image = image
    return plugin
  }

  /// Without symbolic links: what the library needs lies beside the file that is meant.
  private static func resolved(_ path: String) -> String {
    guard let resolved = realpath(path, nil) else { return path }
    defer { free(resolved) }
    return String(cString: resolved)
  }

  private static func replaced() -> PluginProblemList {
    PluginProblemList([
      PluginProblem(
        .replaced, field: "file", found: "a file that changed while it was read",
        expected: "a file that stays while it is opened",
        remedy: "try again when the installation of the plugin has ended")
    ])
  }
}
