import GatewayJSON
import Glibc

// The Swift side of Fuzz/json-oracle. Standard input: texts, each after its length (four bytes, little-endian). Standard
// output: for each text an answer in the same framing, "V" and the value, or "R", the reason, character index and
// message, with blanks between.
//
// The value is JSON with every scalar tagged, so that the other side can compare numbers exactly: strings as "s…",
// numbers as "n…" with what the tape holds of them. Argument `open`: the last of repeated names counts, and a byte order
// mark is passed over.

func readAll() -> [UInt8] {
  var bytes: [UInt8] = []
  var chunk = [UInt8](repeating: 0, count: 1 << 16)
  while true {
    let count = read(0, &chunk, chunk.count)
    if count <= 0 { return bytes }
    bytes += chunk[..<count]
  }
}

func writeAll(_ bytes: [UInt8]) {
  var done = 0
  while done < bytes.count {
    let count = bytes.withUnsafeBytes { write(1, $0.baseAddress?.advanced(by: done), $0.count - done) }
    if count <= 0 { exit(1) }
    done += count
  }
}

func tagged(_ tape: UnsafeJSONTape, _ index: Int, _ writer: inout JSONWriter) -> Bool {
  let word = tape[index]
  switch word.kind {
  case .string: writer.string("s" + tape.string(index))
  case .number:
    let text = word.isSmall ? "\(word.mantissa)e-\(word.scale)" : String(decoding: tape.rawText(index), as: UTF8.self)
    writer.string("n" + text)
  default: return false
  }
  return true
}

let isOpen = CommandLine.arguments.dropFirst().first == "open"
let limits = JSONLimits(duplicateKeys: isOpen ? .lastWins : .refuse, acceptsByteOrderMark: isOpen)
let input = readAll()
var output: [UInt8] = []
// One document for all texts, as a connection would have it: what one leaves behind must not reach the next.
var document = JSONDocument(limits: limits)
var place = 0
while place + 4 <= input.count {
  let count = (0..<4).reduce(0) { $0 | Int(input[place + $1]) << (8 * $1) }
  place += 4
  guard place + count <= input.count else { exit(1) }
  var answer: [UInt8]
  do throws(JSONSyntaxError) {
    // Exactly as long as the text, so that the address sanitizer sees a byte too many.
    try document.parse(copying: input[place..<place + count])
    var writer = JSONWriter(appendingTo: Array("V".utf8))
    document.withTape { tape in writer.value(tape, 0) { index, writer in tagged(tape, index, &writer) } }
    answer = writer.bytes
  } catch {
    answer = Array("R\(error.reason) \(error.characterIndex) \(error.message)".utf8)
  }
  place += count
  output += (0..<4).map { UInt8(truncatingIfNeeded: answer.count >> (8 * $0)) } + answer
}
writeAll(output)
