import GatewayJSON
import GatewaySchema
import Testing

/// Compiles a schema written as JSON text; problems fail the test.
func compiled(
  _ text: String, named: [String: JSONValue] = [:], sourceLocation: SourceLocation = #_sourceLocation
) throws -> Schema {
  let compilation = SchemaCompiler.compile(try JSONValue(parsing: text), named: named)
  #expect(compilation.problems.isEmpty, sourceLocation: sourceLocation)
  return try #require(compilation.schema, sourceLocation: sourceLocation)
}

extension Schema {
  func accepts(_ text: String) throws -> Bool {
    let document = try JSONDocument(Array(text.utf8))
    return isValid(document)
  }

  func complaints(about text: String, limit: Int = 100) throws -> Violations {
    let document = try JSONDocument(Array(text.utf8))
    return violations(of: document, limit: limit)
  }

  /// The entries of FastAPI's answer.
  func entries(for text: String, format: FastAPIViolationFormat = FastAPIViolationFormat(), limit: Int = 100) throws
    -> [String]
  {
    let document = try JSONDocument(Array(text.utf8))
    var writer = JSONWriter()
    writer.beginArray()
    format.write(violations(of: document, limit: limit), of: document, into: &writer)
    writer.endArray()
    return try (JSONValue(parsing: writer.bytes).array ?? []).map { entry in
      var writer = JSONWriter()
      writer.value(entry)
      return String(decoding: writer.bytes, as: UTF8.self)
    }
  }
}

func problems(_ text: String, named: [String: JSONValue] = [:]) throws -> [String] {
  SchemaCompiler.compile(try JSONValue(parsing: text), named: named).problems.map(\.description)
}

func warnings(_ text: String) throws -> [String] {
  SchemaCompiler.compile(try JSONValue(parsing: text)).warnings.map(\.description)
}
