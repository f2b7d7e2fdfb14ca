import GatewayBodies
import GatewayHTTP
import NIOCore

/// The first byte chooses a boundary, the rest is a multipart body; all of it is a urlencoded form and a cookie line
/// too. Invariants: no trap; the same events for every split; an accepted body has exactly the contents that a naive
/// search for its delimiters finds; a form's pieces lie in its text, which is UTF-8.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let input = Array(UnsafeBufferPointer(start: data, count: count))
  let boundaries: [[UInt8]] = [[0x62], Array("--".utf8), Array("bb-b".utf8), Array("boundary".utf8)]
  let boundary = boundaries[Int((input.first ?? 0) & 3)]
  let body = Array(input.dropFirst())
  let whole = parse([body[...]], boundary)
  var cut = body.count
  for byte in body.prefix(64) { cut = cut &* 31 &+ Int(byte) }
  cut = body.isEmpty ? 0 : Int(UInt(bitPattern: cut) % UInt(body.count))
  let halves = parse([body[..<cut], body[cut...]], boundary)
  require(halves == whole, "cut at \(cut): \(halves) but in one piece: \(whole)")
  if body.count <= 2048 {
    let singles = parse(body.indices.map { body[$0...$0] }, boundary)
    require(singles == whole, "byte by byte: \(singles) but in one piece: \(whole)")
  }
  if whole.error == nil { require(whole.contents == contents(body, boundary), "contents differ: \(whole)") }
  form(input)
  cookies(input)
  return 0
}

struct Outcome: Equatable {
  var heads: [String] = []
  var contents: [[UInt8]] = []
  var error: String?
}

func parse(_ pieces: [ArraySlice<UInt8>], _ boundary: [UInt8]) -> Outcome {
  var limits = FormLimits()
  limits.fields = 20
  limits.files = 10
  limits.fieldSize = 1000
  limits.fileSize = 2000
  var parser = MultipartParser(boundary: boundary, limits: limits)
  var outcome = Outcome()
  var isOpen = false
  do throws(HTTPError) {
    for piece in pieces {
      var chunk = ByteBuffer(bytes: piece)
      while let event = try parser.next(&chunk) {
        switch event {
        case .partBegan(let part):
          require(!isOpen, "a part in a part")
          isOpen = true
          outcome.heads.append(
            "\(part.name)|\(part.filename ?? "-")|\(part.fields.pairs)|\((try? part.charset()) as Any)")
          outcome.contents.append([])
        case .partData(let data):
          require(isOpen && data.readableBytes > 0, "content outside a part, or none")
          outcome.contents[outcome.contents.count - 1] += data.readableBytesView
        case .partEnded:
          require(isOpen, "the end of no part")
          isOpen = false
        }
      }
      require(chunk.readableBytes == 0, "a chunk that is not used up")
    }
    try parser.finish()
    require(!isOpen, "finished in a part")
  } catch {
    require((400...499).contains(error.status) && error.detail != nil, "incomplete error \(error)")
    outcome.error = "\(error.status) \(error.detail ?? "") \(error.cause ?? "")"
    // How much of a part came before its error follows from the cut.
    if isOpen, !outcome.contents.isEmpty { outcome.contents.removeLast() }
  }
  return outcome
}

/// What stands between the delimiters of a well-formed body, behind the empty line.
func contents(_ body: [UInt8], _ boundary: [UInt8]) -> [[UInt8]] {
  let delimiter = Array("\r\n--".utf8) + boundary
  let body = (body.starts(with: [13, 10]) ? [] : [13, 10]) + body
  var result: [[UInt8]] = []
  var start: Int?
  var at = 0
  while at + delimiter.count <= body.count {
    guard body[at...].starts(with: delimiter) else {
      at += 1
      continue
    }
    if let start { result.append(content(Array(body[start..<at]))) }
    at += delimiter.count
    if body[at...].starts(with: Array("--".utf8)) { break }
    at += 2
    start = at
  }
  return result
}

func content(_ part: [UInt8]) -> [UInt8] {
  for at in part.indices where part[at...].starts(with: [13, 10, 13, 10]) { return Array(part[(at + 4)...]) }
  fatalError("a part without an empty line was accepted")
}

func form(_ input: [UInt8]) {
  for undecodable in [URLEncodedForm.Undecodable.refused, .replaced] {
    guard let form = try? URLEncodedForm(ByteBuffer(bytes: input), undecodable: undecodable) else { continue }
    for field in form.fields {
      for range in [field.name, field.value] {
        require(range.upperBound <= form.text.readableBytes, "a range outside the text")
        let bytes = form.text.getBytes(at: form.text.readerIndex + range.lowerBound, length: Int(range.count)) ?? []
        require(String(validating: bytes, as: UTF8.self) != nil, "a field that is no text")
      }
    }
  }
}

func cookies(_ input: [UInt8]) {
  input.withUnsafeBytes { bytes in
    for cookie in RequestCookies(bytes) {
      require(cookie.value.upperBound <= bytes.count && cookie.name.upperBound <= bytes.count, "a cookie outside")
      _ = RequestCookies.decode(bytes[cookie.value])
    }
    if let media = MediaType(bytes) {
      require(!media.type.isEmpty && !media.subtype.isEmpty, "an empty media type")
      require(media.boundary.map { (1...70).contains($0.count) } ?? true, "a boundary of wrong length")
      _ = media.charset
    }
  }
}

func require(_ condition: Bool, _ message: @autoclosure () -> String) {
  if !condition { fatalError(message()) }
}
