import GatewayIsolation

/// Any bytes, as what a plugin's process sends. Invariant: no trap, no read outside of them, and the same frames however the stream
/// is cut.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: data, count: count))
  let whole = FrameCheck.read(bytes)
  let pieces = FrameCheck.read(bytes, pieces: 7)
  precondition(whole == pieces, "cut in pieces it is \(pieces), whole \(whole)")
  return 0
}
