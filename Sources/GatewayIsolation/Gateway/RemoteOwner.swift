import CGatewayPlugin

/// The context of a function of an isolated plugin's descriptor: whose it is, and what it is called in the worker.
final class RemoteOwner: Sendable {
  let plugin: RemotePlugin
  let index: UInt32
  /// For each input whether it is JSON of another plugin.
  let takesJSON: [Bool]
  /// Takes a table of functions, which cannot cross. Such a function is not wired; it is not invoked either.
  let takesService: Bool
  /// For logs.
  let name: String

  init(_ plugin: RemotePlugin, index: Int = 0, needs: [PluginDescription.Need] = [], name: String) {
    self.plugin = plugin
    self.index = UInt32(index)
    takesJSON = needs.map { $0.type.hasPrefix("json:") }
    takesService = needs.contains { $0.type.hasPrefix("service:") }
    self.name = name
  }

  /// Kept for the life of the process, as all of a descriptor.
  func context() -> UnsafeMutableRawPointer { Unmanaged.passRetained(self).toOpaque() }

  static func begin(
    _ kind: FunctionReference.Kind, _ context: UnsafeMutableRawPointer?, _ invocation: UnsafePointer<gw_invocation>
  ) -> UnsafeMutableRawPointer? {
    guard let context else { return nil }
    return Unmanaged<RemoteOwner>.fromOpaque(context)._withUnsafeGuaranteedRef { owner in
      owner.plugin.begin(FunctionReference(kind: kind, index: owner.index), owner, invocation)
    }
  }

  static let start: gw_function = { RemoteOwner.begin(.start, $0, $1) }
  static let stop: gw_function = { RemoteOwner.begin(.stop, $0, $1) }
  static let health: gw_function = { RemoteOwner.begin(.health, $0, $1) }
  static let handler: gw_function = { RemoteOwner.begin(.handler, $0, $1) }
  static let errorHandler: gw_function = { RemoteOwner.begin(.errorHandler, $0, $1) }
  static let provider: gw_function = { RemoteOwner.begin(.provider, $0, $1) }
  static let teardown: gw_function = { RemoteOwner.begin(.teardown, $0, $1) }
  static let policyRequest: gw_function = { RemoteOwner.begin(.policyRequest, $0, $1) }
  static let policyResponse: gw_function = { RemoteOwner.begin(.policyResponse, $0, $1) }
  static let policyRequestPart: gw_function = { RemoteOwner.begin(.policyRequestPart, $0, $1) }
  static let policyResponsePart: gw_function = { RemoteOwner.begin(.policyResponsePart, $0, $1) }
  static let policyMake: gw_function = { RemoteOwner.begin(.policyMake, $0, $1) }
}

/// A task that a worker's invocation left behind.
final class RemoteTask: Sendable {
  let owner: RemoteOwner
  // Used on its loop only, which `RemoteConnection` proves for itself.
  let connection: RemoteConnection
  let number: UInt64

  init(_ owner: RemoteOwner, _ connection: RemoteConnection, _ number: UInt64) {
    self.owner = owner
    self.connection = connection
    self.number = number
  }

  static let run: gw_function = { context, invocation in
    guard let context else { return nil }
    let task = Unmanaged<RemoteTask>.fromOpaque(context).takeUnretainedValue()
    return task.owner.plugin.begin(FunctionReference(kind: .task), task.owner, invocation, task: task)
  }

  static let release: @convention(c) (UnsafeMutableRawPointer) -> Void = { context in
    let task = Unmanaged<RemoteTask>.fromOpaque(context).takeRetainedValue()
    let loop = task.connection.loop
    if loop.inEventLoop {
      task.connection.releaseTask(task.number)
    } else {
      loop.execute { task.connection.releaseTask(task.number) }
    }
  }
}
