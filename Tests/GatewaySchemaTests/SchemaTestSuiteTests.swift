import GatewayJSON
import GatewaySchema
import Testing

/// The official suite, both paths (`isValid` and `violations`) on every test.
@Suite(.enabled(if: Corpora.directory("json-schema-test-suite") != nil, "corpora absent: set GATEWAY_CORPORA"))
struct SchemaTestSuiteTests {
  /// By default `format` is an annotation (Validation §7.2.1), and format.json holds us to it.
  @Test func everyRequiredTestPasses() throws {
    let outcome = try run("", options: SchemaCompiler.Options(assertsFormats: false))
    #expect(outcome.total == 1299)
    #expect(outcome.failures == SchemaTestSuiteExceptions.required.keys.sorted())
    #expect(outcome.passed == 1299)
  }

  @Test func everyOptionalTestPassesOrItsGroupIsListed() throws {
    let outcome = try run("optional", options: SchemaCompiler.Options())
    #expect(outcome.failures == SchemaTestSuiteExceptions.optional.keys.sorted())
  }

  @Test func everyFormatTestPassesOrItsGroupIsListed() throws {
    let outcome = try run("optional/format", options: SchemaCompiler.Options())
    #expect(outcome.failures == SchemaTestSuiteExceptions.formats.keys.sorted())
    #expect(outcome.total > 700)
  }

  @Test func theStandardsOwnMetaSchemaAcceptsEverySchemaOfTheSuite() throws {
    let documents = try SchemaTestSuite.documents()
    let metaschema = try #require(
      SchemaCompiler.compile(["$ref": "https://json-schema.org/draft/2020-12/schema"], documents: documents).schema)
    for group in try SchemaTestSuite.groups(in: "") {
      var writer = JSONWriter()
      writer.value(group.schema)
      #expect(try metaschema.accepts(String(decoding: writer.bytes, as: UTF8.self)), "\(group.name)")
    }
    #expect(try !metaschema.accepts(#"{"properties":{"a":{"minLength":-1}}}"#))
    #expect(try !metaschema.accepts(#"{"allOf":[{"not":{"$defs":{"x":{"type":"strin"}}}}]}"#))
  }

  private func run(
    _ directory: String, options: SchemaCompiler.Options
  ) throws -> (failures: [String], passed: Int, total: Int) {
    let documents = try SchemaTestSuite.documents()
    var failures: [String] = []
    var passed = 0
    var total = 0
    for group in try SchemaTestSuite.groups(in: directory) {
      total += group.tests.count
      let reason: String
      switch try SchemaTestSuite.run(group, documents: documents, options: options) {
      case .passed(let count):
        passed += count
        continue
      case .failed(let details): reason = details.joined(separator: "; ")
      case .notCompiled(let problems): reason = problems.map(\.description).joined(separator: "; ")
      }
      failures.append(group.name)
      let listed = [
        SchemaTestSuiteExceptions.required, SchemaTestSuiteExceptions.optional, SchemaTestSuiteExceptions.formats,
      ].contains { $0[group.name] != nil }
      if !listed { Issue.record("\(group.name): \(reason)") }
    }
    return (failures.sorted(), passed, total)
  }
}
