import GatewayPluginHost
import Glibc

/// `gateway plugin new`: writes the files of a new plugin.
public enum PluginScaffold {
  /// The gateway's package, as the command names it.
  public enum Gateway: Sendable {
    /// The folder of a checkout.
    case checkout(String)
    case release(url: String, version: String)
    /// The checkout that this program was built in.
    case own
  }

  /// Makes the folder and everything in it; nothing is left where that fails.
  ///
  /// - Parameters:
  ///   - folder: must not be there; nil: `name` in the current one.
  /// - Returns: the folder, and the files in it.
  public static func make(
    name: String, folder: String?, gateway: Gateway
  ) throws(PluginTemplate.Mistake) -> (folder: String, files: [String]) {
    let folder = folder ?? name
    // The name first: nothing else matters where it is wrong.
    _ = try PluginTemplate(name: name, source: .release(url: "", version: ""))
    var status = stat()
    guard lstat(folder, &status) != 0 else {
      throw PluginTemplate.Mistake(
        description: "`\(Printable.text(folder))` is there already; nothing was changed. Choose another name, or --path"
      )
    }
    let place = try absolute(folder)
    let template = try PluginTemplate(name: name, source: try source(gateway, seenFrom: place))
    var made: [(path: String, isFolder: Bool)] = []
    do throws(PluginTemplate.Mistake) {
      try makeFolder(folder, &made)
      for file in template.files {
        var path = folder
        for part in file.path.split(separator: "/").dropLast() {
          path += "/" + part
          try makeFolder(path, &made)
        }
        try write(file.content, to: folder + "/" + file.path, &made)
      }
    } catch {
      for (path, isFolder) in made.reversed() { _ = isFolder ? rmdir(path) : unlink(path) }
      throw error
    }
    return (folder, template.files.map(\.path))
  }

  private static func makeFolder(
    _ path: String, _ made: inout [(path: String, isFolder: Bool)]
  ) throws(PluginTemplate.Mistake) {
    guard !made.contains(where: { $0.path == path }) else { return }
    guard mkdir(path, 0o755) == 0 else {
      throw PluginTemplate.Mistake(
        description: "the folder `\(Printable.text(path))` cannot be made: \(String(cString: strerror(errno)))")
    }
    made.append((path, true))
  }

  private static func write(
    _ text: String, to path: String, _ made: inout [(path: String, isFolder: Bool)]
  ) throws(PluginTemplate.Mistake) {
    func failed() -> PluginTemplate.Mistake {
      PluginTemplate.Mistake(
        description: "the file `\(Printable.text(path))` cannot be written: \(String(cString: strerror(errno)))")
    }
    let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    guard file >= 0 else { throw failed() }
    made.append((path, false))
    defer { close(file) }
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw failed() }
      rest = rest.dropFirst(count)
    }
  }

  // MARK: the gateway's package

  private static func source(
    _ gateway: Gateway, seenFrom folder: String
  ) throws(PluginTemplate.Mistake) -> PluginTemplate.Source {
    switch gateway {
    case .release(let url, let version):
      guard isVersion(version) else {
        throw PluginTemplate.Mistake(description: "`\(Printable.text(version))` is no version such as 1.2.3")
      }
      guard url.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }), url.contains("/") else {
        throw PluginTemplate.Mistake(
          description: "`\(Printable.text(url))` is no URL of a repository, such as https://HOST/OWNER/gateway")
      }
      return .release(url: url, version: version)
    case .checkout(let path):
      guard let resolved = resolved(path) else {
        throw PluginTemplate.Mistake(
          description:
            "`\(Printable.text(path))` cannot be used as the gateway's checkout: \(String(cString: strerror(errno)))")
      }
      guard isCheckout(resolved) else {
        throw PluginTemplate.Mistake(
          description:
            "`\(Printable.text(path))` holds no package with the library GatewayPlugin: give the folder of the "
            + "gateway's Package.swift")
      }
      return checkout(resolved, seenFrom: folder)
    case .own:
      // `.build/debug/gateway`, or wherever else inside its package a build puts it.
      var place = resolved(ChildProcess.thisProgram) ?? ""
      while let slash = place.lastIndex(of: "/") {
        place = String(place[..<slash])
        if !place.isEmpty, isCheckout(place) { return checkout(place, seenFrom: folder) }
      }
      throw PluginTemplate.Mistake(
        description:
          "say where the gateway's package is: --gateway with the folder of a checkout, or --url and --version "
          + "of a release")
    }
  }

  private static func checkout(_ path: String, seenFrom folder: String) -> PluginTemplate.Source {
    // The package manager names a package in a folder as the folder.
    let package = path.split(separator: "/").last.map { $0.lowercased() } ?? "gateway"
    return .checkout(path: relative(path, to: folder), package: package)
  }

  private static func isCheckout(_ folder: String) -> Bool {
    access(folder + "/Package.swift", R_OK) == 0 && access(folder + "/Sources/GatewayPlugin", R_OK) == 0
  }

  private static func isVersion(_ text: String) -> Bool {
    let core = text.prefix { $0 != "-" && $0 != "+" }.split(separator: ".", omittingEmptySubsequences: false)
    return core.count == 3 && core.allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy { $0 &- 0x30 < 10 } }
      && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
  }

  // MARK: paths

  private static func resolved(_ path: String) -> String? {
    guard let text = realpath(path, nil) else { return nil }
    defer { free(text) }
    return String(cString: text)
  }

  /// Of a folder that is not there yet, in one that is.
  private static func absolute(_ folder: String) throws(PluginTemplate.Mistake) -> String {
    var name = folder[...]
    while name.count > 1, name.hasSuffix("/") { name = name.dropLast() }
    let slash = name.lastIndex(of: "/")
    let parent = slash.map { $0 == name.startIndex ? "/" : String(name[..<$0]) } ?? "."
    let last = slash.map { name[name.index(after: $0)...] } ?? name
    guard !last.isEmpty, last != ".", last != "..", !folder.utf8.contains(0), let resolved = resolved(parent) else {
      throw PluginTemplate.Mistake(
        description: "there is no folder `\(Printable.text(parent))` to make `\(Printable.text(String(last)))` in")
    }
    return (resolved == "/" ? "" : resolved) + "/" + last
  }

  /// From one folder to another; both absolute and without symbolic links.
  static func relative(_ path: String, to folder: String) -> String {
    let target = path.split(separator: "/")
    let start = folder.split(separator: "/")
    let shared = zip(target, start).prefix { $0 == $1 }.count
    // With nothing in common an absolute path says more.
    guard shared > 0 else { return path }
    let parts = Array(repeating: "..", count: start.count - shared) + target.dropFirst(shared)
    return parts.isEmpty ? "." : parts.joined(separator: "/")
  }
}
