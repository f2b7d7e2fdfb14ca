import Foundation
import GatewayJSON
import GatewaySchema

/// Files of the official JSON Schema test suite, draft 2020-12.
struct SchemaTestSuite {
  struct Group {
    var file: String
    var description: String
    var schema: JSONValue
    var tests: [(description: String, data: JSONValue, valid: Bool)]

    var name: String { "\(file) / \(description)" }
  }

  static func groups(in directory: String) throws -> [Group] {
    var groups: [Group] = []
    for file in Corpora.files("json-schema-test-suite/tests/draft2020-12/\(directory)", suffix: ".json") {
      let value = try JSONValue(parsing: [UInt8](try Data(contentsOf: file)))
      for group in value.array ?? [] {
        let tests = (group["tests"]?.array ?? []).map {
          ($0["description"]?.string ?? "", $0["data"] ?? .null, $0["valid"]?.bool ?? false)
        }
        groups.append(
          Group(
            file: file.lastPathComponent, description: group["description"]?.string ?? "",
            schema: group["schema"] ?? .null, tests: tests))
      }
    }
    return groups
  }

  /// What the suite's references lead to: its own documents at http://localhost:1234/, and the standard's meta-schemas
  /// at their `$id`.
  static func documents() throws -> [String: JSONValue] {
    var documents: [String: JSONValue] = [:]
    let remotes = "json-schema-test-suite/remotes"
    for directory in ["", "draft2020-12", "draft2019-09"] {
      for folder in ["", "baseUriChange", "baseUriChangeFolder", "baseUriChangeFolderInSubschema", "nested"] {
        let path = [directory, folder].filter { !$0.isEmpty }.joined(separator: "/")
        for file in Corpora.files(path.isEmpty ? remotes : "\(remotes)/\(path)", suffix: ".json") {
          let address = "http://localhost:1234/" + (path.isEmpty ? "" : path + "/") + file.lastPathComponent
          documents[address] = try JSONValue(parsing: [UInt8](try Data(contentsOf: file)))
        }
      }
    }
    for file in Corpora.files("json-schema-2020-12-metaschemas", suffix: ".json") {
      let value = try JSONValue(parsing: [UInt8](try Data(contentsOf: file)))
      if let address = value["$id"]?.string { documents[address] = value }
    }
    return documents
  }

  enum Outcome {
    case passed(Int)
    case failed([String])
    case notCompiled([SchemaProblem])
  }

  /// Asks both paths, which must agree.
  static func run(
    _ group: Group, documents: [String: JSONValue], options: SchemaCompiler.Options
  ) throws -> Outcome {
    let compilation = SchemaCompiler.compile(group.schema, documents: documents, options: options)
    guard let schema = compilation.schema else { return .notCompiled(compilation.problems) }
    var failures: [String] = []
    for test in group.tests {
      var writer = JSONWriter()
      writer.value(test.data)
      let document = try JSONDocument(writer.bytes)
      let isValid = schema.isValid(document)
      let violations = schema.violations(of: document)
      if isValid != test.valid { failures.append("\(test.description): expected \(test.valid)") }
      if violations.isEmpty != isValid { failures.append("\(test.description): the two paths disagree") }
    }
    return failures.isEmpty ? .passed(group.tests.count) : .failed(failures)
  }
}
