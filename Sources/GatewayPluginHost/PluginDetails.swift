import CGatewayPlugin

/// What is worth knowing of a plugin's file beyond what decides whether it fits.
public struct PluginDetails: Sendable {
  /// Nil for bytes that came from no file.
  public let digest: FileDigest?
  public let permissions: PluginPermissions?
  /// What the linker put in to tell builds apart; nil without one.
  public internal(set) var buildID: [UInt8]?
  /// Names of exported symbols; the first 200 where there are more.
  public internal(set) var exports: [String] = []
  public internal(set) var exportCount = 0
  /// Imported functions that look up types by name.
  public internal(set) var typeLookups: [String] = []

  init(digest: FileDigest?, permissions: PluginPermissions?) {
    self.digest = digest
    self.permissions = permissions
  }

  /// How imports begin that look up types by name: `_typeByName`, `NSClassFromString`, `NSKeyedUnarchiver`, and the runtime's
  /// own function, called directly.
  ///
  /// `swift_getTypeByMangledNameInContext2` is none of them: compiled code asks it for every generic type, by references
  /// that lead into the same image. `Bundle.classNamed` is called through a table of the class and leaves no import, and a
  /// library that the plugin needs has imports of its own: neither can be seen here.
  static let typeLookups = [
    "$ss11_typeByName", "$s10Foundation17NSClassFromString", "$s10Foundation17NSKeyedUnarchiverC",
    "swift_getTypeByMangledName\0", "swift_getTypeByMangledNameInEnvironment\0",
  ]

  /// More than these are taken for all symbols of an SDK, exported because nobody asked the linker for less.
  private static let fewExports = 16

  func warnings(hasExecutableStack: Bool, hasTextRelocations: Bool) -> [PluginProblem] {
    var warnings: [PluginProblem] = []
    func warn(_ code: PluginProblem.Code, _ field: String, found: String, expected: String, remedy: String) {
      warnings.append(
        PluginProblem(code, severity: .warning, field: field, found: found, expected: expected, remedy: remedy))
    }
    if hasExecutableStack {
      warn(
        .executableStack, "stack", found: "an executable stack", expected: "one that holds data only",
        remedy: "link with -z noexecstack; assembler files need a section .note.GNU-stack")
    }
    if hasTextRelocations {
      warn(
        .textRelocations, "code", found: "addresses in code that the dynamic linker has to change",
        expected: "position-independent code", remedy: "compile with -fPIC")
    }
    if !typeLookups.isEmpty {
      warn(
        .looksUpTypes, "imports", found: typeLookups.joined(separator: ", "), expected: "no look-up of types by name",
        remedy: "after a hot swap the runtime finds the types of the first generation: switch over the names instead")
    }
    if exportCount > Self.fewExports {
      warn(
        .manyExports, "exports", found: "\(exportCount) symbols", expected: "\(GW_ENTRY_SYMBOL) alone",
        remedy: "build it with `gateway plugin build`, or link with a version script")
    }
    return warnings
  }
}
