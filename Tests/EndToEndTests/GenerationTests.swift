import Foundation
import Glibc
import TestSupport
import Testing

/// Two builds of one Swift module in one process.
@Suite(.enabled(if: SwiftGenerations.canBuild, "\(SwiftGenerations.whyNot)"), .timeLimit(.minutes(5)))
struct GenerationTests {
  private static func expected(_ generation: Int, calls: Int) -> String {
    let members = generation == 1 ? "title=a1" : "pages=7&title=a2"
    return "\(generation) true a\(generation) true \(members) 2 \(calls * 10) a\(generation),b\(generation) Shelf.Book caught"
  }

  @Test func castsCodableGenericsTasksAndActorsFindTheirOwnTypesInEachGeneration() throws {
    let folder = try RunningGateway.folder()
    let builds = try [1, 2].map { try SwiftGenerations.build($0, in: folder) }
    let library = "\(folder)/libshelf.so"
    try FileManager.default.copyItem(atPath: builds[0], toPath: library)
    let gateway = try RunningGateway(
      """
      version: 1
      server: { listen: ["127.0.0.1:0"], workers: 2 }
      plugins: { shelf: { path: "\(library)" } }
      dependencies: { shelf: { provider: shelf.shelf } }
      routes: [ { match: GET /report, handler: shelf.report } ]
      """)
    #expect(try gateway.ask("/report").text == Self.expected(1, calls: 1))
    try #require(rename(builds[1], library) == 0)
    let told = try Child.run(RunningGateway.program, ["plugin", "reload", "shelf", "-c", gateway.file])
    #expect(told.code == 0, Comment(rawValue: told.errors))
    #expect(try gateway.ask("/report").text == Self.expected(2, calls: 1))
    // The old code runs again, with the new one in the process; its actor goes on counting.
    #expect(try Child.run(RunningGateway.program, ["plugin", "rollback", "shelf", "-c", gateway.file]).code == 0)
    #expect(try gateway.ask("/report").text == Self.expected(1, calls: 2))
    #expect(try Child.run(RunningGateway.program, ["plugin", "rollback", "shelf", "-c", gateway.file]).code == 0)
    #expect(try gateway.ask("/report").text == Self.expected(2, calls: 2))
    #expect(gateway.stop().code == 0)
  }
}
