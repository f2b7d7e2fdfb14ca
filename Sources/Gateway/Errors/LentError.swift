import CGatewayPlugin
import GatewayHTTP
import GatewayPluginHost

/// An error as the contract shapes it, lent to teardowns and error handlers. Valid as long as this.
final class LentError {
  let facts: ErrorFacts
  private let error: UnsafeMutablePointer<gw_error_borrowed>
  private let fields: UnsafeMutableBufferPointer<gw_field_borrowed>
  private var arena = Arena(capacity: 256)

  /// - Parameter status: 0 where the client will never see one.
  init(_ facts: ErrorFacts) {
    self.facts = facts
    error = .allocate(capacity: 1)
    error.initialize(to: gw_error_borrowed())
    error.pointee.struct_size = UInt32(MemoryLayout<gw_error_borrowed>.size)
    error.pointee.status = facts.status
    let pairs = facts.fields.pairs
    fields = .allocate(capacity: pairs.count)
    for (index, pair) in pairs.enumerated() {
      fields.initializeElement(
        at: index,
        to: gw_field_borrowed(
          name: gw_bytes_borrowed(arena.copy(pair.name)), value: gw_bytes_borrowed(arena.copy(pair.value))))
    }
    error.pointee.fields_borrowed = UnsafePointer(fields.baseAddress)
    error.pointee.field_count = pairs.count
    error.pointee.detail_json = gw_bytes_borrowed(
      (facts.violations ?? facts.detail ?? []).withUnsafeBytes { arena.copy($0) })
    error.pointee.type = gw_bytes_borrowed(arena.copy(facts.type))
    error.pointee.description = gw_bytes_borrowed(arena.copy(facts.description))
    if let cause = facts.cause {
      error.pointee.cause_owned = cause.object
      error.pointee.release_cause = cause.release
    }
  }

  deinit {
    error.deallocate()
    fields.deallocate()
  }

  var pointer: UnsafePointer<gw_error_borrowed> { UnsafePointer(error) }
}
