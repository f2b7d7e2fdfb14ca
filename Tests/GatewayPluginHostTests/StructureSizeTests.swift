import CGatewayPlugin
import Testing

@testable import GatewayPluginHost

/// Structures of contract 1.2 whose `struct_size` says that they are shorter: nothing behind the size is looked at.
struct StructureSizeTests {
  @Test func changesOfAPolicyThatAreTooShortAreRefused() throws {
    var changes = gw_changes_borrowed()
    changes.struct_size = UInt32(MemoryLayout<gw_changes_borrowed>.size)
    changes.status = 418
    #expect(try PolicyChanges(&changes, for: .policyResponse(givesBody: false)).status == 418)
    changes.struct_size -= 1
    #expect(throws: PolicyChanges.Refusal.self) { try PolicyChanges(&changes, for: .policyResponse(givesBody: false)) }
  }

  @Test func anErrorOfAnOlderPluginIsReadMemberByMember() {
    var error = gw_error_borrowed()
    error.struct_size = UInt32(MemoryLayout<gw_error_borrowed>.offset(of: \.cause_owned) ?? 0)
    error.status = 404
    let failure = PluginFailure(owning: &error)
    #expect(failure.kind == .status(404))
    #expect(failure.cause == nil)
  }

  @Test func aFetchThatIsTooShortIsRefused() {
    var fetch = gw_fetch_borrowed(
      struct_size: UInt32(MemoryLayout<gw_fetch_borrowed>.size), loop: 0, upstream: .init(), method: .init(),
      target: .init(), fields: nil, field_count: 0, body: .init(), timeout: 0, flags: 0, reserved: 0,
      context: UnsafeMutableRawPointer(bitPattern: 8) ?? .allocate(byteCount: 1, alignment: 1), head: { _, _, _, _ in },
      part: { _, _ in }, end: { _, _ in }, writable: nil)
    #expect(PluginFetchRequest(&fetch) != nil)
    fetch.struct_size -= 1
    #expect(PluginFetchRequest(&fetch) == nil)
  }
}
