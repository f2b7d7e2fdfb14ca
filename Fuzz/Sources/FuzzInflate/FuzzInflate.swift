import GatewayBodies
import GatewayHTTP
import NIOCore

/// The first byte chooses gzip or deflate, the rest is a compressed body. Invariants: no trap; the same output for
/// every split; no piece and no body beyond its limit.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let input = Array(UnsafeBufferPointer(start: data, count: count))
  let coding: ContentCoding = (input.first ?? 0) & 1 == 0 ? .gzip : .deflate
  let body = Array(input.dropFirst())
  let whole = inflate([body[...]], coding)
  var cut = body.count
  for byte in body.prefix(64) { cut = cut &* 31 &+ Int(byte) }
  cut = body.isEmpty ? 0 : Int(UInt(bitPattern: cut) % UInt(body.count))
  let halves = inflate([body[..<cut], body[cut...]], coding)
  require(halves == whole, "cut at \(cut): \(halves) but in one piece: \(whole)")
  if body.count <= 512 {
    let singles = inflate(body.indices.map { body[$0...$0] }, coding)
    require(singles == whole, "byte by byte: \(singles) but in one piece: \(whole)")
  }
  return 0
}

struct Outcome: Equatable {
  var output: [UInt8] = []
  var status: UInt16 = 200
}

func inflate(_ pieces: [ArraySlice<UInt8>], _ coding: ContentCoding) -> Outcome {
  // No ratio: it is judged over what has been received, so it follows from the cut when it strikes.
  let limits = InflateLimits(size: 100_000, ratio: .max)
  var outcome = Outcome()
  do throws(HTTPError) {
    var inflater = try Inflater(coding, limits: limits)
    for piece in pieces {
      var input = ByteBuffer(bytes: piece)
      while let output = try inflater.next(&input) {
        require((1...Inflater.pieceSize).contains(output.readableBytes), "a piece of \(output.readableBytes) bytes")
        outcome.output += output.readableBytesView
        require(outcome.output.count <= limits.size, "beyond the limit")
      }
      require(input.readableBytes == 0, "input that is not used up")
    }
    try inflater.finish()
  } catch {
    require(error.status == 400 || error.status == 413, "unexpected \(error)")
    // How much came before an error follows from the cut.
    outcome = Outcome(output: [], status: error.status)
  }
  return outcome
}

func require(_ condition: Bool, _ message: @autoclosure () -> String) {
  if !condition { fatalError(message()) }
}
