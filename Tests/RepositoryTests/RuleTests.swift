import Testing

/// Each rule on a small text: what it finds and what it leaves alone.
@Suite struct RuleTests {
  private func file(_ path: String, _ lines: String...) -> SourceText {
    SourceText(path: path, text: lines.joined(separator: "\n") + "\n")
  }

  @Test func anImportOutsideTheTableIsFoundWithItsLineAndRemedy() {
    let ours: Set<String> = ["GatewayHTTP", "GatewayRouting", "GatewayPlugin", "Gateway"]
    let mechanism = file(
      "Sources/GatewayProxy/A.swift", "import NIOCore", "import GatewayHTTP", "@testable import GatewayRouting",
      "public import struct GatewayPlugin.X", "// import Gateway", "let s = \"import Gateway\"")
    let found = Rules.imports(mechanism, ours: ours)
    #expect(found.count == 2)
    #expect(
      found.first == "Sources/GatewayProxy/A.swift:3: remove 'import GatewayRouting': mechanisms never import each "
        + "other, they meet in Gateway; move the code to Sources/Gateway")
    #expect(found.last?.contains(":4: remove 'import GatewayPlugin'") == true)
    #expect(
      Rules.imports(file("Plugins/Echo/A.swift", "import GatewayPlugin", "import GatewayHTTP"), ours: ours).count == 1)
    #expect(Rules.imports(file("Sources/Unheard/A.swift", "import NIOCore"), ours: ours).count == 1)
    #expect(Rules.imports(file("Tests/ATests/A.swift", "import Gateway"), ours: ours).isEmpty)
  }

  @Test func foundationIsFoundInSourcesOnly() {
    #expect(Rules.foundation(file("Sources/GatewayHTTP/A.swift", "import Foundation")).count == 1)
    #expect(Rules.foundation(file("Sources/GatewayHTTP/A.swift", "private import struct Foundation.URL")).count == 1)
    for path in ["Tests/A/A.swift", "Plugins/A/A.swift", "Sources/GatewayTesting/A.swift"] {
      #expect(Rules.foundation(file(path, "import Foundation")).isEmpty)
    }
  }

  @Test func crashesAreFoundInCodeNotInText() {
    let found = Rules.crashes(
      file(
        "Sources/A/A.swift", "let a = try! f()", "let b = c as! D", "fatalError(\"x\")", "// try! this", "/* as! */",
        "let text = \"try! as! fatalError(\"", "let raw = #\"\"try!\"\"#", "let long = \"\"\"", "  try! x", "  \"\"\"",
        "myfatalError(1)", "entry!.x", "has!x"))
    #expect(found.count == 3)
    #expect(Rules.crashes(file("Tests/A/A.swift", "try! f()")).isEmpty)
  }

  @Test func claimsWithoutProofAreFound() {
    let found = Rules.unproven(
      file(
        "Sources/A/A.swift", "final class A: @unchecked Sendable {", "}", "",
        "// Written once, before any thread starts.",
        "final class B: @unchecked Sendable {", "}", "", "nonisolated(unsafe) var c = 1",
        "nonisolated(unsafe) var d = 1  // guarded by the lock above", "", "/// Proof.", "@frozen",
        "nonisolated(unsafe) let e = 1",
        "nonisolated(unsafe) let f = 1", "", "@inlinable", "func g() {", "  let p = UnsafeRawPointer(x)", "}", "",
        "/// Measured.",
        "@inlinable", "func h() {", "  let p = UnsafeRawPointer(x)", "}", "", "@inlinable func i() -> Int { 1 }", ""))
    #expect(found.map { $0.split(separator: ":")[1] } == ["1", "8", "16"])
  }

  @Test func untidyLayoutIsFound() {
    #expect(Rules.layout(file("Tests/A/A.swift", "let a = 1", "\tlet b = 1", "let c = 1 ", "let d = 1\r")).count == 3)
    #expect(Rules.layout(SourceText(path: "Tests/A/A.c", text: "int a;")).count == 1)
    let long = SourceText(path: "Sources/A/A.swift", text: String(repeating: "\n", count: Rules.maximumLines))
    #expect(Rules.layout(long).isEmpty)
    let tooLong = SourceText(path: "Sources/A/A.swift", text: String(repeating: "\n", count: Rules.maximumLines + 1))
    #expect(Rules.layout(tooLong).count == 1)
  }

  @Test func notesAboutUnfinishedWorkAreFound() {
    for note in Rules.notes {
      #expect(Rules.unfinished(file("Tests/A/A.swift", "// \(note): later")).count == 1)
      #expect(Rules.unfinished(file("Tests/A/A.swift", "let a\(note) = 1")).isEmpty)
    }
  }

  @Test func theManifestIsRead() {
    let manifest = Manifest(
      """
      // .target(name: "Comment")
      let t = [
        .systemLibrary(name: "CLib", pkgConfig: "lib"),
        .target(
          name: "A", dependencies: ["B", .product(name: "P", package: "p")]),
        .target(name: "Echo", dependencies: ["A"], path: "Plugins/Echo"),
        .testTarget(name: "ATests", dependencies: ["A"]),
      ]
      """)
    #expect(Set(manifest.targets.map(\.path)) == ["Sources/CLib", "Sources/A", "Plugins/Echo", "Tests/ATests"])
    #expect(manifest.targets.first { $0.name == "A" }?.words == ["A", "B", "P", "p"])
    #expect(manifest.targets.filter(\.isTest).map(\.name) == ["ATests"])
  }
}
