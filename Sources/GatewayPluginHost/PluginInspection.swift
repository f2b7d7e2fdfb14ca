import CGatewayPlugin
import Glibc

/// A plugin file read from outside: no code of it has run, the process is unchanged.
public struct PluginInspection: Sendable {
  public let path: String
  /// Nil where it could not be opened.
  public let identity: FileIdentity?
  /// Nil where there is none, or a malformed one.
  public let note: PluginNote?
  /// Names of the libraries that it needs.
  public let neededLibraries: [String]
  /// Instruction set; nil where it is no ELF file.
  public let machine: ELFMachine?
  /// What costs more to find; nil where it was not asked for, or not found.
  public let details: PluginDetails?
  /// Everything that does not fit, and warnings.
  public let problems: [PluginProblem]

  /// Whether it may be opened: there are at most warnings.
  public var isAcceptable: Bool { !problems.contains { $0.severity == .error } }

  /// Reads the file at `path` and compares it with `requirements`.
  ///
  /// - Parameter isDetailed: reads all of the file, for `details` and warnings about them; otherwise a few kilobytes.
  public static func read(
    path: String, requirements: PluginRequirements = .host, isDetailed: Bool = false
  ) -> PluginInspection {
    var reader = PluginFileReader(requirements: requirements, isDetailed: isDetailed)
    let identity = reader.read(path: path)
    return PluginInspection(path, identity, reader)
  }

  /// The same for a file that is open already. Whether others could change it is not looked at.
  static func read(_ file: ReadableFile, path: String, requirements: PluginRequirements) -> PluginInspection {
    var reader = PluginFileReader(requirements: requirements, isDetailed: false)
    reader.read(.file(file))
    return PluginInspection(path, file.identity, reader)
  }

  /// The same for bytes in memory: everything but what only a file has.
  public static func read(
    bytes: [UInt8], requirements: PluginRequirements = .host, isDetailed: Bool = false
  ) -> PluginInspection {
    var reader = PluginFileReader(requirements: requirements, isDetailed: isDetailed)
    reader.read(.memory(bytes))
    return PluginInspection("", nil, reader)
  }

  private init(_ path: String, _ identity: FileIdentity?, _ reader: PluginFileReader) {
    self.path = path
    self.identity = identity
    note = reader.note
    neededLibraries = reader.neededLibraries
    machine = reader.machine
    details = reader.details
    problems = reader.problems
  }
}

/// Gathers problems on the way through a file, from the outside in. Stops only where the rest cannot be read.
private struct PluginFileReader {
  let requirements: PluginRequirements
  let isDetailed: Bool
  var note: PluginNote?
  var neededLibraries: [String] = []
  var machine: ELFMachine?
  var details: PluginDetails?
  var problems: [PluginProblem] = []

  init(requirements: PluginRequirements, isDetailed: Bool) {
    self.requirements = requirements
    self.isDetailed = isDetailed
  }

  private mutating func add(
    _ code: PluginProblem.Code, severity: PluginProblem.Severity = .error, _ field: String, found: String,
    expected: String, remedy: String
  ) {
    problems.append(
      PluginProblem(code, severity: severity, field: field, found: found, expected: expected, remedy: remedy))
  }

  mutating func read(path: String) -> FileIdentity? {
    // C ends a path at a NUL: another file would be opened than the one that was named.
    guard !path.isEmpty, !path.utf8.contains(0) else {
      add(
        .notFound, "file", found: path.isEmpty ? "an empty path" : Printable.quoted(path),
        expected: "the path of a shared library", remedy: "correct the path")
      return nil
    }
    let file: ReadableFile
    do throws(ReadableFile.Failure) {
      file = try ReadableFile.open(path)
    } catch {
      add(failure: error)
      return nil
    }
    let permissions = PluginPermissions(path: path, file: file)
    problems += permissions.problems
    if isDetailed {
      // Before its parts are looked at: what is told of them belongs to these bytes.
      do throws(ReadableFile.Failure) {
        details = PluginDetails(digest: try FileDigest.sha256(of: file), permissions: permissions)
      } catch { add(failure: error) }
    }
    read(.file(file))
    return file.identity
  }

  private mutating func add(failure: ReadableFile.Failure) {
    switch failure {
    case .notAFile(let kind):
      add(
        .notAFile, "file", found: kind, expected: "a shared library",
        remedy: "give the path of the plugin's .so file")
    case .system(let code):
      let reason = String(cString: strerror(code))
      if code == ENOENT || code == ENOTDIR {
        add(
          .notFound, "file", found: "nothing (\(reason))", expected: "a shared library",
          remedy: "build the plugin, or correct the path")
      } else {
        add(
          .unreadable, "file", found: reason, expected: "a readable file",
          remedy: "let the gateway's user read the file and search its directories")
      }
    }
  }

  mutating func read(_ bytes: ELFBytes) {
    attempt { (reader) throws(ELFFault) in
      let start = try bytes.read(ELFRange(offset: 0, count: min(bytes.size, 64)), "file header").bytes
      guard let identity = ELFIdentity(start) else {
        return reader.add(
          .notELF, "format", found: Self.formatName(start), expected: "an ELF shared library",
          remedy: "give the library that the plugin's build produced for Linux")
      }
      reader.machine = identity.machine
      guard reader.check(identity) else { return }
      let file = try ELFFile(bytes)
      var isShared = identity.type == .shared
      if isShared, file.dynamic == nil || file.dynamic?.isExecutable == true {
        reader.notShared(file.dynamic == nil ? "a file without dynamic section" : "a position-independent executable")
        isShared = false
      }
      // One of these being unreadable does not keep the others from being checked.
      reader.attempt { (reader) throws(ELFFault) in try reader.readNote(file) }
      guard isShared else { return }
      reader.attempt { (reader) throws(ELFFault) in try reader.checkSymbol(file) }
      reader.attempt { (reader) throws(ELFFault) in
        reader.neededLibraries = try file.neededLibraries().map { Printable.text($0) }
      }
      guard reader.isDetailed else { return }
      reader.attempt { (reader) throws(ELFFault) in try reader.readDetails(file) }
    }
  }

  private mutating func attempt(_ step: (inout Self) throws(ELFFault) -> Void) {
    do throws(ELFFault) { try step(&self) } catch { add(fault: error) }
  }

  private mutating func add(fault: ELFFault) {
    let code: PluginProblem.Code
    let remedy: String
    switch fault {
    case .truncated: (code, remedy) = (.truncated, "copy the file again, whole")
    case .malformed: (code, remedy) = (.malformedELF, "build the plugin again")
    case .unreadable: (code, remedy) = (.unreadable, "check the disk or file system it is on")
    }
    add(code, "format", found: Printable.text(fault.description), expected: "a whole ELF file", remedy: remedy)
  }

  /// False where nothing behind the first 20 bytes can be read.
  private mutating func check(_ identity: ELFIdentity) -> Bool {
    if identity.machine != requirements.machine {
      add(
        .otherMachine, "machine", found: "\(identity.machine)", expected: "\(requirements.machine), as this host is",
        remedy: "build the plugin for \(requirements.machine)")
    }
    if identity.bits != 64 {
      add(
        .otherClass, "class", found: identity.bits.map { "\($0)-bit" } ?? "an unknown class", expected: "64-bit",
        remedy: "build the plugin for \(requirements.machine)")
    }
    if identity.isLittleEndian != true {
      add(
        .otherEndianness, "byte order", found: identity.isLittleEndian == false ? "big-endian" : "an unknown one",
        expected: "little-endian", remedy: "build the plugin for \(requirements.machine)")
    }
    if identity.type != .shared { notShared("\(identity.type)") }
    return identity.bits == 64 && identity.isLittleEndian == true
  }

  private mutating func notShared(_ found: String) {
    add(
      .notASharedLibrary, "type", found: found, expected: "a shared library",
      remedy: "link the plugin as a dynamic library (SwiftPM: `type: .dynamic`; C: `-shared -fPIC`)")
  }

  private mutating func readNote(_ file: ELFFile) throws(ELFFault) {
    let descriptors = try file.notes(name: "Gateway", type: UInt32(GW_NOTE_TYPE), section: ".note.gateway")
    guard let descriptor = descriptors.first else {
      return add(
        .noNote, "note", found: "nothing", expected: "an ELF note named \(GW_NOTE_NAME)",
        remedy: "this is no gateway plugin, or it lost the note: build it with the Swift SDK, or put GW_PLUGIN_NOTE "
          + "into one C file")
    }
    // One image with two opinions of itself; which of them is true cannot be known.
    guard descriptors.allSatisfy({ $0 == descriptor }) else {
      return add(
        .malformedNote, "note", found: "\(descriptors.count) notes that differ", expected: "one",
        remedy: "link one SDK only, and use GW_PLUGIN_NOTE once")
    }
    do throws(PluginProblemList) {
      let note = try PluginNote.parse(descriptor)
      self.note = note
      problems += requirements.problems(of: note)
    } catch {
      problems += error.problems
    }
  }

  private mutating func readDetails(_ file: ELFFile) throws(ELFFault) {
    var details = details ?? PluginDetails(digest: nil, permissions: nil)
    let table = try file.symbolTable(imports: PluginDetails.typeLookups.map { Array($0.utf8) })
    details.exports = table.exports
    details.exportCount = table.exportCount
    details.typeLookups = table.imports.sorted()
    details.buildID = try file.notes(name: "GNU", type: 3, section: ".note.gnu.build-id").first
    self.details = details
    problems += details.warnings(
      hasExecutableStack: file.wantsExecutableStack, hasTextRelocations: file.dynamic?.hasTextRelocations == true)
  }

  private mutating func checkSymbol(_ file: ELFFile) throws(ELFFault) {
    let symbol = try file.exportedSymbol(named: GW_ENTRY_SYMBOL)
    guard symbol?.isFunction != true else { return }
    add(
      .missingSymbol, "entry", found: symbol == nil ? "no exported symbol of this name" : "a variable",
      expected: "a function \(GW_ENTRY_SYMBOL)",
      remedy: "define \(GW_ENTRY_SYMBOL) and let the linker export it (default visibility)")
  }

  /// A guess that helps: what people really give by mistake.
  private static func formatName(_ bytes: [UInt8]) -> String {
    func starts(_ prefix: [UInt8]) -> Bool { bytes.starts(with: prefix) }
    if bytes.isEmpty { return "an empty file" }
    if starts(ELFIdentity.magic) { return "an ELF file of \(bytes.count) bytes" }
    if starts(Array("!<arch>".utf8)) { return "a static library" }
    if starts(Array("#!".utf8)) { return "a script" }
    if starts([0xCF, 0xFA, 0xED, 0xFE]) || starts([0xCA, 0xFE, 0xBA, 0xBE]) {
      return "a macOS binary"
    }
    if starts([0x00, 0x61, 0x73, 0x6D]) { return "a WebAssembly module" }
    if starts([0x4D, 0x5A]) { return "a Windows binary" }
    if starts(Array("/* GNU ld script".utf8)) || starts(Array("INPUT".utf8)) { return "a linker script" }
    return "a file that begins with " + Printable.quoted(Array(bytes.prefix(16)))
  }
}
