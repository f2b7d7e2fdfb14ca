import CGatewayPlugin
import GatewayJSON
import GatewayPluginHost
import Glibc

/// `gateway plugin build`: the Swift package manager with the flags that a plugin wants, and a look at what came of it.
public struct PluginBuild: Sendable {
  public struct Options: Sendable {
    public var folder: String
    public var isRelease: Bool
    /// The dynamic library to build; nil: all of the package.
    public var product: String?
    /// Where the build goes, in place of the package's own `.build`.
    public var scratchPath: String?

    public init(folder: String, isRelease: Bool, product: String? = nil, scratchPath: String? = nil) {
      self.folder = folder
      self.isRelease = isRelease
      self.product = product
      self.scratchPath = scratchPath
    }
  }

  public struct Failure: Error, CustomStringConvertible {
    public let description: String
    /// What to exit with: the compiler's own code where it failed.
    public let code: Int32
  }

  private let options: Options

  public init(_ options: Options) { self.options = options }

  /// `SWIFT` names another one, as for make.
  private static var swift: String { getenv("SWIFT").map { String(cString: $0) } ?? "swift" }

  /// Builds, with the compiler's own words on the standard streams, and looks at what was made. `tell` gets what is done next.
  public func run(_ tell: (String) -> Void) throws(Failure) -> [BuiltPlugin] {
    let products = try products()
    var arguments = common + ["-Xlinker", "--version-script=\(try exports())"]
    var environment: [String: String] = [:]
    if options.isRelease {
      // See the Makefile: what both are worth is measured there.
      arguments += ["-Xswiftc", "-enforce-exclusivity=unchecked", "-Xswiftc", "-cross-module-optimization"]
      if let macros = try macros(tell) { environment["GATEWAY_MACROS"] = macros }
    }
    for product in products {
      tell("building \(product)")
      let ending = try child { () throws(ChildProcess.Failure) in
        try ChildProcess.run(Self.swift, ["build"] + arguments + ["--product", product], environment: environment)
      }
      guard ending == .exited(0) else { throw Self.failure("the build of \(product)", ending) }
    }
    let folder = try binaries(environment)
    var built: [BuiltPlugin] = []
    for product in products {
      let path = "\(folder)/lib\(product).so"
      built.append(
        BuiltPlugin(file: PluginFileReport.read(path: path), conformance: PluginConformance.describe(path: path)))
    }
    return built
  }

  private var common: [String] {
    ["--package-path", options.folder, "-c", options.isRelease ? "release" : "debug"]
      + (options.scratchPath.map { ["--scratch-path", $0] } ?? [])
  }

  private static func failure(_ what: String, _ ending: ChildProcess.Ending) -> Failure {
    switch ending {
    case .exited(let code): Failure(description: "\(what) failed", code: code == 0 ? 1 : code)
    case .signal(let signal): Failure(description: "\(what) was ended by signal \(signal)", code: 128 + signal)
    case .silent: Failure(description: "\(what) did not end", code: 1)
    }
  }

  private func child<Result>(_ body: () throws(ChildProcess.Failure) -> Result) throws(Failure) -> Result {
    do throws(ChildProcess.Failure) { return try body() } catch {
      throw Failure(
        description: error.description + "; a Swift toolchain has to be on PATH, or named by SWIFT", code: 1)
    }
  }

  /// What `swift` says on its standard output.
  private func answer(_ arguments: [String], _ environment: [String: String] = [:]) throws(Failure) -> [UInt8] {
    let (ending, output) = try child { () throws(ChildProcess.Failure) in
      try ChildProcess.output(of: Self.swift, arguments, environment: environment)
    }
    guard ending == .exited(0) else {
      throw Self.failure("`swift \(arguments.prefix(2).joined(separator: " "))` in `\(options.folder)`", ending)
    }
    return output
  }

  private func binaries(_ environment: [String: String]) throws(Failure) -> String {
    let output = try answer(["build"] + common + ["--show-bin-path"], environment)
    return String(decoding: output, as: UTF8.self).split(separator: "\n").last.map(String.init) ?? ""
  }

  /// A file for the linker: of all symbols only the entry leaves the library. In the folder of the build, so that the same
  /// command links again only what has changed.
  private func exports() throws(Failure) -> String {
    let folder = options.scratchPath ?? options.folder + "/.build"
    mkdir(folder, 0o755)
    guard let place = realpath(folder, nil) else {
      throw Failure(description: "the folder `\(Printable.text(folder))` cannot be made: \(String(cString: strerror(errno)))", code: 1)
    }
    defer { free(place) }
    let path = String(cString: place) + "/gateway-plugin.exports"
    let text = "{ global: \(GW_ENTRY_SYMBOL); local: *; };\n"
    let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    let written = file >= 0 ? write(file, text, text.utf8.count) : -1
    if file >= 0 { close(file) }
    guard written == text.utf8.count else {
      throw Failure(description: "`\(Printable.text(path))` cannot be written: \(String(cString: strerror(errno)))", code: 1)
    }
    return path
  }

  // MARK: the package

  /// Names of the dynamic libraries to build.
  private func products() throws(Failure) -> [String] {
    guard access(options.folder + "/Package.swift", R_OK) == 0 else {
      throw Failure(
        description:
          "`\(Printable.text(options.folder))` holds no Package.swift: give the plugin's folder; `gateway plugin new` "
          + "makes one", code: 1)
    }
    let described = try describe(["package", "describe", "--type", "json"])
    let libraries = (described["products"]?.array ?? []).filter {
      $0["type"]?["library"]?.array?.first?.string == "dynamic"
    }.compactMap { $0["name"]?.string }
    if let product = options.product {
      guard libraries.contains(product) else {
        throw Failure(
          description: "the package has no dynamic library `\(Printable.text(product))`; it has "
            + (libraries.isEmpty ? "none" : libraries.joined(separator: ", ")), code: 1)
      }
      return [product]
    }
    guard !libraries.isEmpty else {
      throw Failure(
        description:
          "the package has no dynamic library: a plugin is a product `.library(name:, type: .dynamic, targets:)`",
        code: 1)
    }
    return libraries
  }

  private func describe(_ command: [String]) throws(Failure) -> JSONValue {
    let scratch = options.scratchPath.map { ["--scratch-path", $0] } ?? []
    let output = try answer([command[0], "--package-path", options.folder] + scratch + command.dropFirst())
    // Notes of the package manager may stand in front.
    guard let start = output.firstIndex(of: UInt8(ascii: "{")),
      let json = try? JSONValue(parsing: Array(output[start...]))
    else {
      throw Failure(description: "`swift \(command.joined(separator: " "))` said nothing that can be read", code: 1)
    }
    return json
  }

  /// The executable of the SDK's macros, where the gateway's package is a folder: a release build would optimise all of
  /// swift-syntax for a program that only the compiler runs. Nil where the build has to make its own.
  private func macros(_ tell: (String) -> Void) throws(Failure) -> String? {
    let described = try describe(["package", "describe", "--type", "json"])
    let folders =
      (described["dependencies"]?.array ?? []).filter { $0["type"]?.string == "fileSystem" }
      .compactMap { $0["path"]?.string } + [options.folder]
    for folder in folders {
      let script = folder + "/scripts/build-macros"
      guard access(script, X_OK) == 0, access(folder + "/Sources/GatewayPluginMacros", R_OK) == 0 else { continue }
      tell("building the macros of the SDK")
      let (ending, output) = try child { () throws(ChildProcess.Failure) in try ChildProcess.output(of: script, []) }
      guard ending == .exited(0), let path = String(decoding: output, as: UTF8.self).split(separator: "\n").last else {
        throw Self.failure("the build of the macros", ending)
      }
      return String(path)
    }
    return nil
  }
}

/// A library that was built, seen from outside, and as a process found it that opened it.
public struct BuiltPlugin: Sendable {
  let file: PluginFileReport
  let conformance: PluginConformance

  /// Whether this gateway takes it.
  public var isAcceptable: Bool { file.isAcceptable && conformance.summary != nil && conformance.isPassed }

  /// For a person.
  public var text: String {
    let inspection = file.inspection
    guard isAcceptable, let summary = conformance.summary, let note = inspection.note else {
      return (file.isAcceptable ? "" : file.text + "\n") + conformance.text
    }
    var lines = [inspection.path, "  plugin     \(summary.text)"]
    for (label, names) in [
      ("handlers", summary.handlers), ("providers", summary.providers), ("policies", summary.policies),
    ] where !names.isEmpty {
      lines.append(
        "  \(label)\(String(repeating: " ", count: 11 - label.count))\(Printable.text(names.joined(separator: ", ")))")
    }
    lines.append("  contract   \(note.abi)")
    if let identity = inspection.identity { lines.append("  size       \(identity.size) bytes") }
    if let digest = inspection.details?.digest { lines.append("  digest     \(digest)") }
    if let count = inspection.details?.exportCount {
      lines.append("  exports    " + (count == 1 ? "the entry alone" : "\(count) symbols"))
    }
    return lines.joined(separator: "\n")
  }
}
