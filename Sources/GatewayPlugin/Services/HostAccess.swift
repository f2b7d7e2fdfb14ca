import CGatewayPlugin
import Synchronization

/// The gateway's functions beside those that complete an invocation.
struct HostAccess: @unchecked Sendable {
  // Proof for @unchecked: the table is the host's, valid for ever, and its functions are callable from any thread.
  let table: UnsafePointer<gw_host>

  /// Whether the table reaches to the services of contract 1.2; one from an older host ends before them, and what is
  /// behind its end must not be read.
  var hasServices: Bool { table.pointee.struct_size >= Self.sizeWithServices }

  private static let sizeWithServices = UInt32(
    (MemoryLayout<gw_host>.offset(of: \.cancel_fetch) ?? MemoryLayout<gw_host>.size) + MemoryLayout<UnsafeRawPointer>.size)

  // MARK: outside of an invocation

  private static let address = Atomic<UInt>(0)

  /// The gateway that this image was opened by; nil where its code runs without one, as in a unit test.
  static var current: HostAccess? {
    UnsafePointer<gw_host>(bitPattern: address.load(ordering: .acquiring)).map { HostAccess(table: $0) }
  }

  /// Remembers the table for calls that come without one. All tables of a process are one, but for those of tests.
  static func adopt(_ table: UnsafePointer<gw_host>) {
    guard current == nil || HostAccess(table: table).hasServices else { return }
    address.store(UInt(bitPattern: table), ordering: .releasing)
  }
}

/// The invocation that a service is used in: what the host knows it by.
struct CallHandle: @unchecked Sendable {
  // Proof for @unchecked: two words that the contract lets anyone copy and use from any thread; a handle whose invocation
  // is over is harmless.
  let call: gw_call
  let loop: UInt32

  init(_ invocation: UnsafePointer<gw_invocation>) {
    call = invocation.pointee.call
    loop = invocation.pointee.loop
  }
}

/// Which loop, where none is known: the host takes one of the calling thread's gateway.
let anyLoop = UInt32.max

extension Headers {
  /// Lends all fields to the host.
  func lend<Result>(_ use: (UnsafeBufferPointer<gw_field_borrowed>) throws -> Result) rethrows -> Result {
    var fields: [gw_field_borrowed] = []
    fields.reserveCapacity(lengths.count)
    return try bytes.withUnsafeBytes { bytes in
      var at = 0
      for (name, value) in lengths {
        fields.append(
          gw_field_borrowed(
            name: gw_bytes_borrowed(UnsafeRawBufferPointer(rebasing: bytes[at..<at + name])),
            value: gw_bytes_borrowed(UnsafeRawBufferPointer(rebasing: bytes[at + name..<at + name + value]))))
        at += name + value
      }
      return try fields.withUnsafeBufferPointer(use)
    }
  }

  func contains(_ name: String) -> Bool {
    bytes.withUnsafeBytes { bytes in
      var at = 0
      for (nameLength, value) in lengths {
        if gw_bytes_borrowed(UnsafeRawBufferPointer(rebasing: bytes[at..<at + nameLength])).equalsIgnoringCase(name) {
          return true
        }
        at += nameLength + value
      }
      return false
    }
  }
}
