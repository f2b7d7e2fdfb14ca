import Foundation
import GatewayJSON
import GatewayOpenAPI

/// Official test data, kept outside the repository: `GATEWAY_CORPORA`, or `shared/corpora` beside the checkout.
enum Corpora {
  static let openAPI: URL? = {
    let environment = ProcessInfo.processInfo.environment["GATEWAY_CORPORA"].map { URL(fileURLWithPath: $0) }
    var package = URL(fileURLWithPath: #filePath)
    for _ in 0..<3 { package.deleteLastPathComponent() }
    let beside = package.deletingLastPathComponent().appendingPathComponent("shared/corpora")
    return [environment, beside].compactMap { $0?.appendingPathComponent("openapi-3.1") }
      .first { FileManager.default.fileExists(atPath: $0.path) }
  }()

  static func documents(_ folder: String) -> [(name: String, value: JSONValue)] {
    guard let url = openAPI?.appendingPathComponent(folder) else { return [] }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? []
    return names.filter { $0.hasSuffix(".yaml") }.sorted().compactMap { name in
      guard let bytes = try? [UInt8](Data(contentsOf: url.appendingPathComponent(name))),
        let value = OpenAPISource.parse(bytes, name: name).document
      else { return nil }
      return (name, value)
    }
  }
}

/// Validators that others wrote, in Python: `GATEWAY_PYTHON`, or `python3`, with openapi-spec-validator installed.
enum OutsideValidator {
  static let why = "needs Python with openapi-spec-validator; set GATEWAY_PYTHON"

  static let python: String? = {
    let candidates = [ProcessInfo.processInfo.environment["GATEWAY_PYTHON"], "/usr/bin/python3"].compactMap { $0 }
    return candidates.first { run($0, ["-c", "import openapi_spec_validator, jsonschema, yaml"])?.status == 0 }
  }()

  /// What is wrong, as `(document, message)`; empty where all are valid.
  static func problems(_ documents: [JSONValue]) throws -> [(document: Int, message: String)] {
    guard let python else { throw Failure(message: why) }
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("openapi-\(UUID().uuidString).jsonl")
    defer { try? FileManager.default.removeItem(at: file) }
    var bytes: [UInt8] = []
    for document in documents { bytes += OpenAPIDocument.bytes(of: document) + [UInt8(ascii: "\n")] }
    try Data(bytes).write(to: file)
    let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("validate.py").path
    let schema = Corpora.openAPI.map { [$0.appendingPathComponent("validation-schemas").path] } ?? []
    guard let result = run(python, [script, file.path] + schema), result.status == 0 else {
      throw Failure(message: "the validator itself failed")
    }
    return result.output.split(separator: "\n").map { line in
      let parts = line.split(separator: "\t", maxSplits: 1)
      return (Int(parts.first ?? "") ?? -1, String(parts.last ?? ""))
    }
  }

  struct Failure: Error { var message: String }

  private static func run(_ program: String, _ arguments: [String]) -> (status: Int32, output: String)? {
    guard FileManager.default.isExecutableFile(atPath: program) else { return nil }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return nil }
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: data, as: UTF8.self))
  }
}

func json(_ text: String) throws -> JSONValue { try JSONValue(parsing: text) }

extension JSONValue {
  /// The value at a JSON Pointer.
  func at(_ pointer: String) -> JSONValue? {
    var value = self
    for token in pointer.split(separator: "/", omittingEmptySubsequences: false).dropFirst() {
      let name = token.split(separator: "~1", omittingEmptySubsequences: false).joined(separator: "/")
      if let items = value.array {
        guard let index = Int(name), items.indices.contains(index) else { return nil }
        value = items[index]
      } else {
        guard let member = value[name] else { return nil }
        value = member
      }
    }
    return value
  }

  var names: [String] { object?.members.map(\.name) ?? [] }
}
