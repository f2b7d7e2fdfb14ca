import GatewayJSON
import GatewaySchema

#if canImport(Glibc)
  import Glibc
#endif

// Reads a request a line, writes an answer a line, for the differential test in this folder.
//
//   {"schema": …, "documents": […], "mode": "lax"}   ->  [{"value": …} | {"errors": [entries]}, …]
//
// A schema that does not compile is {"problems": […]}.

func answer(_ line: String) -> [UInt8] {
  var writer = JSONWriter()
  do throws(JSONSyntaxError) {
    let limits = JSONLimits(depth: 512, duplicateKeys: .lastWins)
    let request = try JSONValue(parsing: Array(line.utf8), limits: limits)
    let compilation = SchemaCompiler.compile(request["schema"] ?? .null)
    guard let schema = compilation.schema else {
      writer.value(.object(JSONObject([("problems", .array(compilation.problems.map { .string("\($0)") }))])))
      return writer.bytes
    }
    var output = CoercedDocument()
    writer.beginArray()
    for text in request["documents"]?.array ?? [] {
      let document = try JSONDocument(Array((text.string ?? "").utf8), limits: limits)
      writer.beginObject()
      switch schema.coerce(document, mode: request["mode"] == "strict" ? .strict : .lax, limit: 1000, into: &output) {
      case .unchanged:
        writer.name("value")
        writer.value(document.value())
      case .rewritten:
        writer.name("value")
        writer.value(output.document.value())
      case .invalid(let violations):
        writer.name("errors")
        writer.beginArray()
        FastAPIViolationFormat(maximumInputBytes: 1_000_000).write(
          violations, of: document, location: [], into: &writer)
        writer.endArray()
      }
      writer.endObject()
    }
    writer.endArray()
  } catch {
    var failure = JSONWriter()
    failure.value(.object(JSONObject([("problems", .array([.string("\(error)")]))])))
    return failure.bytes
  }
  return writer.bytes
}

while let line = readLine() {
  print(String(decoding: answer(line), as: UTF8.self))
  // A pipe is buffered whole, and the other side waits for each line.
  fflush(nil)
}
