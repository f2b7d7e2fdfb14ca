import Testing

/// Holds the code of this repository to its rules. `RuleTests` shows that the rules bite.
@Suite struct RepositoryTests {
  private func expectNone(_ findings: [String], sourceLocation: SourceLocation = #_sourceLocation) {
    for finding in findings { Issue.record("\(finding)", sourceLocation: sourceLocation) }
  }

  @Test func theCodeIsFound() {
    #expect(Repository.files.contains { $0.area == "Sources" })
    #expect(Repository.files.contains { $0.path == "Tests/RepositoryTests/RepositoryTests.swift" })
  }

  @Test func targetsImportOnlyWhatTheTableAllows() {
    let ours = Set(Repository.folders(in: "Sources") + Repository.folders(in: "Plugins"))
    expectNone(Repository.files.flatMap { Rules.imports($0, ours: ours) })
  }

  @Test func theGatewayDoesWithoutFoundation() {
    expectNone(Repository.files.flatMap(Rules.foundation))
  }

  @Test func nothingEndsTheProcessInsteadOfAnError() {
    expectNone(Repository.files.flatMap(Rules.crashes))
  }

  @Test func claimsTheCompilerTrustsAreProven() {
    expectNone(Repository.files.flatMap(Rules.unproven))
  }

  @Test func filesAreShortAndCleanlyLaidOut() {
    expectNone(Repository.files.flatMap(Rules.layout))
  }

  @Test func nothingIsLeftUnfinished() {
    expectNone(Repository.files.flatMap(Rules.unfinished))
  }

  @Test func everyTargetHasItsFolderAndEveryFolderItsTarget() throws {
    let manifest = Manifest(try #require(Repository.text("Package.swift")))
    #expect(manifest.targets.count > 10)
    for target in manifest.targets where !Repository.hasFolder(target.path) {
      Issue.record("Package.swift: target \(target.name) has no folder \(target.path)")
    }
    let paths = Set(manifest.targets.map(\.path))
    for area in ["Sources", "Plugins"] {
      for folder in Repository.folders(in: area) where !paths.contains("\(area)/\(folder)") {
        // In another language, with another build: not this package's.
        if area == "Plugins", Repository.text("\(area)/\(folder)/Cargo.toml") != nil { continue }
        Issue.record("\(area)/\(folder) is no target of Package.swift")
      }
    }
  }

  @Test func theManifestAllowsNoMoreThanTheTable() throws {
    let manifest = Manifest(try #require(Repository.text("Package.swift")))
    let ours = Set(manifest.targets.map(\.name))
    for target in manifest.targets where target.path.hasPrefix("Sources/") || target.path.hasPrefix("Plugins/") {
      let area = String(target.path.prefix { $0 != "/" })
      guard let allowed = ImportTable.allowed(area: area, target: target.name) else {
        Issue.record("target \(target.name) is not in ImportTable; add it with what it may import")
        continue
      }
      for word in target.words.intersection(ours).subtracting(allowed).subtracting([target.name]).sorted() {
        let remedy = ImportTable.remedy(area: area, target: target.name, imported: word)
        Issue.record("Package.swift: remove \(word) from the dependencies of \(target.name): \(remedy)")
      }
    }
  }

  @Test(.enabled(if: Repository.text("ARCHITECTURE.md") != nil, "ARCHITECTURE.md is not there yet"))
  func everyTargetIsNamedInTheArchitecture() throws {
    let manifest = Manifest(try #require(Repository.text("Package.swift")))
    let architecture = try #require(Repository.text("ARCHITECTURE.md"))
    for target in manifest.targets where !target.isTest && !target.path.hasPrefix("Tests/") {
      if !Rules.contains(architecture, word: target.name) {
        Issue.record("ARCHITECTURE.md: say in one sentence what \(target.name) is for")
      }
    }
  }
}
