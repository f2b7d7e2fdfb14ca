import CGatewayPlugin

/// A plugin's own object for an error, kept until nobody may ask for it any more.
public final class PluginErrorCause: @unchecked Sendable {
  // Proof for @unchecked: immutable, and the contract lets the object be released from any thread.
  public let object: UnsafeMutableRawPointer
  /// Also tells whose it is: only who knows this function knows the object.
  public let release: @convention(c) (UnsafeMutableRawPointer) -> Void

  /// Takes the object over; nil where there is none.
  init?(_ error: UnsafePointer<gw_error_borrowed>) {
    // A plugin of an older minor ends before these.
    guard error.pointee.struct_size >= Self.size, let object = error.pointee.cause_owned,
      let release = error.pointee.release_cause
    else { return nil }
    self.object = object
    self.release = release
  }

  deinit { release(object) }

  private static let size = UInt32(
    (MemoryLayout<gw_error_borrowed>.offset(of: \.release_cause) ?? MemoryLayout<gw_error_borrowed>.size)
      + MemoryLayout<UnsafeRawPointer>.size)
}

extension PluginFailure {
  /// Takes over the plugin's own object, so it is to be made once for each error that a plugin passes.
  init(owning error: UnsafePointer<gw_error_borrowed>) {
    let cause = PluginErrorCause(error)
    self.init(error)
    self.cause = cause
  }

  /// The error that a response answers for; nil where it is an ordinary one.
  init?(of response: UnsafePointer<gw_response_borrowed>) {
    guard response.pointee.struct_size >= Self.sizeOfAnswer, let error = response.pointee.error else { return nil }
    self.init(owning: error)
  }

  private static let sizeOfAnswer = UInt32(
    (MemoryLayout<gw_response_borrowed>.offset(of: \.error) ?? MemoryLayout<gw_response_borrowed>.size)
      + MemoryLayout<UnsafeRawPointer>.size)
}
