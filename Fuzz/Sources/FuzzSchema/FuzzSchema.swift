import GatewayJSON
import GatewaySchema

/// A JSON text: `[schema, value, value…]`; a second line, if any, is a document the schema may refer to as
/// `other.json`. Invariants: no trap, no long run; a schema or a problem with a pointer that leads somewhere; both
/// paths agree on every value, and each violation reaches the answer.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let input = Array(UnsafeBufferPointer(start: data, count: count))
  let end = input.firstIndex(of: 10) ?? input.count
  guard case .array(let parts)? = try? JSONValue(parsing: input[..<end]), let root = parts.first else { return 0 }
  let other = try? JSONValue(parsing: input[min(end + 1, input.count)...])
  var documents: [String: JSONValue] = [:]
  if let other { documents["other.json"] = other }
  let options = SchemaCompiler.Options(assertsContent: true, maximumNodes: 2000)
  let compilation = SchemaCompiler.compile(
    root, name: "Root", named: ["Root": root], documents: documents, options: options)
  for problem in compilation.problems + compilation.warnings {
    require(!problem.message.isEmpty, "a problem says nothing")
    require(problem.pointer.isEmpty || problem.pointer.utf8.first == UInt8(ascii: "/"), "pointer \(problem.pointer)")
  }
  require((compilation.schema == nil) != compilation.problems.isEmpty, "neither a schema nor a problem, or both")
  guard let schema = compilation.schema else { return 0 }
  for value in parts.dropFirst().prefix(8) { check(schema, value) }
  // A schema is a value too, and a large one.
  check(schema, root)
  return 0
}

func check(_ schema: Schema, _ value: JSONValue) {
  var writer = JSONWriter()
  writer.value(value)
  guard let document = try? JSONDocument(writer.bytes) else { return }
  let isValid = schema.isValid(document)
  let violations = schema.violations(of: document)
  require(violations.isEmpty == isValid, "valid: \(isValid), violations: \(violations.entries)")
  var answer = JSONWriter()
  answer.beginArray()
  FastAPIViolationFormat().write(violations, of: document, into: &answer)
  answer.endArray()
  require(
    (try? JSONValue(parsing: answer.bytes))?.array?.count == violations.entries.count,
    "the answer is not what was found")
}

/// A broken invariant is a crash that libFuzzer keeps the input of.
func require(_ condition: Bool, _ message: @autoclosure () -> String) {
  if !condition { fatalError(message()) }
}
