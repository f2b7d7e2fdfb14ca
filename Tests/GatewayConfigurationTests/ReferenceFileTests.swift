import Foundation
import GatewayConfiguration
import GatewayJSON
import Testing

/// The files under docs/ are made from the declarations; these tests notice when nobody made them again.
@Suite struct ReferenceFileTests {
  private static var docs: URL {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("docs")
  }

  @Test func optionReferenceSaysWhatTheDecoderKnows() throws {
    let written = try String(contentsOf: Self.docs.appendingPathComponent("options.md"), encoding: .utf8)
    let current = OptionReference.markdown()
    #expect(
      written.trimmingCharacters(in: .newlines) == current.trimmingCharacters(in: .newlines),
      "run: gateway options > docs/options.md")
  }

  @Test func schemaFileSaysWhatTheDecoderKnows() throws {
    let written = try Data(contentsOf: Self.docs.appendingPathComponent("gateway.schema.json"))
    #expect(
      try JSONValue(parsing: Array(written)) == FileSchema.json(), "run: gateway schema > docs/gateway.schema.json")
  }
}
