// swift-tools-version: 6.1
import PackageDescription

// What Benchmarks/validation measures. A package of its own: the gateway ships without it.
let package = Package(
  name: "validation-bench",
  dependencies: [.package(name: "gateway", path: "../..")],
  targets: [
    .executableTarget(
      name: "validation-bench", dependencies: [.product(name: "GatewayValidation", package: "gateway")],
      swiftSettings: [.swiftLanguageMode(.v6), .enableUpcomingFeature("ExistentialAny")])
  ]
)
