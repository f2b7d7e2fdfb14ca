import GatewayConfiguration
import GatewayOpenAPI

extension LoadedGateway {
  /// The OpenAPI 3.1 document, indented unless it should be compact; nil where the configuration has mistakes.
  public func openAPIDocument(isCompact: Bool = false) -> String? {
    guard snapshot != nil, let describer else { return nil }
    let made = OpenAPIDocument.make(from: describer.description, host: file?.openapi?.host?.value)
    return String(decoding: OpenAPIDocument.bytes(of: made.document, pretty: !isCompact), as: UTF8.self)
  }
}

/// `gateway import openapi`: a document becomes a configuration to start from.
public enum OpenAPIImport {
  public struct Result: Sendable {
    /// The configuration; nil where the document cannot be read.
    public let yaml: String?
    /// One line for each thing that could not be carried over, or that is wrong.
    public let notes: [String]
  }

  /// - Parameters:
  ///   - path: a document in JSON or YAML, OpenAPI 3.0 or 3.1.
  ///   - plugin: routes get handlers of this plugin, named by `operationId`; nil: they are proxied to `servers`.
  public static func run(path: String, plugin: String?) -> Result {
    switch Environment.process().read(path, OpenAPISource.maximumSize) {
    case .failure(let problem): return Result(yaml: nil, notes: ["the file `\(path)` \(problem.sentence)"])
    case .success(let bytes):
      let (document, problems) = OpenAPISource.parse(bytes, name: path)
      guard let document else { return Result(yaml: nil, notes: problems.map(\.description)) }
      let made = OpenAPIImporter.routes(from: document, options: .init(plugin: plugin, source: path))
      return Result(yaml: made.yaml, notes: (problems + made.problems).map(\.description))
    }
  }
}
