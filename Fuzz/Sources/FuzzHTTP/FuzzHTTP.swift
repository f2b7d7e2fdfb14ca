import GatewayHTTP
import NIOCore

/// Any bytes, as requests, as responses and as a request target. Invariants: no trap; the same events for every split
/// of the bytes; what is used up only grows; and what comes out as a message is well-formed by checks that share no
/// code with the parser.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let input = Array(UnsafeBufferPointer(start: data, count: count))
  checkSplits(input, "request") { requests($0) }
  // The first byte chooses what the response answers.
  let choice = input.first ?? 0
  let method: HTTPMethod = [.get, .head, .connect, .post][Int(choice & 3)]
  checkSplits(Array(input.dropFirst()), "response") { responses($0, to: method, upgrade: choice & 4 != 0) }
  checkTarget(input)
  return 0
}

/// The outcome in one piece, cut in two, and byte by byte (short inputs only, for speed) has to be one outcome.
func checkSplits(_ input: [UInt8], _ kind: String, _ run: ([ArraySlice<UInt8>]) -> Outcome) {
  let whole = run([input[...]])
  var cut = input.count
  for byte in input.prefix(64) { cut = cut &* 31 &+ Int(byte) }
  cut = input.isEmpty ? 0 : Int(UInt(bitPattern: cut) % UInt(input.count))
  let halves = run([input[..<cut], input[cut...]])
  require(halves == whole, "\(kind) cut at \(cut): \(halves) but in one piece: \(whole)")
  if input.count <= 2048 {
    let singles = run(input.indices.map { input[$0...$0] })
    require(singles == whole, "\(kind) byte by byte: \(singles) but in one piece: \(whole)")
  }
}

func requests(_ pieces: [ArraySlice<UInt8>]) -> Outcome {
  var parser = RequestParser()
  var outcome = Outcome()
  var buffer = ByteBuffer()
  do throws(HTTPError) {
    for piece in pieces {
      buffer.writeBytes(piece)
      while true {
        let before = buffer
        guard let event = try parser.next(&buffer) else {
          checkProgress(before, buffer)
          break
        }
        checkProgress(before, buffer)
        switch event {
        case .head(let head):
          checkHead(head)
          checkRequest(head)
          outcome.add(head.method.rawValue, head.minorVersion, head.keepAlive ? 1 : 0, head.expectsContinue ? 1 : 0)
          outcome.add(head.bytes)
          outcome.add("\(head.framing) \(head.target) \(head.authority) \(head.pathAndQuery)")
        case .body(let part):
          require(part.readableBytes > 0, "empty body part")
          outcome.add(part)
        case .end(let trailers):
          outcome.add("end")
          if let trailers { outcome.add(trailers.bytes) }
        }
      }
    }
  } catch {
    require(error.closes && (400...599).contains(error.status) && error.detail != nil, "incomplete error \(error)")
    outcome.fail(error)
  }
  return outcome
}

func responses(_ pieces: [ArraySlice<UInt8>], to method: HTTPMethod, upgrade: Bool) -> Outcome {
  var parser = ResponseParser()
  var outcome = Outcome()
  var buffer = ByteBuffer()
  parser.expect(responseTo: method, upgrade: upgrade)
  func add(_ event: ResponseEvent) {
    switch event {
    case .informational(let head), .head(let head):
      checkHead(head)
      outcome.add(
        UInt8(truncatingIfNeeded: head.status), UInt8(head.status >> 8), head.minorVersion, head.keepAlive ? 1 : 0)
      outcome.add(head.bytes)
      outcome.add("\(head.framing)")
    case .body(let part):
      require(part.readableBytes > 0, "empty body part")
      outcome.add(part)
    case .end(let trailers):
      outcome.add("end")
      if let trailers { outcome.add(trailers.bytes) }
      if !parser.isTunnel { parser.expect(responseTo: .get) }
    }
  }
  do throws(HTTPError) {
    for piece in pieces {
      buffer.writeBytes(piece)
      while true {
        let before = buffer
        let event = try parser.next(&buffer)
        checkProgress(before, buffer)
        guard let event else { break }
        add(event)
      }
    }
    if let event = try parser.connectionClosed() { add(event) }
  } catch {
    require(error.status == 502 && error.cause != nil, "incomplete error \(error)")
    outcome.fail(error)
  }
  return outcome
}
