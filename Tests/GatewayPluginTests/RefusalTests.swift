import CGatewayPlugin
import Testing

@testable import GatewayPlugin

/// A plugin that cannot be what it says gives no descriptor, and tells why.
struct RefusalTests {
  @Schema struct Nothing: Sendable {}

  private static let lines = Journal()

  /// Whether the plugin has a descriptor.
  private func starts(_ plugin: Plugin) -> Bool {
    let host = UnsafeMutablePointer(mutating: TestHost.table())
    host.pointee.log = { level, message in RefusalTests.lines.add("\(level) \(String(message))") }
    return plugin.export(to: UnsafePointer(host)) != nil
  }

  @Test(arguments: ["async", "inline", "blocking"], [(true, true, true), (true, false, false), (false, true, false), (false, false, true)])
  func aBodyIsWantedWholeOrInParts(kind: String, wants: (request: Bool, response: Bool, parts: Bool)) {
    let name = "\(kind)-\(wants)"
    var plugin = Plugin(name, version: "1.0.0")
    let (look, lookAsync): (Plugin.PartHook<Void>, Plugin.AsyncPartHook<Void>) = ({ _, _ in nil }, { _, _ in nil })
    let part = wants.parts ? look : nil
    let asyncPart = wants.parts ? lookAsync : nil
    switch kind {
    case "async":
      plugin.policy(
        "p", config: Nothing.self, state: { _ in }, bufferedRequest: wants.request, bufferedResponse: wants.response,
        onRequestPart: asyncPart, onResponsePart: asyncPart)
    case "inline":
      plugin.inlinePolicy(
        "p", config: Nothing.self, state: { _ in }, bufferedRequest: wants.request, bufferedResponse: wants.response,
        onRequestPart: part, onResponsePart: part)
    default:
      plugin.blockingPolicy(
        "p", config: Nothing.self, state: { _ in }, bufferedRequest: wants.request, bufferedResponse: wants.response,
        onRequestPart: part, onResponsePart: part)
    }
    let isWrong = wants.parts && (wants.request || wants.response)
    #expect(starts(plugin) != isWrong)
    let line = "3 plugin '\(name)' refuses to start: the policy 'p' wants one body both whole and in parts"
    #expect(Self.lines.contains(line) == isWrong)
  }

  @Test func aViewIsOfferedOfAProviderThatThereIs() {
    var plugin = Plugin("offers", version: "1.0.0")
    plugin.offer("user", Int.self, as: .json("catalog.user", version: "1.0"))
    #expect(!starts(plugin))
    #expect(
      Self.lines.contains(
        "3 plugin 'offers' refuses to start: the view 'catalog.user' is offered of a provider 'user', which the plugin does not have"))
  }
}
