import GatewayConfiguration
import GatewayYAML

/// Any bytes, as a configuration file: parsed, decoded, checked, and every diagnostic written out. Invariants: no trap;
/// what is not usable has an error; every node and diagnostic lies inside the file; text for terminals moves no cursor.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let input = Array(UnsafeBufferPointer(start: data, count: count))
  let documents = YAMLDocuments.parse(input, name: "fuzz.yaml")
  for document in documents.documents { check(document, input.count) }
  for issue in documents.issues { check(issue.mark, input.count) }

  let environment = Environment(
    variables: ["HOME": "/home", "N": "5", "STAR": "*"],
    files: ["fuzz.yaml": input, "schema.json": Array("{\"type\": 5}".utf8), "dir/file": []])
  let result = ConfigurationLoader.load(path: "fuzz.yaml", environment: environment)
  require(result.file != nil || result.diagnostics.hasErrors, "no file and no error")
  require(documents.issues.isEmpty || result.diagnostics.hasErrors, "an issue of the text was lost")
  for diagnostic in result.diagnostics.all {
    require(!diagnostic.message.isEmpty, "\(diagnostic.code.rawValue) says nothing")
    guard let span = diagnostic.span, let source = result.sources.named(diagnostic.file) else { continue }
    require(span.line >= 1 && span.column >= 1 && span.line <= source.lineCount, "span \(span)")
    require((span.line, span.column) <= (span.endLine, span.endColumn), "span \(span)")
  }
  let text = DiagnosticRenderer(sources: result.sources).text(result.diagnostics)
  require(
    text.unicodeScalars.allSatisfy { $0 == "\n" || $0.value >= 0x20 && !(0x7F..<0xA0).contains($0.value) },
    "control characters in the text for people")
  require(
    result.diagnostics.json.array?.count == result.diagnostics.all.count, "diagnostics were lost on the way to JSON")
  return 0
}

/// A broken invariant is a crash that libFuzzer keeps the input of.
func require(_ condition: Bool, _ message: @autoclosure () -> String) {
  if !condition { fatalError(message()) }
}

func check(_ mark: Mark, _ count: Int) {
  require(mark.line >= 1 && mark.column >= 1 && mark.offset <= mark.end && mark.end <= count, "mark \(mark) of \(count)")
}

/// Aliased parts are shared: the same node may come often, so only its own part of the tree is walked.
func check(_ node: YAMLNode, _ count: Int) {
  check(node.mark, count)
  guard node.alias == nil else { return }
  switch node.content {
  case .scalar: break
  case .sequence(let items): for item in items { check(item, count) }
  case .mapping(let pairs):
    for pair in pairs {
      check(pair.key, count)
      check(pair.value, count)
    }
  }
}
