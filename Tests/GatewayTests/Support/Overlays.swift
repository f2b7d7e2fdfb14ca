import Foundation
import GatewayPlugin
import GatewayPluginHost
import Logging
import NIOPosix

@testable import Gateway
@testable import GatewayTesting

/// Runs a gateway with overlays, as the command line would, and overrides of a test.
func withOverlays(
  _ yaml: String, plugins: [String: Plugin], overlays: [String], arguments: [String], overrides: [Override],
  settings: [String: String] = [:], _ body: (TestClient) async throws -> Void
) async throws {
  let folder = FileManager.default.temporaryDirectory.appending(path: "overlays-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  let files = try overlays.enumerated().map { index, text in
    let file = folder.appending(path: "overlay-\(index).yaml")
    try Data(text.utf8).write(to: file)
    return file.path
  }
  try await TestGateway.run(
    text: yaml, plugins: plugins, settings: settings, changes: EnvironmentChanges(overlays: files, overrides: arguments),
    overrides: overrides, body)
}
