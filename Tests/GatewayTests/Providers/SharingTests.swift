import GatewayPlugin
import GatewayTesting
import Testing

/// Who shares a value with whom.
@Suite(.timeLimit(.minutes(5)))
struct SharingTests {
  private let journal = Journal()

  private func made(_ dependencies: String, needs: String) async throws -> [String] {
    let configuration = """
      dependencies:
        base: { provider: p.base\(dependencies) }
        wrap: { provider: p.wrap }
      routes: [{ match: GET /, handler: p.use, needs: { one: base, \(needs) } }]
      """
    let journal = journal
    var text = ""
    try await withGateway(configuration) { plugin in
      let base = Dependency<Tracked>("base")
      plugin.provider("base") { _ in Tracked("base", journal) } teardown: { _, _ in journal.note("end base") }
      plugin.provider("wrap", needs: base) { _, base in
        journal.note("made wrap")
        return Wrap(base: base)
      } teardown: { _, _ in
        journal.note("end wrap")
      }
      plugin.handler("use", needs: Dependency<Tracked>("one"), Dependency<Tracked>("two"), Dependency<Wrap>("wrap")) {
        _, one, two, wrap in
        let all = [one, two, wrap.base]
        return .text(all.map { value in "\(all.firstIndex { $0 === value } ?? -1)" }.joined())
      }
    } body: { client in
      text = try await client.get("/").text
      await journal.wait(for: "end wrap")
    }
    return [text] + journal.entries.filter { !$0.hasPrefix("freed") }
  }

  @Test func oneValueServesAllThatNeedIt() async throws {
    #expect(try await made("", needs: "two: base") == ["000", "made base", "made wrap", "end wrap", "end base"])
  }

  @Test func aReferenceMayHaveAValueOfItsOwnAndTheSharedOneStays() async throws {
    let entries = try await made("", needs: "two: { dependency: base, cache: false }")
    #expect(entries == ["010", "made base", "made base", "made wrap", "end wrap", "end base", "end base"])
    #expect(journal.count("freed base") == 2)
  }

  @Test func aDependencyMayBeSharedWithNobody() async throws {
    #expect(try await made(", cache: false", needs: "two: base").first == "012")
    #expect(journal.count("made base") == 3)
    #expect(journal.count("freed base") == 3)
  }

  private final class Wrap: Sendable {
    let base: Tracked
    init(base: Tracked) { self.base = base }
  }
}
