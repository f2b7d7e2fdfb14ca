import GatewayJSON
import GatewayOpenAPI
import GatewayServer

/// What the gateway does for somebody who works on it.
extension Supervised {
  /// Where it listens.
  func listeners(_ listeners: [Listener]) -> [Listener] {
    guard isLoopbackOnly else { return listeners }
    return listeners.map { listener in
      guard case .tcp(let host, let port) = listener.address, !Self.isLoopback(host) else { return listener }
      var local = listener
      local.address = .tcp(host: host.contains(":") ? "::1" : "127.0.0.1", port: port)
      return local
    }
  }

  private static func isLoopback(_ host: String) -> Bool {
    host == "::1" || host == "localhost" || (host.hasPrefix("127.") && host.utf8.allSatisfy { $0 == 0x2E || (0x30...0x39).contains($0) })
  }

  /// Reloads when it is told to, and tells what came of it.
  func obey(_ reloader: Reloader, isColored: Bool) async {
    let description = ServedDescription(await Self.document(reloader))
    let began = await reloader.file.server
    listen { [weak self] message in
      guard case .reload(let names) = message else { return }
      Task {
        let report = await reloader.reload(names.isEmpty ? .everything : .plugins(names))
        var text = report.text(isColored: isColored)
        if report.outcome == .swapped {
          let lines = await description.replace(Self.document(reloader))
          // Routes are told by the report; what it does not know is what of them changed.
          text = lines.map { $0 + "\n" }.joined() + text
        }
        let server = await reloader.file.server
        let needsRestart =
          report.diagnostics.all.contains { $0.code.rawValue == "plugin-too-many-images" }
          || !RestartSettings.changed(from: began, to: server).isEmpty
        self?.tell(.reloaded(report.outcome, needsRestart: needsRestart, text: text))
      }
    }
  }

  private static func document(_ reloader: Reloader) async -> JSONValue {
    guard let describer = await reloader.describer else { return .null }
    return OpenAPIDocument.make(from: describer.description, host: await reloader.file.openapi?.host?.value).document
  }
}

/// What clients know of the gateway, from one reload to the next.
private actor ServedDescription {
  private var document: JSONValue

  init(_ document: JSONValue) { self.document = document }

  /// What changed of operations and schemas that were there before and after.
  func replace(_ new: JSONValue) -> [String] {
    let diff = DescriptionDiff(from: document, to: new)
    document = new
    return diff.entries.filter { $0.kind == .changed || $0.what.hasPrefix("schema ") }.map(\.line)
  }
}
