import GatewayHTTP
import GatewayPolicies
import NIOCore

/// Builds the context of a request by hand, so that a test can hold what the parser would refuse.
func makeContext(
  _ method: HTTPMethod = .get, path: String = "/", host: String = "api.shop.example",
  fields: [(String, String)] = [], peer: String? = "192.0.2.1", isTLS: Bool = false
) -> RequestContext {
  var bytes = ByteBuffer()
  func place(_ text: String) -> ByteRange {
    let start = bytes.writerIndex
    bytes.writeString(text)
    return ByteRange(start..<bytes.writerIndex)
  }
  let methodRange = place(method.name)
  _ = place(" ")
  let target = place(path)
  _ = place(" HTTP/1.1\r\nhost: ")
  let authority = place(host)
  let entries = fields.map { name, value in
    _ = place("\r\n")
    let nameRange = place(name)
    _ = place(": ")
    let known = KnownField.allCases.first { $0 != .other && $0.name == name.lowercased() } ?? .other
    return FieldEntry(name: nameRange, value: place(value), known: known)
  }
  _ = place("\r\n\r\n")
  let head = RequestHead(
    bytes: bytes, method: method, methodRange: methodRange, target: target, minorVersion: 1, fields: entries,
    framing: .none, keepAlive: true, expectsContinue: false, authority: authority, pathAndQuery: target)
  return RequestContext(
    head: head, path: ByteBuffer(string: path), query: ByteRange(start: 0, count: 0),
    peer: peer.flatMap { IPAddress($0) }, isTLS: isTLS, started: .now())
}

/// Runs a request hook and gives the status it ends with; nil where the request goes on.
func statusAfter(_ policy: some RequestPolicy, _ context: RequestContext) -> UInt16? {
  var context = context
  do {
    switch try policy.onRequest(&context) {
    case .next: return nil
    case .respond(let response): return response.status
    }
  } catch {
    return error.status
  }
}

/// Runs a response hook over the fields given as text and gives the fields after it.
func fieldsAfter(
  _ policy: some ResponsePolicy, _ context: RequestContext, _ fields: [(String, String)] = [], status: UInt16 = 200
) -> FieldLines {
  var lines = FieldLines()
  for (name, value) in fields { lines.append(name: name, value: value) }
  var status = status
  policy.onResponse(&status, &lines, context)
  return lines
}

func mistakes(_ body: () throws -> Void) -> [PolicyMistake] {
  do {
    try body()
    return []
  } catch let error as PolicyMistakes {
    return error.all
  } catch let error as PolicyMistake {
    return [error]
  } catch {
    return []
  }
}
