import GatewayPluginHost

/// Any bytes, as a plugin's file and as its note: read and judged without running any of it. Invariant: no trap.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: data, count: count))
  _ = PluginInspection.read(bytes: bytes)
  do throws(PluginProblemList) { _ = try PluginNote.parse(bytes) } catch {}
  return 0
}
