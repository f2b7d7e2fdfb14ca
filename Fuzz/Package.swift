// swift-tools-version: 6.1
import PackageDescription

// Fuzz targets, apart from the main build: they only link with libFuzzer (see run.sh). README.md says how to add one.
// JSONOracle is an ordinary program, for json-oracle.

let parsers: Target.Dependency = .product(name: "GatewayParsers", package: "gateway")
let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")

func fuzzTarget(_ name: String) -> Target {
  .executableTarget(
    name: name, dependencies: [parsers, nioCore],
    swiftSettings: [.swiftLanguageMode(.v6), .unsafeFlags(["-parse-as-library"])])
}

let package = Package(
  name: "gateway-fuzz",
  dependencies: [
    .package(name: "gateway", path: ".."),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
  ],
  targets: [
    fuzzTarget("FuzzDotEnv"),
    fuzzTarget("FuzzELF"),
    fuzzTarget("FuzzFrames"),
    fuzzTarget("FuzzHTTP"),
    fuzzTarget("FuzzInflate"),
    fuzzTarget("FuzzJSON"),
    fuzzTarget("FuzzMultipart"),
    fuzzTarget("FuzzPattern"),
    fuzzTarget("FuzzSchema"),
    fuzzTarget("FuzzYAML"),
    .executableTarget(
      name: "JSONOracle", dependencies: [.product(name: "GatewayValidation", package: "gateway")],
      swiftSettings: [.swiftLanguageMode(.v6)]),
  ]
)
