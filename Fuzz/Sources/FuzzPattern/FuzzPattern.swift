import GatewaySchema

/// The first line is a pattern, the rest a text. Invariants: no trap, no long run; and the answer stays the same when
/// the pattern is written in ways that mean the same but compile to other automata.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let input = Array(UnsafeBufferPointer(start: data, count: count))
  let end = input.firstIndex(of: 10) ?? input.count
  let pattern = String(decoding: input[..<end], as: UTF8.self)
  let bytes = Array(input[min(end + 1, input.count)...].prefix(512))
  // Any bytes must do for a text, well-formed ones are compared.
  guard let answer = search(pattern, bytes) else { return 0 }
  guard String(validating: bytes, as: UTF8.self) != nil else { return 0 }
  let forms = [
    "(?:\(pattern))", "(?:\(pattern))|(?:\(pattern))", "[]|(?:\(pattern))", "(?:^|[^])*?(?:\(pattern))",
    // Too large for a table, so that all states are followed at once; the second part never matches.
    "(?:\(pattern))|(?:(?:x|y)*x(?:x|y){14}[])",
  ]
  // One form a run, for speed.
  let form = forms[input.reduce(0) { ($0 &* 31 &+ Int($1)) & 0xFFFF } % forms.count]
  // The longer form may go beyond a limit.
  guard let same = search(form, bytes) else { return 0 }
  if same != answer { fatalError("\(pattern) says \(answer), \(form) says \(same)") }
  return 0
}

func search(_ pattern: String, _ text: [UInt8]) -> Bool? {
  guard let compiled = try? Pattern(pattern) else { return nil }
  return text.withUnsafeBytes { compiled.matches($0) }
}
