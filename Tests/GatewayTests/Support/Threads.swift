import Glibc
import NIOCore

@testable import GatewayPluginHost
@testable import GatewayTesting

/// The calling thread.
func thread() -> UInt { UInt(pthread_self()) }

/// The thread of the client's event loop.
func loopThread(_ client: TestClient) async throws -> UInt {
  try await client.loop.submit { thread() }.get()
}

/// Call slots that wait for an owner on the client's loop.
func spareSlots(_ client: TestClient) async throws -> Int {
  try await client.loop.submit {
    guard let loop = LoopRegistry.shared.current else { return -1 }
    var taken: [PluginCall] = []
    while let slot = LoopRegistry.shared.takeSlot(of: loop) { taken.append(slot) }
    for slot in taken { LoopRegistry.shared.keepSlot(slot, of: loop) }
    return taken.count
  }.get()
}
