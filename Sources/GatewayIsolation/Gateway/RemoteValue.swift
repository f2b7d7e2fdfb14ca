import CGatewayPlugin
import GatewayPluginHost
import NIOCore

/// What the gateway holds in the place of a value that a worker keeps: of a dependency, a policy, an error.
///
/// A value belongs to one process. The connection tells which: when that process ends its connections do, and none of another
/// process is ever asked for the value.
final class RemoteValue: @unchecked Sendable {
  // Proof for @unchecked: immutable; `connection` is used on its loop only.
  let plugin: RemotePlugin
  /// Nil: every worker has it, under one number.
  let connection: RemoteConnection?
  let number: UInt64
  /// As JSON, where the provider offers that to other plugins.
  let json: [UInt8]?
  /// The exchange that it belongs to.
  let exchange: UnsafeRawPointer?

  init(
    plugin: RemotePlugin, connection: RemoteConnection?, number: UInt64, json: [UInt8]? = nil,
    exchange: UnsafeRawPointer? = nil
  ) {
    self.plugin = plugin
    self.connection = connection
    self.number = number
    self.json = json
    self.exchange = exchange
  }

  /// As the contract passes it.
  func owned() -> UnsafeMutableRawPointer { Unmanaged.passRetained(self).toOpaque() }

  static func of(_ pointer: UnsafeMutableRawPointer) -> RemoteValue {
    Unmanaged<RemoteValue>.fromOpaque(pointer).takeUnretainedValue()
  }

  /// `release_value`, `release_state`, `release_cause`: once for each that was given out, from any thread.
  static let release: @convention(c) (UnsafeMutableRawPointer) -> Void = { pointer in
    let value = Unmanaged<RemoteValue>.fromOpaque(pointer).takeRetainedValue()
    guard let connection = value.connection else { return value.plugin.releaseShared(value.number) }
    let loop = connection.loop
    if loop.inEventLoop {
      connection.release(value)
    } else {
      loop.execute { connection.release(value) }
    }
  }

  /// `value_json`: what came with the value.
  static let writeJSON:
    @convention(c) (
      UnsafeMutableRawPointer, UnsafeMutableRawPointer,
      @convention(c) (UnsafeMutableRawPointer, gw_bytes_borrowed) -> Void
    ) -> Int32 = { value, sink, write in
      guard let json = RemoteValue.of(value).json else { return 1 }
      json.withUnsafeBytes { write(sink, lent($0)) }
      return 0
    }

  /// The plugin's own object behind an error, if it is one of this connection's process.
  static func cause(_ error: UnsafePointer<gw_error_borrowed>, _ connection: RemoteConnection?) -> ValueReference {
    guard let object = error.pointee.cause_owned, let function = error.pointee.release_cause,
      unsafeBitCast(function, to: UInt.self) == unsafeBitCast(release, to: UInt.self)
    else { return .none }
    let value = of(object)
    guard let connection, value.connection === connection else { return .none }
    return .local(value.number)
  }
}
