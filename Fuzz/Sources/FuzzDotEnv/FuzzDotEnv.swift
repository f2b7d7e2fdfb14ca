import GatewayConfiguration

/// Any bytes, as the `.env` file of a configuration whose settings have every type. Invariants: no trap; every
/// diagnostic of the file lies inside it; text for people moves no cursor and tells no secret.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let input = Array(UnsafeBufferPointer(start: data, count: count))
  let environment = Environment(variables: ["HOME": "/home"], files: ["gateway.yaml": yaml, ".env": input])
  let result = ConfigurationLoader.load(path: "gateway.yaml", environment: environment)
  for diagnostic in result.diagnostics.all where diagnostic.file == ".env" {
    guard let span = diagnostic.span, let source = result.sources.named(".env") else { continue }
    require(span.line >= 1 && span.column >= 1 && span.line <= source.lineCount, "span \(span)")
    require((span.line, span.column) <= (span.endLine, span.endColumn), "span \(span)")
  }
  let text = DiagnosticRenderer(sources: result.sources).text(result.diagnostics)
  require(
    text.unicodeScalars.allSatisfy { $0 == "\n" || $0.value >= 0x20 && !(0x7F..<0xA0).contains($0.value) },
    "control characters in the text for people")
  if case .string(let secret)? = result.file?.settings.named("s")?.value, secret.utf8.count >= 12 {
    require(!text.contains(secret) || known.contains(secret), "a secret is told")
  }
  return 0
}

/// A broken invariant is a crash that libFuzzer keeps the input of.
func require(_ condition: Bool, _ message: @autoclosure () -> String) {
  if !condition { fatalError(message()) }
}

private let known = String(decoding: yaml, as: UTF8.self)
private let yaml = Array(
  """
  version: 1
  settings_from: { env_prefix: S_, null_text: "null" }
  settings:
    a: { type: integer, minimum: 3, default: 5 }
    b: { items: { properties: { x: integer, y: { default: null } } }, default: [] }
    c: { values: { values: number }, default: {} }
    d: { properties: { e: { type: duration, default: 1s }, f: { type: url, default: "http://h" } } }
    g: { items: size, separator: ",", default: [] }
    s: { type: secret, default: "" }
  server: { listen: ["${settings.s}"], workers: "${settings.a}", temporary_directory: "${settings.s}" }
  plugins: { p: { config: ["${settings.b}", "${settings.c}", "${settings.d}", "${env:HOME}", "${env:X}"] } }
  routes: [ { match: "GET /${settings.s}", handler: "${settings.s}.x" } ]
  """.utf8)
