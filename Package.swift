// swift-tools-version: 6.1
import CompilerPluginSupport
import PackageDescription

// Leaves first. The comment above a target is its responsibility; a repository test holds this table against the
// imports in the code.

let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
]

/// What runs inside plugins: async functions stay where their caller runs. Each that moves asks for the task's executor,
/// under a lock, on its way in and out.
let staying: [SwiftSetting] = strict + [.enableUpcomingFeature("NonisolatedNonsendingByDefault")]

let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioLocks: Target.Dependency = .product(name: "NIOConcurrencyHelpers", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let nioTLS: Target.Dependency = .product(name: "NIOTLS", package: "swift-nio")
let nioEmbedded: Target.Dependency = .product(name: "NIOEmbedded", package: "swift-nio")
let nioSSL: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let atomics: Target.Dependency = .product(name: "Atomics", package: "swift-atomics")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
func syntax(_ module: String) -> Target.Dependency { .product(name: module, package: "swift-syntax") }
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
  name: "gateway",
  products: [
    .executable(name: "gateway", targets: ["gateway"]),
    .library(name: "GatewayPlugin", targets: ["GatewayPlugin"]),
    .library(name: "GatewayPluginFoundation", targets: ["GatewayPluginFoundation"]),
    .library(name: "GatewayTesting", targets: ["GatewayTesting"]),
    // What Benchmarks/Validation measures; apart, so that building it builds nothing else.
    .library(name: "GatewayValidation", targets: ["GatewayJSON", "GatewaySchema"]),
    // What Fuzz/ feeds with bytes.
    .library(
      name: "GatewayParsers",
      targets: [
        "GatewayHTTP", "GatewayBodies", "GatewayFiles", "GatewayJSON", "GatewaySchema", "GatewayYAML",
        "GatewayConfiguration", "GatewayPluginHost", "GatewayIsolation",
      ]),
    .library(name: "Echo", type: .dynamic, targets: ["Echo"]),
    .library(name: "Bookshop", type: .dynamic, targets: ["Bookshop"]),
    .library(name: "Guestbook", type: .dynamic, targets: ["Guestbook"]),
    .library(name: "BenchPlugin", type: .dynamic, targets: ["BenchPlugin"]),
    .library(name: "SoakPlugin", type: .dynamic, targets: ["SoakPlugin"]),
    .library(name: "BrokenFailingStart", type: .dynamic, targets: ["BrokenFailingStart"]),
    .library(name: "BrokenDuplicateHandler", type: .dynamic, targets: ["BrokenDuplicateHandler"]),
    .library(name: "BrokenRefusing", type: .dynamic, targets: ["BrokenRefusing"]),
    .library(name: "Catalog", type: .dynamic, targets: ["Catalog"]),
    .library(name: "Shop", type: .dynamic, targets: ["Shop"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
    .package(url: "https://github.com/apple/swift-atomics", from: "1.3.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/swiftlang/swift-syntax", from: "603.0.1"),
  ],
  targets: [
    // Exposes the system libyaml.
    .systemLibrary(name: "CLibYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
    // Exposes the system zlib.
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    // The binary contract: versions, types, call tables, ownership, threads.
    .target(name: "CGatewayPlugin"),
    // The ELF note that the Swift SDK puts into a plugin.
    .target(name: "CGatewayPluginNote", dependencies: ["CGatewayPlugin"]),
    // Lets an author write handlers and providers in Swift; depends on nothing but the contract.
    .target(
      name: "GatewayPlugin", dependencies: ["CGatewayPlugin", "CGatewayPluginNote", "GatewayPluginMacros"],
      swiftSettings: staying),
    // The macros of the SDK; run by the compiler, linked into nothing.
    .macro(
      name: "GatewayPluginMacros",
      dependencies: [
        syntax("SwiftSyntax"), syntax("SwiftSyntaxBuilder"), syntax("SwiftSyntaxMacros"), syntax("SwiftDiagnostics"),
        syntax("SwiftCompilerPlugin"),
      ],
      swiftSettings: strict),
    // Foundation's UUID, Date, Decimal and URL as values in JSON, for plugins that use Foundation anyway.
    .target(name: "GatewayPluginFoundation", dependencies: ["GatewayPlugin"], swiftSettings: strict),

    // Parses and writes JSON within stated limits, with positions.
    .target(name: "GatewayJSON", swiftSettings: strict),
    // Compiles a JSON Schema once; answers "valid?" fast and "why not?" exactly.
    .target(name: "GatewaySchema", dependencies: ["GatewayJSON"], swiftSettings: strict),
    // YAML text to a tree whose nodes know line and column.
    .target(name: "GatewayYAML", dependencies: ["CLibYAML"], swiftSettings: strict),
    // The file as plain values, and every mistake in it.
    .target(
      name: "GatewayConfiguration", dependencies: ["GatewayYAML", "GatewayJSON", "GatewaySchema"],
      swiftSettings: strict),
    // The docs page's HTML, style and script as constants.
    .target(name: "CGatewayDocsPage", exclude: ["Page"]),
    // The OpenAPI document and the docs page, upstream documents merged, documents imported as
    // configuration: pure functions.
    .target(
      name: "GatewayOpenAPI", dependencies: ["CGatewayDocsPage", "CSHA256", "GatewayJSON", "GatewayYAML"],
      swiftSettings: strict),

    // Messages and the HTTP/1.1 codec as values, no I/O.
    .target(name: "GatewayHTTP", dependencies: [nioCore], swiftSettings: strict),
    // Request bodies taken apart: forms, multipart, compression, charsets; what is too large for memory goes to a spool.
    .target(name: "GatewayBodies", dependencies: ["GatewayHTTP", "CZlib", nioCore, atomics], swiftSettings: strict),
    // Answers with files: conditions, ranges, names, and opening them beneath a root.
    .target(name: "GatewayFiles", dependencies: ["GatewayHTTP", nioCore], swiftSettings: strict),
    // Compiles patterns into a frozen table, matches host, method, path.
    .target(name: "GatewayRouting", dependencies: ["GatewayHTTP"], swiftSettings: strict),
    // Orders dependencies, scopes and teardown; rejects gaps, cycles, mismatches.
    .target(name: "GatewayWiring", swiftSettings: strict),
    // Notes what each event loop runs, and looks at one that is held, from a signal handler.
    .target(name: "CLoopWatch", dependencies: ["CGatewayPlugin"]),
    // SHA-256.
    .target(name: "CSHA256"),
    // Opens a library, checks the contract, carries invocations across it.
    .target(
      name: "GatewayPluginHost",
      dependencies: ["CGatewayPlugin", "CLoopWatch", "CSHA256", "GatewayHTTP", nioCore, nioPosix, nioLocks, atomics],
      swiftSettings: strict),
    // Starts processes that plugins live in, and what these give up first.
    .target(name: "CWorkerProcess"),
    // Plugins in processes of their own: the gateway's end, the worker's end, and what they say to each other.
    .target(
      name: "GatewayIsolation",
      dependencies: [
        "CGatewayPlugin", "CWorkerProcess", "GatewayHTTP", "GatewayPluginHost", nioCore, nioPosix, nioLocks, atomics,
      ],
      swiftSettings: strict),
    // Built-in policies, one file each.
    .target(name: "GatewayPolicies", dependencies: ["GatewayHTTP", nioCore], swiftSettings: strict),
    // Upstreams: pools, balancing, header rules, streaming.
    .target(
      name: "GatewayProxy", dependencies: ["GatewayHTTP", nioCore, nioPosix], swiftSettings: strict),
    // Listeners, connections, the life of an HTTP/1.1 stream.
    .target(
      name: "GatewayServer", dependencies: ["GatewayHTTP", nioCore, nioPosix, nioTLS, nioSSL],
      swiftSettings: strict),
    // Access log, written off the loop.
    .target(name: "GatewayTelemetry", dependencies: ["GatewayHTTP", nioCore], swiftSettings: strict),

    // Answers the differential test against Pydantic; not part of the product.
    .executableTarget(
      name: "SchemaDriver", dependencies: ["GatewaySchema", "GatewayJSON"], path: "Tests/Differential/Driver",
      swiftSettings: strict),

    // Assembles all of it into one running snapshot.
    .target(
      name: "Gateway",
      dependencies: [
        "CGatewayPlugin", "GatewayJSON", "GatewaySchema", "GatewayConfiguration", "GatewayHTTP", "GatewayBodies",
        "GatewayFiles", "GatewayIsolation", "GatewayOpenAPI", "GatewayRouting", "GatewayWiring", "GatewayPluginHost",
        "GatewayPolicies", "GatewayProxy", "GatewayServer", "GatewayTelemetry",
        nioCore, nioPosix, nioLocks, atomics, logging,
      ],
      swiftSettings: strict),
    // In-process client, overrides, fixtures for plugin authors.
    .target(
      name: "GatewayTesting",
      dependencies: [
        "CGatewayPlugin", "Gateway", "GatewayPlugin", "GatewayPluginHost", "GatewayHTTP", "GatewayJSON", nioCore, nioPosix,
        nioLocks, logging,
      ],
      swiftSettings: strict),
    // Arguments, diagnostics, exit codes.
    .executableTarget(name: "gateway", dependencies: ["Gateway", arguments], swiftSettings: strict),

    // The smallest plugin.
    .target(name: "Echo", dependencies: ["GatewayPlugin"], path: "Plugins/Echo", swiftSettings: strict),
    // The example: a bookshop on SQLite.
    .target(
      name: "Bookshop", dependencies: ["GatewayPlugin", .product(name: "GRDB", package: "GRDB.swift")],
      path: "Plugins/Bookshop", exclude: ["README.md", "stock.yaml"], swiftSettings: strict),
    // A guest book, in C and nothing else.
    .target(
      name: "Guestbook", dependencies: ["CGatewayPlugin"], path: "Plugins/Guestbook", exclude: ["README.md"],
      publicHeadersPath: "."),
    // Fixed answers, for measurements.
    .target(
      name: "BenchPlugin", dependencies: ["GatewayPlugin"], path: "Benchmarks/BenchPlugin", swiftSettings: staying),
    // Counts what it makes and tears down, for hours of mixed load.
    .target(
      name: "SoakPlugin", dependencies: ["GatewayPlugin"], path: "Benchmarks/SoakPlugin", swiftSettings: staying),

    // Plugins in Swift with one fault each; those in C are compiled by the tests.
    .target(
      name: "BrokenFailingStart", dependencies: ["GatewayPlugin"], path: "Tests/BrokenPlugins/Swift/FailingStart",
      swiftSettings: strict),
    .target(
      name: "BrokenDuplicateHandler", dependencies: ["GatewayPlugin"], path: "Tests/BrokenPlugins/Swift/DuplicateHandler",
      swiftSettings: strict),
    .target(
      name: "BrokenRefusing", dependencies: ["GatewayPlugin"], path: "Tests/BrokenPlugins/Swift/Refusing",
      swiftSettings: strict),
    // Two plugins that give each other values, and the service that one has for the other.
    .target(name: "Prices", path: "Tests/ViewPlugins/Prices"),
    .target(
      name: "Catalog", dependencies: ["GatewayPlugin", "Prices"], path: "Tests/ViewPlugins/Catalog",
      swiftSettings: strict),
    .target(
      name: "Shop", dependencies: ["GatewayPlugin", "Prices"], path: "Tests/ViewPlugins/Shop", swiftSettings: strict),
    // What several test targets share.
    .target(name: "TestSupport", path: "Tests/Support", swiftSettings: strict),
    .testTarget(
      name: "GatewayPluginTests",
      dependencies: ["GatewayPlugin", "GatewayPluginFoundation", "GatewayJSON", "CGatewayPlugin"], swiftSettings: strict),
    .testTarget(
      name: "GatewayPluginMacrosTests",
      dependencies: [
        "GatewayPluginMacros", syntax("SwiftSyntax"), syntax("SwiftSyntaxMacros"), syntax("SwiftSyntaxMacroExpansion"),
        syntax("SwiftSyntaxMacrosGenericTestSupport"),
      ],
      swiftSettings: strict),
    .testTarget(name: "GatewayHTTPTests", dependencies: ["GatewayHTTP", nioCore], swiftSettings: strict),
    .testTarget(
      name: "GatewayBodiesTests", dependencies: ["GatewayBodies", "GatewayHTTP", "CZlib", nioCore],
      swiftSettings: strict),
    .testTarget(
      name: "GatewayFilesTests", dependencies: ["GatewayFiles", "GatewayHTTP", nioCore], swiftSettings: strict),
    .testTarget(name: "GatewayJSONTests", dependencies: ["GatewayJSON"], swiftSettings: strict),
    .testTarget(name: "GatewaySchemaTests", dependencies: ["GatewaySchema", "GatewayJSON"], swiftSettings: strict),
    .testTarget(name: "GatewayYAMLTests", dependencies: ["GatewayYAML"], swiftSettings: strict),
    .testTarget(
      name: "GatewayConfigurationTests", dependencies: ["GatewayConfiguration", "GatewayYAML", "GatewayJSON"],
      exclude: ["Golden"], swiftSettings: strict),
    .testTarget(
      name: "GatewayOpenAPITests",
      dependencies: ["GatewayOpenAPI", "GatewayConfiguration", "GatewaySchema", "GatewayYAML", "GatewayJSON"],
      exclude: ["validate.py"], swiftSettings: strict),
    .testTarget(
      name: "GatewayRoutingTests", dependencies: ["GatewayRouting", "GatewayHTTP"], swiftSettings: strict),
    .testTarget(name: "GatewayWiringTests", dependencies: ["GatewayWiring"], swiftSettings: strict),
    .testTarget(
      name: "GatewayPluginHostTests", dependencies: ["GatewayPluginHost", "CGatewayPlugin", "CSHA256", "TestSupport"],
      swiftSettings: strict),
    .testTarget(
      name: "GatewayIsolationTests", dependencies: ["GatewayIsolation", "GatewayPluginHost", "CGatewayPlugin", nioCore],
      swiftSettings: strict),
    .testTarget(
      name: "GatewayPoliciesTests", dependencies: ["GatewayPolicies", "GatewayHTTP", nioCore], swiftSettings: strict),
    .testTarget(
      name: "GatewayTelemetryTests", dependencies: ["GatewayTelemetry", "GatewayHTTP", nioCore], swiftSettings: strict),
    .testTarget(
      name: "GatewayProxyTests", dependencies: ["GatewayProxy", "GatewayHTTP", nioCore, nioPosix], swiftSettings: strict),
    .testTarget(
      name: "GatewayServerTests",
      dependencies: ["GatewayServer", "GatewayHTTP", "TestSupport", nioCore, nioPosix, nioSSL, nioEmbedded],
      swiftSettings: strict),
    // The page as a value, and in a headless browser.
    .testTarget(
      name: "DocsPageTests", dependencies: ["GatewayOpenAPI"], exclude: ["Browser"], swiftSettings: strict),
    .testTarget(name: "EndToEndTests", dependencies: ["TestSupport"], swiftSettings: strict),
    .testTarget(name: "RepositoryTests", swiftSettings: strict),
    .testTarget(
      name: "GatewayTests",
      dependencies: [
        "Gateway", "GatewayTesting", "GatewayPlugin", "GatewayPluginHost", "GatewayServer", "GatewayHTTP", nioCore,
        nioPosix,
      ],
      swiftSettings: strict),
    // The plugin's own code linked in, and the gateway around it: what a plugin author's test target looks like.
    .testTarget(
      name: "BookshopTests", dependencies: ["Bookshop", "GatewayPlugin", "GatewayTesting"], swiftSettings: strict),
  ]
)

// With optimisation swift-syntax takes minutes and gigabytes, for a program that only the compiler runs. So `make` builds
// the macros once, in debug as the tests have them, and hands the release build their executable (scripts/build-macros).
if let executable = Context.environment["GATEWAY_MACROS"] {
  let macros = "GatewayPluginMacros"
  package.targets.removeAll { $0.name == macros }
  for target in package.targets {
    let names = target.dependencies.map { if case .byNameItem(let name, _) = $0 { name } else { "" } }
    guard names.contains(macros) || names.contains("GatewayPlugin") else { continue }
    target.dependencies.removeAll { if case .byNameItem(macros, _) = $0 { true } else { false } }
    target.swiftSettings?.append(.unsafeFlags(["-load-plugin-executable", "\(executable)#\(macros)"]))
  }
}
