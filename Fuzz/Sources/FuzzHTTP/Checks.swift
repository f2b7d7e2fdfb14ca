import GatewayHTTP
import NIOCore

/// A digest of all events: which parts a body came in does not count, everything else does.
struct Outcome: Equatable, CustomStringConvertible {
  private var digest: UInt64 = 0xCBF2_9CE4_8422_2325
  private var bytes = 0
  private var error: HTTPError?

  mutating func add(_ values: UInt8...) { for value in values { mix(value) } }
  mutating func add(_ text: String) { for value in text.utf8 { mix(value) } }
  mutating func add(_ buffer: ByteBuffer) { for value in buffer.readableBytesView { mix(value) } }
  mutating func fail(_ error: HTTPError) { self.error = error }

  private mutating func mix(_ value: UInt8) {
    digest = (digest ^ UInt64(value)) &* 0x100_0000_01B3
    bytes += 1
  }

  var description: String {
    "\(bytes) bytes \(String(digest, radix: 16)) \(error.map { "\($0.status) \($0.detail ?? $0.cause ?? "")" } ?? "ok")"
  }
}

/// A broken invariant is a crash that libFuzzer keeps the input of.
func require(_ condition: Bool, _ message: @autoclosure () -> String) {
  if !condition { fatalError(message()) }
}

/// What is used up comes off the front and nothing else changes.
func checkProgress(_ before: ByteBuffer, _ after: ByteBuffer) {
  require(
    after.readerIndex >= before.readerIndex && after.writerIndex == before.writerIndex,
    "indices moved from \(before) to \(after)")
}

func checkHead(_ head: some MessageHead) {
  let bytes = Array(head.bytes.readableBytesView)
  require(bytes.count <= HTTPLimits().head && head.fields.count <= HTTPLimits().fields, "limits")
  require(bytes.suffix(4) == [13, 10, 13, 10], "head does not end with an empty line")
  for i in bytes.indices {
    if bytes[i] == 10 { require(i > 0 && bytes[i - 1] == 13, "bare LF") }
    if bytes[i] == 13 { require(i + 1 < bytes.count && bytes[i + 1] == 10, "bare CR") }
    require(bytes[i] != 0, "NUL")
  }
  // The fields by the plainest reading: split at the line ends, then at the first colon.
  var lines = bytes.split(separator: 13, omittingEmptySubsequences: false).map { $0.drop { $0 == 10 } }
  lines.removeFirst()
  lines.removeLast(2)
  require(lines.count == head.fields.count, "\(lines.count) lines but \(head.fields.count) fields")
  for (line, field) in zip(lines, head.fields) {
    let colon = line.firstIndex(of: 0x3A) ?? line.startIndex
    let name = String(decoding: line[..<colon], as: UTF8.self)
    require(!name.isEmpty && name.utf8.allSatisfy { isToken($0) }, "name \(name)")
    var value = line[(colon + 1)...]
    while let last = value.last, last == 0x20 || last == 0x09 { value.removeLast() }
    value = value.drop { $0 == 0x20 || $0 == 0x09 }
    require(head.text(field.name) == name, "name of \(field)")
    require(head.text(field.value) == String(decoding: value, as: UTF8.self), "value of \(name)")
    let known = KnownField.allCases.first { $0 != .other && $0.name == name.lowercased() } ?? .other
    require(field.known == known, "\(name) taken for \(field.known)")
  }
}

func checkRequest(_ head: RequestHead) {
  let lengths = head.fields.filter { $0.known == .contentLength }.map { head.text($0.value) }
  let codings = head.fields.filter { $0.known == .transferEncoding }.map { head.text($0.value) }
  switch head.framing {
  case .none: require(lengths.isEmpty && codings.isEmpty, "framing fields without framing")
  case .length(let length): require(lengths.map { Int($0) } == [length] && codings.isEmpty, "length \(lengths)")
  case .chunked: require(lengths.isEmpty && codings.map { $0.lowercased() } == ["chunked"], "coding \(codings)")
  case .untilClose: require(false, "a request cannot end with the connection")
  }
  let hosts = head.fields.filter { $0.known == .host }
  require(head.minorVersion == 0 ? hosts.count <= 1 : hosts.count == 1, "\(hosts.count) hosts")
  require(head.authority.isEmpty || head.hostAndPort != nil, "authority \(head.text(head.authority))")
  require(head.text(head.target).utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }, "target \(head.text(head.target))")
  if let (path, query) = try? head.normalizedTarget() {
    let text = String(buffer: path)
    require(text.isEmpty || text.first == "/" || text == "*", "path \(text)")
    require(!head.text(query).contains("#"), "query \(head.text(query))")
  }
}

func checkTarget(_ input: [UInt8]) {
  guard let (path, _) = normalized(input) else { return }
  require(path.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x5C && $0 != 0x23 }, "bytes of \(path)")
  require(normalized(path)?.path == path, "not a fixed point: \(String(decoding: path, as: UTF8.self))")
  guard path != [0x2A] else { return }
  require(path.first == 0x2F, "path without slash")
  guard let decoded = path.withUnsafeBytes({ PercentCoding.decode($0) }) else {
    return require(false, "path is not UTF-8 when decoded")
  }
  for segment in decoded.split(separator: "/") {
    let name = segment.prefix { $0 != ";" }
    require(name != "." && name != "..", "dot segment in \(decoded)")
  }
  path.withUnsafeBytes { bytes in
    for pair in QueryIterator(bytes) {
      require(pair.name.upperBound <= bytes.count && pair.value.upperBound <= bytes.count, "range of \(pair)")
    }
  }
}

private func normalized(_ input: [UInt8]) -> (path: [UInt8], hasQuery: Bool)? {
  input.withUnsafeBytes { bytes in
    guard let target = try? RequestTarget.normalize(bytes) else { return nil }
    let path = target.rewritten.map { Array($0.readableBytesView) } ?? Array(bytes[target.path])
    return (path, target.hasQuery)
  }
}

private func isToken(_ byte: UInt8) -> Bool {
  switch byte {
  case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
  default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
  }
}
