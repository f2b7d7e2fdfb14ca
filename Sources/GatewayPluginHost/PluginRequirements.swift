import CGatewayPlugin

/// What this host asks of a plugin file.
public struct PluginRequirements: Sendable, Equatable {
  public let abi: PluginABI
  /// As `cc` in a note says it.
  public let compiler: String
  public let machine: ELFMachine

  public init(abi: PluginABI, compiler: String, machine: ELFMachine) {
    self.abi = abi
    self.compiler = compiler
    self.machine = machine
  }

  /// Those of the running image.
  public static let host = PluginRequirements(
    abi: PluginABI(major: UInt16(GW_ABI_MAJOR), minor: UInt16(GW_ABI_MINOR)),
    compiler: String(cString: gw_host_compiler()), machine: .host)

  /// Everything in a note that does not fit. Same major; the plugin's minor is not above the host's; a Swift plugin
  /// was built by the host's own compiler, because both share one Swift runtime, whose ABI holds for one compiler only.
  public func problems(of note: PluginNote) -> [PluginProblem] {
    var problems: [PluginProblem] = []
    if note.abi.major != abi.major {
      problems.append(
        PluginProblem(
          .otherMajor, field: "abi", found: "contract \(note.abi)", expected: "contract \(abi.major).x",
          remedy: note.abi.major < abi.major
            ? "rebuild the plugin with an SDK for contract \(abi.major)"
            : "use a gateway for contract \(note.abi.major), or rebuild the plugin with an SDK for contract \(abi.major)"
        ))
    } else if note.abi.minor > abi.minor {
      problems.append(
        PluginProblem(
          .newerMinor, field: "abi", found: "contract \(note.abi)", expected: "contract \(abi) or older",
          remedy: "upgrade the gateway, or build the plugin with an older SDK"))
    }
    if note.language == "swift", note.compiler != compiler {
      problems.append(
        PluginProblem(
          .otherCompiler, field: "compiler", found: Printable.quoted(note.compiler),
          expected: Printable.quoted(compiler),
          remedy: "build the plugin and the gateway with the same Swift toolchain"))
    }
    return problems
  }
}
