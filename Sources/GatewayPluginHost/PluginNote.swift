import CGatewayPlugin

/// What a plugin says about itself before any of its code runs: the text of its ELF note.
public struct PluginNote: Sendable, Equatable {
  public let abi: PluginABI
  /// Source language, such as `swift` or `c`.
  public let language: String
  /// Version of the SDK that was used, or `none`.
  public let sdk: String
  /// The compiler's own version string.
  public let compiler: String

  public init(abi: PluginABI, language: String, sdk: String, compiler: String) {
    self.abi = abi
    self.language = language
    self.sdk = sdk
    self.compiler = compiler
  }

  /// Bytes of a note's text. A compiler's version string is about 100.
  static let longestText = 1024

  /// Reads `key=value` pairs joined by `;`, padded with NUL. Keys that this version does not know are skipped, so that
  /// a later SDK may say more. Lists every fault.
  public static func parse(_ descriptor: [UInt8]) throws(PluginProblemList) -> PluginNote {
    var faults: [PluginProblem] = []
    func fault(_ field: String, found: String, expected: String) {
      faults.append(
        PluginProblem(
          .malformedNote, field: field, found: found, expected: expected,
          remedy: "build the plugin with the Swift SDK, or emit the note with GW_PLUGIN_NOTE of gateway_plugin.h"))
    }

    let end = descriptor.firstIndex(of: 0) ?? descriptor.count
    guard end <= longestText else {
      fault("note", found: "\(end) bytes", expected: "at most \(longestText) bytes")
      throw PluginProblemList(faults)
    }
    guard let text = String(validating: descriptor[..<end], as: UTF8.self), descriptor[end...].allSatisfy({ $0 == 0 })
    else {
      fault("note", found: Printable.quoted(descriptor), expected: "UTF-8 text, padded with NUL")
      throw PluginProblemList(faults)
    }

    var values: [Substring: Substring] = [:]
    for pair in text.split(separator: ";", omittingEmptySubsequences: false) {
      guard let equals = pair.firstIndex(of: "="), equals != pair.startIndex else {
        fault("note", found: Printable.quoted(pair), expected: "key=value")
        continue
      }
      let key = pair[..<equals]
      if values.updateValue(pair[pair.index(after: equals)...], forKey: key) != nil {
        fault("note.\(Printable.text(key))", found: "twice", expected: "once")
      }
    }
    for key in ["abi", "lang", "sdk", "cc"] where values[Substring(key), default: ""].isEmpty {
      fault("note.\(key)", found: values[Substring(key)] == nil ? "nothing" : "an empty value", expected: "a value")
    }
    var abi: PluginABI?
    if let version = values["abi"], !version.isEmpty {
      abi = PluginABI(version)
      if abi == nil { fault("note.abi", found: Printable.quoted(version), expected: "major.minor, such as 1.0") }
    }
    guard faults.isEmpty, let abi, let language = values["lang"], let sdk = values["sdk"], let compiler = values["cc"]
    else { throw PluginProblemList(faults) }
    return PluginNote(abi: abi, language: String(language), sdk: String(sdk), compiler: String(compiler))
  }
}

/// Version of the contract.
public struct PluginABI: Sendable, Equatable, CustomStringConvertible {
  public let major: UInt16
  public let minor: UInt16

  public init(major: UInt16, minor: UInt16) {
    self.major = major
    self.minor = minor
  }

  /// Decimal digits, a dot, decimal digits; nothing else.
  init?(_ text: some StringProtocol) {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    // UInt16.init accepts a sign, a version does not.
    guard parts.count == 2, text.utf8.allSatisfy({ $0 == 0x2E || (0x30...0x39).contains($0) }),
      let major = UInt16(parts[0]), let minor = UInt16(parts[1])
    else { return nil }
    self.init(major: major, minor: minor)
  }

  public var description: String { "\(major).\(minor)" }
}
