// swift-tools-version: 6.1
import PackageDescription

// Leaves first. The comment above a target is its responsibility; a repository test holds this table against the
// imports in the code.

let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
]

let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioLocks: Target.Dependency = .product(name: "NIOConcurrencyHelpers", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let nioTLS: Target.Dependency = .product(name: "NIOTLS", package: "swift-nio")
let nioEmbedded: Target.Dependency = .product(name: "NIOEmbedded", package: "swift-nio")
let nioSSL: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let atomics: Target.Dependency = .product(name: "Atomics", package: "swift-atomics")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
  name: "gateway",
  products: [
    .executable(name: "gateway", targets: ["gateway"]),
    .library(name: "GatewayPlugin", targets: ["GatewayPlugin"]),
    .library(name: "GatewayTesting", targets: ["GatewayTesting"]),
    // What Fuzz/ feeds with bytes.
    .library(
      name: "GatewayParsers",
      targets: [
        "GatewayHTTP", "GatewayJSON", "GatewaySchema", "GatewayYAML", "GatewayConfiguration", "GatewayPluginHost",
      ]),
    .library(name: "Echo", type: .dynamic, targets: ["Echo"]),
    .library(name: "Bookshop", type: .dynamic, targets: ["Bookshop"]),
    .library(name: "BenchPlugin", type: .dynamic, targets: ["BenchPlugin"]),
    .library(name: "BrokenFailingStart", type: .dynamic, targets: ["BrokenFailingStart"]),
    .library(name: "BrokenDuplicateHandler", type: .dynamic, targets: ["BrokenDuplicateHandler"]),
    .library(name: "BrokenRefusing", type: .dynamic, targets: ["BrokenRefusing"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
    .package(url: "https://github.com/apple/swift-atomics", from: "1.3.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
  ],
  targets: [
    // Exposes the system libyaml.
    .systemLibrary(name: "CLibYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
    // The binary contract: versions, types, call tables, ownership, threads.
    .target(name: "CGatewayPlugin"),
    // The ELF note that the Swift SDK puts into a plugin.
    .target(name: "CGatewayPluginNote", dependencies: ["CGatewayPlugin"]),
    // Lets an author write handlers and providers in Swift; depends on nothing but the contract.
    .target(name: "GatewayPlugin", dependencies: ["CGatewayPlugin", "CGatewayPluginNote"], swiftSettings: strict),

    // Parses and writes JSON within stated limits, with positions.
    .target(name: "GatewayJSON", swiftSettings: strict),
    // Compiles a JSON Schema once; answers "valid?" fast and "why not?" exactly.
    .target(name: "GatewaySchema", dependencies: ["GatewayJSON"], swiftSettings: strict),
    // YAML text to a tree whose nodes know line and column.
    .target(name: "GatewayYAML", dependencies: ["CLibYAML"], swiftSettings: strict),
    // The file as plain values, and every mistake in it.
    .target(name: "GatewayConfiguration", dependencies: ["GatewayYAML", "GatewayJSON"], swiftSettings: strict),

    // Messages and the HTTP/1.1 codec as values, no I/O.
    .target(name: "GatewayHTTP", dependencies: [nioCore], swiftSettings: strict),
    // Compiles patterns into a frozen table, matches host, method, path.
    .target(name: "GatewayRouting", dependencies: ["GatewayHTTP"], swiftSettings: strict),
    // Orders dependencies, scopes and teardown; rejects gaps, cycles, mismatches.
    .target(name: "GatewayWiring", swiftSettings: strict),
    // Opens a library, checks the contract, carries invocations across it.
    .target(
      name: "GatewayPluginHost", dependencies: ["CGatewayPlugin", "GatewayHTTP", nioCore, nioPosix, nioLocks, atomics],
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
        "CGatewayPlugin", "GatewayJSON", "GatewaySchema", "GatewayConfiguration", "GatewayHTTP", "GatewayRouting",
        "GatewayWiring", "GatewayPluginHost", "GatewayPolicies", "GatewayProxy", "GatewayServer", "GatewayTelemetry",
        nioCore, nioPosix, nioLocks, atomics, logging,
      ],
      swiftSettings: strict),
    // In-process client, overrides, fixtures for plugin authors.
    .target(
      name: "GatewayTesting",
      dependencies: [
        "CGatewayPlugin", "Gateway", "GatewayPlugin", "GatewayPluginHost", "GatewayHTTP", "GatewayJSON", nioCore, nioPosix,
        logging,
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
    // Fixed answers, for measurements.
    .target(
      name: "BenchPlugin", dependencies: ["GatewayPlugin"], path: "Benchmarks/BenchPlugin", swiftSettings: strict),

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
    // What several test targets share.
    .target(name: "TestSupport", path: "Tests/Support", swiftSettings: strict),
    .testTarget(name: "GatewayHTTPTests", dependencies: ["GatewayHTTP", nioCore], swiftSettings: strict),
    .testTarget(name: "GatewayJSONTests", dependencies: ["GatewayJSON"], swiftSettings: strict),
    .testTarget(name: "GatewaySchemaTests", dependencies: ["GatewaySchema", "GatewayJSON"], swiftSettings: strict),
    .testTarget(name: "GatewayYAMLTests", dependencies: ["GatewayYAML"], swiftSettings: strict),
    .testTarget(
      name: "GatewayConfigurationTests", dependencies: ["GatewayConfiguration", "GatewayYAML", "GatewayJSON"],
      exclude: ["Golden"], swiftSettings: strict),
    .testTarget(
      name: "GatewayRoutingTests", dependencies: ["GatewayRouting", "GatewayHTTP"], swiftSettings: strict),
    .testTarget(name: "GatewayWiringTests", dependencies: ["GatewayWiring"], swiftSettings: strict),
    .testTarget(
      name: "GatewayPluginHostTests", dependencies: ["GatewayPluginHost", "CGatewayPlugin", "TestSupport"],
      swiftSettings: strict),
    .testTarget(
      name: "GatewayPoliciesTests", dependencies: ["GatewayPolicies", "GatewayHTTP", nioCore], swiftSettings: strict),
    .testTarget(
      name: "GatewayTelemetryTests", dependencies: ["GatewayTelemetry", "GatewayHTTP", nioCore], swiftSettings: strict),
    .testTarget(
      name: "GatewayProxyTests", dependencies: ["GatewayProxy", "GatewayHTTP", nioCore, nioPosix], swiftSettings: strict),
    .testTarget(
      name: "GatewayServerTests", dependencies: ["GatewayServer", "GatewayHTTP", nioCore, nioPosix, nioSSL, nioEmbedded],
      swiftSettings: strict),
    .testTarget(name: "EndToEndTests", dependencies: ["TestSupport"], swiftSettings: strict),
    .testTarget(name: "RepositoryTests", swiftSettings: strict),
    .testTarget(
      name: "GatewayTests",
      dependencies: [
        "Gateway", "GatewayTesting", "GatewayPlugin", "GatewayPluginHost", "GatewayServer", "GatewayHTTP", nioCore,
      ],
      swiftSettings: strict),
    // The plugin's own code linked in, and the gateway around it: what a plugin author's test target looks like.
    .testTarget(
      name: "BookshopTests", dependencies: ["Bookshop", "GatewayPlugin", "GatewayTesting"], swiftSettings: strict),
  ]
)
