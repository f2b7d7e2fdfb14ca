import Foundation
import Synchronization

/// Plugins in C with one fault each, and `good` and `guards`, which have none; built by the machine's C compiler when a test asks.
///
/// Sources are in `Tests/BrokenPlugins`; a few are made from `good` by changing bytes. A test that uses them is marked
/// `.enabled(if: BrokenPlugins.canBuild, BrokenPlugins.whyNot)`.
public enum BrokenPlugins {
  /// Whether there is a C compiler.
  public static let canBuild = compiler != nil
  /// For the tests that are skipped without one.
  public static let whyNot = "needs a C compiler (clang, cc or gcc) on PATH"

  public struct Failure: Error, CustomStringConvertible {
    public let description: String
  }

  /// Builds the plugin of that name and returns the path of its library: a copy of its own for each call, because a
  /// library, once opened, stays in the process, and a second test would get the first one's state.
  public static func build(_ name: String) throws -> String {
    let library = try cache.withLock { cache in
      if let library = cache[name] { return library }
      let library = try make(name)
      cache[name] = library
      return library
    }
    let folder = temporary.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let copy = folder.appending(path: library.lastPathComponent)
    try FileManager.default.copyItem(at: library, to: copy)
    if name == "needs_beside" {
      let beside = "libgw_beside.so"
      try FileManager.default.copyItem(at: temporary.appending(path: beside), to: folder.appending(path: beside))
    }
    return copy.path
  }

  /// A new, empty folder, removed when the process ends.
  public static func temporaryFolder() throws -> String {
    let folder = temporary.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    return folder.path
  }

  // MARK: how

  private static let cache = Mutex<[String: URL]>([:])

  /// One folder for the process.
  private static let temporary: URL = {
    let folder = FileManager.default.temporaryDirectory.appending(path: "gateway-plugins-\(UUID().uuidString)")
    try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    atexit { try? FileManager.default.removeItem(at: BrokenPlugins.temporary) }
    return folder
  }()

  private static let compiler: String? = {
    let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":")
    for name in ["clang", "cc", "gcc"] {
      for folder in folders where FileManager.default.isExecutableFile(atPath: "\(folder)/\(name)") {
        return "\(folder)/\(name)"
      }
    }
    return nil
  }()

  /// `Tests`, also where the package reaches it through a symbolic link.
  private static let tests = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
    .deletingLastPathComponent().deletingLastPathComponent()

  private static func make(_ name: String) throws -> URL {
    switch name {
    case "not_elf":
      return try write(Array("This is not a library.\n".utf8), name)
    case "truncated":
      let good = try bytes(of: "good")
      return try write(Array(good.prefix(good.count / 2)), name)
    case "other_machine":
      let foreign: UInt16 = machine == 183 ? 62 : 183
      return try patched(name) { $0.replaceSubrange(18..<20, with: [UInt8(foreign & 0xFF), UInt8(foreign >> 8)]) }
    case "other_class":
      return try patched(name) { $0[4] = 1 }
    case "other_byte_order":
      // Type and machine swapped with it, so that they read the same.
      return try patched(name) { bytes in
        bytes[5] = 2
        bytes.swapAt(16, 17)
        bytes.swapAt(18, 19)
      }
    case "stripped_sections":
      // As `strip --strip-section-headers` leaves it: no section table.
      return try patched(name) { bytes in
        bytes.replaceSubrange(40..<48, with: [UInt8](repeating: 0, count: 8))
        bytes.replaceSubrange(58..<64, with: [UInt8](repeating: 0, count: 6))
      }
    case "object_file":
      return try compile("good", to: name, ["-c"])
    case "executable":
      return try compile("good", to: name, ["-fPIE", "-pie", "-nostartfiles", "-Wl,-e,gateway_plugin_v1"])
    case "sysv_hash":
      return try compile("good", to: name, ["-shared", "-Wl,--hash-style=sysv"])
    case "executable_stack":
      return try compile("good", to: name, ["-shared", "-Wl,-z,execstack"])
    case "build_id":
      return try compile("good", to: name, ["-shared", "-Wl,--build-id=0xcafebabe"])
    case "no_build_id":
      return try compile("good", to: name, ["-shared", "-Wl,--build-id=none"])
    case "needs_missing_library":
      let absent = try compile("absent", to: "gw_absent", ["-shared"])
      let library = try compile(
        name, to: name, ["-shared"], after: ["-L\(temporary.path)", "-Wl,--no-as-needed", "-lgw_absent"])
      try FileManager.default.removeItem(at: absent)
      return library
    case "needs_beside":
      _ = try compile("absent", to: "gw_beside", ["-shared"])
      return try compile(
        "needs_missing_library", to: name, ["-shared"],
        after: ["-L\(temporary.path)", "-Wl,--no-as-needed", "-lgw_beside", "-Wl,-rpath,$ORIGIN"])
    case "generation_start_fails":
      return try compile("generation", to: name, ["-shared", "-DGENERATION=\"bad\"", "-DSTART_FAILS"])
    case "generation_unhealthy":
      return try compile("generation", to: name, ["-shared", "-DGENERATION=\"ill\"", "-DUNHEALTHY"])
    case _ where name.hasPrefix("generation_"):
      return try compile("generation", to: name, ["-shared", "-DGENERATION=\"\(name.dropFirst(11))\""])
    default:
      return try compile(name, to: name, ["-shared"])
    }
  }

  private static let machine: UInt16 = {
    #if arch(arm64)
      183
    #else
      62
    #endif
  }()

  private static func bytes(of name: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: make(name))) }

  private static func patched(_ name: String, _ change: (inout [UInt8]) -> Void) throws -> URL {
    var bytes = try bytes(of: "good")
    change(&bytes)
    return try write(bytes, name)
  }

  private static func write(_ bytes: [UInt8], _ name: String) throws -> URL {
    let file = temporary.appending(path: "lib\(name).so")
    try Data(bytes).write(to: file)
    return file
  }

  private static func compile(
    _ source: String, to name: String, _ kind: [String], after: [String] = []
  ) throws -> URL {
    guard let compiler else { throw Failure(description: "no C compiler (clang, cc or gcc) on PATH") }
    let file = temporary.appending(path: "lib\(name).so")
    let contract = tests.deletingLastPathComponent().appending(path: "Sources/CGatewayPlugin/include")
    let arguments =
      ["-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror", "-Wno-unused-command-line-argument", "-fPIC", "-pthread"]
      + kind + [
        "-I", contract.path, tests.appending(path: "BrokenPlugins/\(source).c").path, "-o", file.path,
      ] + after
    let (code, text) = try Program.run(compiler, arguments)
    guard code == 0 else {
      throw Failure(description: "\(compiler) cannot build \(source).c:\n\(text)")
    }
    return file
  }
}
