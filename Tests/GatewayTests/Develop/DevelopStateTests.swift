import Foundation
import GatewayConfiguration
import Testing

@testable import Gateway

/// What `gateway dev` does next, as a value.
@Suite struct DevelopStateTests {
  private func serving(_ plugins: [String] = []) -> DevelopState {
    var state = DevelopState()
    _ = state.begin(plugins, isComplete: true)
    for plugin in plugins { _ = state.handle(.built(plugin, isGood: true)) }
    _ = state.handle(.ready)
    return state
  }

  @Test func theStartBuildsOneAfterTheOtherAndServesMeanwhile() {
    var state = DevelopState()
    #expect(state.begin(["a", "b"], isComplete: true) == [.build("a"), .start])
    #expect(state.handle(.built("a", isGood: true)) == [.build("b")])
    // What was built while it started is read when it serves.
    #expect(state.handle(.ready) == [.reload(["a"])])
    #expect(state.handle(.built("b", isGood: true)) == [.reload(["b"])])
  }

  @Test func withoutItsLibrariesItStartsWhenTheyAreBuilt() {
    var state = DevelopState()
    #expect(state.begin(["a"], isComplete: false) == [.build("a")])
    #expect(state.handle(.built("a", isGood: false)) == [])
    #expect(state.handle(.changed([.source("a")])) == [.build("a")])
    #expect(state.handle(.built("a", isGood: true)) == [.start])
  }

  @Test func aSourceIsBuiltAndThenReloaded() {
    var state = serving()
    #expect(state.handle(.changed([.source("a")])) == [.build("a")])
    #expect(state.handle(.built("a", isGood: true)) == [.reload(["a"])])
  }

  @Test func aBrokenBuildReloadsNothingAndIsRemembered() {
    var state = serving()
    _ = state.handle(.changed([.source("a")]))
    #expect(state.handle(.built("a", isGood: false)) == [])
    #expect(state.brokenBuilds == ["a"])
    _ = state.handle(.changed([.source("a")]))
    #expect(state.handle(.built("a", isGood: true)) == [.reload(["a"])])
    #expect(state.brokenBuilds.isEmpty)
  }

  @Test func aChangeDuringItsBuildBuildsOnceMoreBeforeAnythingIsReloaded() {
    var state = serving()
    _ = state.handle(.changed([.source("a")]))
    #expect(state.handle(.changed([.source("a")])) == [])
    #expect(state.handle(.changed([.source("b")])) == [])
    #expect(state.handle(.built("a", isGood: true)) == [.build("a")])
    #expect(state.handle(.built("a", isGood: true)) == [.reload(["a"]), .build("b")])
  }

  @Test func theLibraryThatItsOwnBuildMakesIsNotReloadedTwice() {
    var state = serving()
    _ = state.handle(.changed([.source("a")]))
    #expect(state.handle(.changed([.library("a"), .library("b")])) == [.reload(["b"])])
    #expect(state.handle(.built("a", isGood: true)) == [.reload(["a"])])
  }

  @Test func theConfigurationIsPlannedAndReloaded() {
    var state = serving()
    #expect(state.handle(.changed([.configuration, .library("a")])) == [.plan, .reload([])])
  }

  @Test func aConfigurationThatDoesNotStartWaitsForTheNextChange() {
    var state = DevelopState()
    #expect(state.begin([], isComplete: true) == [.start])
    #expect(state.handle(.ended(isMistake: true)) == [])
    #expect(state.handle(.changed([.configuration])) == [.plan, .start])
    // It was mended while it started with the mistake.
    #expect(state.handle(.changed([.configuration])) == [.plan])
    #expect(state.handle(.ended(isMistake: true)) == [.start])
    #expect(state.handle(.ready) == [])
  }

  @Test func afterACrashItWaitsOrStartsWithTheNextChange() {
    var state = serving()
    #expect(state.handle(.ended(isMistake: false)) == [])
    #expect(state.handle(.waited) == [.start])
    #expect(state.handle(.waited) == [], "once")
    _ = state.handle(.ready)
    _ = state.handle(.ended(isMistake: false))
    #expect(state.handle(.changed([.library("a")])) == [.start])
  }
}

@Suite struct WatchPlanTests {
  private let plan = WatchPlan(
    files: ["/c/gateway.yaml", "/c/.env"],
    builds: [
      WatchedPlugin(name: "shop", library: "/p/.build/debug/libShop.so", directory: "/p", command: ["swift"]),
      WatchedPlugin(name: "fixed", library: "/lib/libFixed.so", directory: "/lib", command: []),
    ])

  /// Typed, or the compiler takes minutes over the literal.
  static let paths: [(String, [WatchPlan.Meaning])] = [
    ("/c/gateway.yaml", [.configuration]),
    ("/c/.env", [.configuration]),
    ("/c/notes.md", []),
    ("/c/gateway.yaml~", []),
    ("/p/Sources/Shop/Book.swift", [.source("shop")]),
    ("/p/Package.swift", [.source("shop")]),
    ("/p/Package.resolved", [.source("shop")]),
    ("/p/Sources/Shop/.#Book.swift", []),
    ("/p/Sources/Shop/Book.swift.swp", []),
    ("/p/.build/checkouts/x/A.swift", []),
    ("/p/.build/debug/libShop.so", [.library("shop")]),
    ("/lib/libFixed.so", [.library("fixed")]),
    ("/lib/a.c", []),
    ("/pp/A.swift", []),
  ]

  @Test(arguments: paths)
  func aPathMeansWhatItIsOf(path: String, meanings: [WatchPlan.Meaning]) {
    #expect(plan.meanings(of: path) == Set(meanings))
  }

  @Test func ofSeveralPluginsInOnePackageTheOneIsMeantWhoseDirectoryItIs() {
    let plan = WatchPlan(
      files: [],
      builds: [
        WatchedPlugin(name: "a", library: "/p/.build/debug/libA.so", directory: "/p", command: ["swift"]),
        WatchedPlugin(name: "b", library: "/p/.build/debug/libB.so", directory: "/p", command: ["swift"]),
      ])
    #expect(plan.meanings(of: "/p/Sources/A/x.swift") == [.source("a"), .dependency("b")])
    #expect(plan.meanings(of: "/p/Sources/Common/x.swift") == [.source("a"), .source("b")])
    var state = DevelopState()
    _ = state.begin([], isComplete: true)
    _ = state.handle(.ready)
    #expect(state.handle(.changed([.dependency("a"), .source("b")])) == [.build("b")])
    #expect(state.handle(.built("b", isGood: true)) == [.reload(["b"]), .build("a")])
  }

  @Test func directoriesAreWatchedForWhatIsInThem() {
    #expect(plan.flat == ["/c", "/p/.build/debug", "/lib"])
    #expect(plan.deep == ["/p"])
  }
}

@Suite struct WatchedPluginTests {
  private let folder: String = {
    let path = FileManager.default.temporaryDirectory.appending(path: "build-\(UUID().uuidString)").path
    try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    return WatchedPlugin.absolute(path)
  }()

  private func file(_ plugins: String) throws -> GatewayFile {
    let text = "version: 1\nplugin_path: [\(folder)/.build/debug]\nplugins:\n\(plugins)\nroutes: [ { match: /, respond: 200 } ]\n"
    return try #require(
      ConfigurationLoader.load(Array(text.utf8), path: "\(folder)/g.yaml", environment: Environment()).file)
  }

  private func make(_ path: String) throws {
    let whole = "\(folder)/\(path)"
    try FileManager.default.createDirectory(
      atPath: WatchedPlugin.parent(whole), withIntermediateDirectories: true)
    try Data().write(to: URL(fileURLWithPath: whole))
  }

  @Test func thePackageIsTheNextOneAboveTheLibrary() throws {
    try make("Package.swift")
    try make(".build/release/libShop.so")
    let builds = try WatchedPlugin.plan(
      file("  shop: { path: \(folder)/.build/release/libShop.so }"), commands: [:], base: folder)
    #expect(
      builds == [
        WatchedPlugin(
          name: "shop", library: "\(folder)/.build/release/libShop.so", directory: folder,
          command: ["swift", "build", "--package-path", folder, "--product", "Shop", "-c", "release"])
      ])
  }

  @Test func aLibraryThatWasNeverBuiltIsFoundFromWhereItWouldBe() throws {
    try make("Package.swift")
    try FileManager.default.createDirectory(atPath: "\(folder)/.build/debug", withIntermediateDirectories: true)
    let builds = try WatchedPlugin.plan(file("  shop: { library: Shop }"), commands: [:], base: folder)
    #expect(builds.first?.library == nil)
    #expect(builds.first?.command == ["swift", "build", "--package-path", folder, "--product", "Shop"])
  }

  @Test func aCommandTakesThePlaceOfAPackage() throws {
    try make("lib/libdemo.so")
    let builds = try WatchedPlugin.plan(
      file("  demo: { path: \(folder)/lib/libdemo.so }"), commands: ["demo": "make demo"], base: folder)
    #expect(builds.first?.command == ["/bin/sh", "-c", "cd \"$0\" && make demo", folder])
    #expect(builds.first?.directory == "\(folder)/lib")
  }

  @Test(arguments: [
    ("/a/libBookshop.so", "Bookshop"), ("libBookshop.1.2-x86_64-linux.so", "Bookshop"), ("Bookshop", "Bookshop"),
    ("Bookshop.so", "Bookshop"), ("/a/library.so", "rary"),
  ])
  func theProductIsInTheLibrarysName(library: String, product: String) {
    #expect(WatchedPlugin.product(library) == product)
  }
}

/// With real files and the kernel's events.
@Suite(.timeLimit(.minutes(5))) struct FileWatchTests {
  private let folder: String = {
    let path = FileManager.default.temporaryDirectory.appending(path: "watch-\(UUID().uuidString)").path
    try? FileManager.default.createDirectory(atPath: path + "/sources/deep", withIntermediateDirectories: true)
    return WatchedPlugin.absolute(path)
  }()

  private func write(_ name: String) throws { try "x".write(toFile: "\(folder)/\(name)", atomically: false, encoding: .utf8) }

  /// Waits until that path is told of.
  private func sees(_ watch: FileWatch, _ name: String) -> Bool {
    var polled = pollfd(fd: watch.descriptor, events: Int16(POLLIN), revents: 0)
    while poll(&polled, 1, 10_000) > 0 {
      if watch.read().paths.contains("\(folder)/\(name)") { return true }
    }
    return false
  }

  @Test func aFileThatIsWrittenOrReplacedIsTold() throws {
    let watch = try FileWatch()
    #expect(watch.set(flat: [folder], deep: []).isEmpty)
    try write("a")
    #expect(sees(watch, "a"))
    // As editors save: another file is renamed over it.
    try write("b")
    #expect(rename("\(folder)/b", "\(folder)/a") == 0)
    #expect(sees(watch, "a"))
  }

  @Test func directoriesBelowADeepOneAreSeenAlsoNewOnes() throws {
    let watch = try FileWatch()
    #expect(watch.set(flat: [], deep: [folder + "/sources"]).isEmpty)
    try write("sources/deep/a.c")
    #expect(sees(watch, "sources/deep/a.c"))
    try FileManager.default.createDirectory(atPath: folder + "/sources/new/inner", withIntermediateDirectories: true)
    try write("sources/new/inner/b.c")
    #expect(sees(watch, "sources/new/inner/b.c"))
  }

  @Test func twoSpellingsOfADirectoryStayWatchedWhenOneGoes() throws {
    let watch = try FileWatch()
    _ = watch.set(flat: [folder, folder + "/."], deep: [])
    _ = watch.set(flat: [folder], deep: [])
    try write("a")
    #expect(sees(watch, "a"))
  }
}
