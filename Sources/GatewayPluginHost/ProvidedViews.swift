import CGatewayPlugin

/// What a provider's values look like to other plugins.
extension PluginProvider {
  /// Writes the value as JSON; nil where the plugin could not, or wrote more than `limit` bytes. Call it at most once for
  /// each value, on the event loop that the value belongs to.
  public func json(of value: UnsafeMutableRawPointer, limit: Int) -> [UInt8]? {
    guard writesJSON, let write = pointer.pointer.pointee.value_json else { return nil }
    var sink = JSONSink(limit: limit)
    let code = withUnsafeMutablePointer(to: &sink) { sink in
      write(value, sink) { sink, part in
        sink.assumingMemoryBound(to: JSONSink.self).pointee.append(part)
      }
    }
    return code == 0 && !sink.isOverfull ? sink.bytes : nil
  }

  /// The value's table of functions; nil where it has none. It stays valid until the value is released. Call it as `json`.
  public func service(of value: UnsafeMutableRawPointer) -> UnsafePointer<gw_service>? {
    guard hasService, let find = pointer.pointer.pointee.value_service, let service = find(value) else { return nil }
    // What the plugin made has to be as large as what is read of it.
    guard Int(bitPattern: service) % MemoryLayout<gw_service>.alignment == 0,
      Int(service.pointee.struct_size) >= Self.serviceSize
    else { return nil }
    return service
  }

  /// Up to `functions`, the last member of the first version.
  private static let serviceSize =
    (MemoryLayout<gw_service>.offset(of: \.functions) ?? 0) + MemoryLayout<UnsafeRawPointer>.size
}

/// Gathers what a plugin writes.
private struct JSONSink {
  var bytes: [UInt8] = []
  var isOverfull = false
  let limit: Int

  init(limit: Int) { self.limit = limit }

  mutating func append(_ part: gw_bytes_borrowed) {
    guard !isOverfull, let start = part.bytes, part.count > 0 else { return }
    guard part.count <= limit - bytes.count else {
      isOverfull = true
      bytes = []
      return
    }
    bytes.append(contentsOf: UnsafeBufferPointer(start: start, count: part.count))
  }
}
