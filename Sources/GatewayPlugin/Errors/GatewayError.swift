import CGatewayPlugin

/// An error as the gateway tells of it: to error handlers, and to teardowns where it is not of this plugin's own.
public struct GatewayError: Error, Sendable, CustomStringConvertible {
  /// What the client is answered, 400 to 599; 0 where it has gone.
  public let status: Int
  /// JSON for the client; empty where the status says it all. Of a 422 the array of entries.
  public let detailJSON: String
  /// Fields that the answer carries, such as `allow` and `retry-after`.
  public let headers: [(name: String, value: String)]
  /// What went wrong, in a word: the name of the error's type where a plugin threw it, else `GatewayError`, `InvalidRequest`,
  /// `UpstreamFailure` or `ClientGone`.
  public let type: String
  /// The same at length. Not for clients: it may tell what is inside.
  public let description: String

  init(_ error: gw_error_borrowed) {
    status = Int(error.status)
    detailJSON = String(error.detail_json)
    headers = UnsafeBufferPointer(start: error.fields_borrowed, count: error.fields_borrowed == nil ? 0 : error.field_count)
      .map { (String($0.name), String($0.value)) }
    type = String(error.type)
    description = String(error.description)
  }
}

/// Carries an error of this plugin through the host, which knows it only as an address.
final class ErrorBox: Sendable {
  let error: any Error
  init(_ error: any Error) { self.error = error }

  /// Also the mark by which this image knows its own boxes.
  static let release: @convention(c) (UnsafeMutableRawPointer) -> Void = { Unmanaged<ErrorBox>.fromOpaque($0).release() }

  /// The error itself, where this image has thrown it, else what the gateway tells of it.
  static func error(_ lent: UnsafePointer<gw_error_borrowed>) -> any Error {
    if lent.pointee.struct_size >= size, let object = lent.pointee.cause_owned, let release = lent.pointee.release_cause,
      unsafeBitCast(release, to: UInt.self) == unsafeBitCast(Self.release, to: UInt.self)
    {
      return Unmanaged<ErrorBox>.fromOpaque(object).takeUnretainedValue().error
    }
    return GatewayError(lent.pointee)
  }

  private static let size = UInt32(
    (MemoryLayout<gw_error_borrowed>.offset(of: \.release_cause) ?? 0) + MemoryLayout<UnsafeRawPointer>.size)
}

extension Invocation {
  /// What an error handler answers for, or what a teardown ends after; nil where nothing is known.
  var lentError: UnsafePointer<gw_error_borrowed>? {
    guard pointer.pointee.struct_size >= Self.sizeWithError else { return nil }
    return pointer.pointee.error
  }

  private static let sizeWithError = UInt32(
    (MemoryLayout<gw_invocation>.offset(of: \.response) ?? MemoryLayout<gw_invocation>.size))

  /// The same as a Swift error.
  var error: (any Error)? { lentError.map { ErrorBox.error($0) } }
}
