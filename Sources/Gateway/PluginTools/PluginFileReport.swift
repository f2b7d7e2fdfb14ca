import GatewayJSON
import GatewayPluginHost

/// What `gateway plugin inspect` tells of a file. No code of it has run.
public struct PluginFileReport: Sendable {
  let inspection: PluginInspection
  private let requirements: PluginRequirements

  /// Reads all of the file at `path`.
  public static func read(path: String) -> PluginFileReport {
    let requirements = PluginRequirements.host
    return PluginFileReport(
      inspection: PluginInspection.read(path: path, requirements: requirements, isDetailed: true),
      requirements: requirements)
  }

  /// Whether this gateway would open it.
  public var isAcceptable: Bool { inspection.isAcceptable }

  /// One screen for a person.
  public var text: String {
    let name = inspection.path.split(separator: "/").last.map(String.init) ?? inspection.path
    var lines = ["\(Printable.text(name)): \(isAcceptable ? "fits this gateway" : "would be refused")", ""]
    for (label, value) in facts {
      lines.append("  \(label)\(String(repeating: " ", count: max(1, 11 - label.count)))\(value)")
    }
    if !facts.isEmpty, !inspection.problems.isEmpty { lines.append("") }
    for problem in inspection.problems {
      lines.append("\(problem.severity.rawValue): \(problem.field): found \(problem.found)")
      lines.append("  expected \(problem.expected)")
      lines.append("  \(problem.remedy)")
    }
    while lines.last == "" { lines.removeLast() }
    return lines.joined(separator: "\n")
  }

  private var facts: [(String, String)] {
    var facts: [(String, String)] = []
    if let identity = inspection.identity { facts.append(("size", "\(identity.size) bytes")) }
    if let digest = inspection.details?.digest { facts.append(("digest", "\(digest)")) }
    if let note = inspection.note {
      facts.append(("contract", "\(note.abi), this gateway has \(requirements.abi)"))
      facts.append(
        ("language", Printable.text(note.language) + (note.sdk == "none" ? "" : ", SDK \(Printable.text(note.sdk))")))
      facts.append(("compiler", Printable.text(note.compiler)))
    }
    if let machine = inspection.machine { facts.append(("machine", "\(machine)")) }
    if let details = inspection.details {
      if let id = details.buildID { facts.append(("build id", Self.hex(id))) }
      if inspection.machine != nil {
        facts.append(
          ("needs", inspection.neededLibraries.isEmpty ? "nothing" : inspection.neededLibraries.joined(separator: ", "))
        )
      }
      if details.exportCount > 0 { facts.append(("exports", exports(details))) }
      if let permissions = details.permissions {
        let folders = permissions.folders.map { "\(String($0.mode, radix: 8)) of \(Printable.text($0.path))" }
        facts.append(("mode", ([String(permissions.file, radix: 8)] + folders).joined(separator: ", ")))
      }
    }
    return facts
  }

  private func exports(_ details: PluginDetails) -> String {
    let hasEntry = !inspection.problems.contains { $0.code == .missingSymbol }
    let others = details.exportCount - (hasEntry ? 1 : 0)
    let entry = hasEntry ? "the entry" : "no entry"
    return others == 0 ? "\(entry) alone" : "\(entry) and \(others) more symbol\(others == 1 ? "" : "s")"
  }

  /// A JSON object.
  public var json: String {
    var writer = JSONWriter()
    writer.beginObject()
    writer.name("path")
    writer.string(inspection.path)
    writer.name("accepted")
    writer.bool(isAcceptable)
    if let identity = inspection.identity {
      writer.name("size")
      writer.number(identity.size)
    }
    if let digest = inspection.details?.digest {
      writer.name("digest")
      writer.string("\(digest)")
    }
    if let note = inspection.note {
      writer.name("note")
      writer.beginObject()
      for (name, value) in [
        ("contract", "\(note.abi)"), ("language", note.language), ("sdk", note.sdk), ("compiler", note.compiler),
      ] {
        writer.name(name)
        writer.string(value)
      }
      writer.endObject()
    }
    if let machine = inspection.machine {
      writer.name("machine")
      writer.string("\(machine)")
    }
    writer.name("needs")
    writer.strings(inspection.neededLibraries)
    if let details = inspection.details {
      if let id = details.buildID {
        writer.name("build_id")
        writer.string(Self.hex(id))
      }
      writer.name("export_count")
      writer.number(details.exportCount)
      writer.name("exports")
      writer.strings(details.exports)
      writer.name("type_lookups")
      writer.strings(details.typeLookups)
      if let permissions = details.permissions { write(permissions, to: &writer) }
    }
    writer.name("problems")
    writer.beginArray()
    for problem in inspection.problems { writer.problem(problem) }
    writer.endArray()
    writer.endObject()
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  private func write(_ permissions: PluginPermissions, to writer: inout JSONWriter) {
    writer.name("mode")
    writer.string(String(permissions.file, radix: 8))
    writer.name("folders")
    writer.beginArray()
    for folder in permissions.folders {
      writer.beginObject()
      writer.name("path")
      writer.string(folder.path)
      writer.name("mode")
      writer.string(String(folder.mode, radix: 8))
      writer.endObject()
    }
    writer.endArray()
  }

  private static func hex(_ bytes: [UInt8]) -> String {
    bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
  }
}

extension JSONWriter {
  mutating func problem(_ problem: PluginProblem) {
    beginObject()
    for (key, value) in [
      ("code", problem.code.rawValue), ("severity", problem.severity.rawValue), ("field", problem.field),
      ("found", problem.found), ("expected", problem.expected), ("remedy", problem.remedy),
    ] {
      name(key)
      string(value)
    }
    endObject()
  }
}
