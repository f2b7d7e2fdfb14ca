import Foundation
import GatewayConfiguration
import GatewayYAML
import Testing

/// Each `Golden/<name>.yaml` is a configuration, and `<name>.expected` what loading it says: the diagnostics, and, where
/// none is an error, the decoded parts that the file writes.
///
/// Comments of the file set the stage: `# env: NAME=value`, `# file: path=content`.
/// `GATEWAY_RECORD_GOLDEN=1` writes the expected files anew, and fails, so that nobody forgets to read them.
@Suite struct GoldenTests {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Golden")
  static let isRecording = ProcessInfo.processInfo.environment["GATEWAY_RECORD_GOLDEN"] != nil

  static let names: [String] = {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return files.filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }.sorted()
  }()

  @Test(arguments: names)
  func loadingSaysWhatIsExpected(name: String) throws {
    let bytes = try Array(Data(contentsOf: GoldenTests.folder.appending(path: name + ".yaml")))
    let text = outcome(bytes)
    let file = GoldenTests.folder.appending(path: name + ".expected")
    if GoldenTests.isRecording {
      try Data(text.utf8).write(to: file)
      Issue.record("recorded \(name).expected; read it, then run without GATEWAY_RECORD_GOLDEN")
      return
    }
    let expected = try String(decoding: Data(contentsOf: file), as: UTF8.self)
    #expect(text == expected, "\(name):\n\(text)")
  }

  @Test func thereAreEnoughCases() {
    #expect(GoldenTests.names.count >= 60)
  }

  @Test func everyExpectedFileHasItsCase() throws {
    let files = try FileManager.default.contentsOfDirectory(atPath: GoldenTests.folder.path)
    let expected = files.filter { $0.hasSuffix(".expected") }.map { String($0.dropLast(9)) }
    #expect(Set(expected) == Set(GoldenTests.names))
  }

  private func outcome(_ bytes: [UInt8]) -> String {
    var variables: [String: String] = [:]
    var files: [String: [UInt8]] = ["gateway.yaml": bytes]
    for line in String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline) {
      for (prefix, isFile) in [("# env: ", false), ("# file: ", true)] where line.hasPrefix(prefix) {
        let pair = line.dropFirst(prefix.count).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard let key = pair.first, let value = pair.last else { continue }
        if isFile {
          // Once more for each further line.
          files[String(key)] = (files[String(key)].map { $0 + [10] } ?? []) + Array(value.utf8)
        } else {
          variables[String(key)] = String(value)
        }
      }
    }
    let result = ConfigurationLoader.load(
      path: "gateway.yaml", environment: Environment(variables: variables, files: files))
    var text = DiagnosticRenderer(sources: result.sources).text(result.diagnostics)
    if text.isEmpty { text = DiagnosticRenderer.summary([]) + "\n" }
    guard !result.diagnostics.hasErrors, let file = result.file else { return text }
    let written = YAMLDocuments.parseOne(bytes, name: "").root?.mapping?.compactMap(\.key.scalar?.text) ?? []
    return text + "\n" + ModelDump.text(file, members: Set(written.map(ModelDump.memberName)))
  }
}
