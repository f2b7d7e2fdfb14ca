// swift-tools-version: 6.1
import PackageDescription

// A package of its own: the gateway neither builds nor depends on what it is compared with.
// Its directory must not be called `hummingbird`: that is the identity of the package it depends on.
let package = Package(
  name: "peer",
  platforms: [.macOS(.v14)],
  dependencies: [.package(url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.28.1")],
  targets: [
    .executableTarget(name: "peer", dependencies: [.product(name: "Hummingbird", package: "hummingbird")])
  ]
)
