import GatewayJSON

/// Any bytes as a JSON text. Invariants: no trap; accepted exactly where a plain recursive recogniser that shares no
/// code with the parser accepts; the tape is well formed; what is written back reads as the same value; and positions
/// of errors lie inside the text.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let input = Array(UnsafeBufferPointer(start: data, count: count))
  check(input, .refuse)
  check(input, .lastWins)
  return 0
}

func require(_ condition: Bool, _ message: @autoclosure () -> String) {
  if !condition { fatalError(message()) }
}

func check(_ input: [UInt8], _ policy: DuplicateKeyPolicy) {
  let limits = JSONLimits(depth: 40, duplicateKeys: policy)
  var recogniser = Recogniser(input, depth: 40, refusesRepeatedNames: policy == .refuse)
  let expected = recogniser.accepts()
  do throws(JSONSyntaxError) {
    let document = try JSONDocument(input, limits: limits)
    require(expected, "accepted")
    checkTape(document, input)
    checkRoundTrip(document, limits)
    checkLimits(input, limits, bytes: input.count, words: document.nodeCount)
  } catch {
    require(!expected || error.reason == .numberOutOfRange, "refused: \(error)")
    require((0...input.count).contains(error.offset), "offset \(error.offset)")
    require(error.characterIndex <= error.offset && error.line >= 1 && error.column >= 1, "position of \(error)")
  }
}

/// What was accepted is accepted with limits of just its size, and with none smaller.
func checkLimits(_ input: [UInt8], _ limits: JSONLimits, bytes: Int, words: Int) {
  func refusal(bytes: Int, words: Int) -> JSONSyntaxError.Reason? {
    var limits = limits
    limits.bytes = bytes
    limits.nodes = words
    do throws(JSONSyntaxError) {
      _ = try JSONDocument(input, limits: limits)
      return nil
    } catch {
      return error.reason
    }
  }
  require(refusal(bytes: bytes, words: words) == nil, "refused within its limits")
  require(refusal(bytes: bytes - 1, words: words) == .tooLarge, "too many bytes accepted")
  require(refusal(bytes: bytes, words: words - 1) == .tooManyValues, "too many words accepted")
}

func checkTape(_ document: borrowing JSONDocument, _ input: [UInt8]) {
  let isClosed = document.withTape { tape in
    for index in 0..<tape.count {
      let text = tape.rawText(index)
      guard let start = text.baseAddress else { return false }
      require(start >= tape.bytes && start - tape.bytes + text.count <= input.count, "text of word \(index)")
      require(tape.next(index) > index && tape.next(index) <= tape.count, "next of word \(index)")
      guard tape[index].kind.isContainer else { continue }
      var child = index + 1
      var children = 0
      while child < tape.next(index) {
        if tape[index].kind == .object {
          require(tape[child].kind == .string, "name of word \(index)")
          child += 1
        }
        child = tape.next(child)
        children += 1
      }
      require(child == tape.next(index) && children == tape.childCount(index), "children of word \(index)")
    }
    return tape.next(0) == tape.count
  }
  require(isClosed == true, "root")
}

func checkRoundTrip(_ document: borrowing JSONDocument, _ limits: JSONLimits) {
  let value = document.value()
  var first = JSONWriter()
  first.value(value)
  guard let again = try? JSONValue(parsing: first.bytes, limits: limits) else { fatalError("not readable") }
  require(again == value, "changed by writing")
  require(again.hashValue == value.hashValue, "hash")
  var copied = JSONWriter()
  document.withTape { tape in
    require(tape.equals(0, value), "tape and value differ")
    copied.value(tape, 0)
  }
  require((try? JSONValue(parsing: copied.bytes, limits: limits)) == value, "changed by copying")
}
