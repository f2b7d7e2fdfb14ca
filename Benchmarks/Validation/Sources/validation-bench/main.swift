import GatewayJSON
import GatewaySchema
import Glibc

// validation-bench SCHEMA DOCUMENT: compiles the schema, then reads lines "WORK COUNT" and answers each with the
// nanoseconds that COUNT runs of WORK took. WORK: parse, validate (parse and "valid?"), write (the parsed value).

func readFile(_ path: String) -> [UInt8]? {
  guard let file = fopen(path, "r") else { return nil }
  defer { fclose(file) }
  var bytes: [UInt8] = []
  var chunk = [UInt8](repeating: 0, count: 65536)
  while true {
    let count = fread(&chunk, 1, chunk.count, file)
    if count == 0 { return bytes }
    bytes += chunk[..<count]
  }
}

func fail(_ message: String) -> Never {
  let line = "validation-bench: \(message)\n"
  _ = line.withCString { write(2, $0, strlen($0)) }
  exit(1)
}

func nanoseconds() -> Int {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return time.tv_sec * 1_000_000_000 + time.tv_nsec
}

/// Runs that gave the expected answer: so the work cannot be optimised away, and a wrong answer is seen.
func run(_ work: Substring, _ count: Int, _ schema: Schema, _ text: [UInt8], _ document: inout JSONDocument) -> Int {
  text.withUnsafeBytes { bytes in
    var good = 0
    switch work {
    case "parse":
      for _ in 0..<count where (try? document.parse(bytes)) != nil { good += 1 }
    case "validate":
      for _ in 0..<count where (try? document.parse(bytes)) != nil && schema.isValid(document) { good += 1 }
    case "write":
      guard (try? document.parse(bytes)) != nil else { return 0 }
      var writer = JSONWriter()
      for _ in 0..<count {
        writer.bytes.removeAll(keepingCapacity: true)
        document.withTape { writer.value($0, 0) }
        if !writer.bytes.isEmpty { good += 1 }
      }
    default: fail("unknown work '\(work)'")
    }
    return good
  }
}

guard CommandLine.arguments.count == 3 else { fail("usage: validation-bench SCHEMA DOCUMENT") }
guard let schemaText = readFile(CommandLine.arguments[1]), let text = readFile(CommandLine.arguments[2]) else {
  fail("cannot read the schema or the document")
}
guard let schemaValue = try? JSONValue(parsing: schemaText), let schema = SchemaCompiler.compile(schemaValue).schema
else { fail("the schema does not compile") }
var document = JSONDocument()
while let line = readLine() {
  let words = line.split(separator: " ")
  guard words.count == 2, let count = Int(words[1]) else { fail("expected WORK COUNT") }
  let start = nanoseconds()
  let good = run(words[0], count, schema, text, &document)
  let end = nanoseconds()
  guard good == count else { fail("\(words[0]): \(count - good) of \(count) runs refused the document") }
  print(end - start)
  fflush(nil)
}
