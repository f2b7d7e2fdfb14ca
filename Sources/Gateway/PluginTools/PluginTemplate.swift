import GatewayPluginHost

/// The files of a new plugin: a package that builds, tests and serves as it is.
public struct PluginTemplate: Sendable {
  /// Where the gateway's package comes from.
  public enum Source: Sendable, Equatable {
    /// A folder with the package: as it is written into the new package's manifest, and its own name.
    case checkout(path: String, package: String)
    /// A released version of a repository.
    case release(url: String, version: String)
  }

  public struct Mistake: Error, CustomStringConvertible {
    public let description: String
  }

  /// The module, and the type in it.
  let name: String
  let source: Source

  /// - Parameter name: a Swift module's name in upper camel case, such as `Weather`.
  /// - Throws: `Mistake`, with a better name where there is one.
  public init(name: String, source: Source) throws(Mistake) {
    try Self.check(name)
    self.name = name
    self.source = source
  }

  // MARK: names

  private static func check(_ name: String) throws(Mistake) {
    let bytes = Array(name.utf8)
    func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- 0x61 < 26 }
    func isPart(_ byte: UInt8) -> Bool { isLetter(byte) || byte &- 0x30 < 10 }
    guard let first = bytes.first else { throw Mistake(description: "a plugin needs a name, such as Weather") }
    guard bytes.count <= 64 else {
      throw Mistake(description: "`\(name)` has \(bytes.count) characters; a plugin's name has at most 64")
    }
    guard bytes.allSatisfy(isPart), first &- 0x41 < 26 else {
      let better = camel(name)
      throw Mistake(
        description: "`\(Printable.text(name))` is no name of a Swift module in upper camel case (letters and digits)"
          + (better.isEmpty || taken.contains(better) ? "" : "; try `\(better)`"))
    }
    if taken.contains(name) || keywords.contains(name) {
      throw Mistake(
        description: "`\(name)` is a name that Swift or the gateway's SDK has already; try `My\(name)`")
    }
  }

  /// `my-plugin` as `MyPlugin`; empty where nothing can be made of it.
  private static func camel(_ name: String) -> String {
    var result = ""
    var startsWord = true
    for scalar in name.unicodeScalars {
      let isDigit = ("0"..."9").contains(scalar)
      guard ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || isDigit && !result.isEmpty else {
        startsWord = true
        continue
      }
      result += startsWord ? String(scalar).uppercased() : String(scalar)
      startsWord = false
    }
    return String(result.prefix(58))
  }

  /// Modules that the package imports or that are always there, and types of the SDK: a module of such a name hides them, or
  /// is hidden by them.
  private static let taken: Set<String> = [
    "Swift", "Foundation", "FoundationEssentials", "Dispatch", "Glibc", "Musl", "Testing", "XCTest", "Synchronization",
    "Observation", "Distributed", "RegexBuilder", "Logging", "Crypto", "Atomics", "System", "ArgumentParser",
    "Gateway", "GatewayPlugin", "GatewayTesting", "GatewayPluginHost", "GatewayPluginFoundation", "GatewayHTTP",
    "GatewayJSON",
    "Plugin", "Handler", "Provider", "Policy", "Schema", "Request", "Response", "Reply", "Path", "Query", "Header",
    "Headers",
    "Cookie", "Body", "Form", "File", "Field", "HTTPError", "Teardown", "Dependency", "Background", "BackgroundTasks",
    "Secret",
    "Greeting", "Greeter", "GreeterConfig", "String", "Int", "Double", "Bool", "Array", "Dictionary", "Set", "Error",
    "Result", "Task", "Optional", "Character", "Data", "Date", "URL", "UUID",
  ]
  private static let keywords: Set<String> = ["Any", "Self", "Type", "Protocol"]

  /// The plugin's name in configurations: `weather`.
  var key: String { name.prefix(1).lowercased() + name.dropFirst() }

  // MARK: files

  /// Paths in the new folder, and their content.
  public var files: [(path: String, content: String)] {
    [
      ("Package.swift", manifest), ("Sources/\(name)/\(name).swift", code),
      ("Tests/\(name)Tests/\(name)Tests.swift", test),
      ("gateway.yaml", configuration), ("README.md", readme), (".gitignore", ".build/\n*.xcodeproj\n.swiftpm/\n"),
    ]
  }

  private var package: String {
    switch source {
    case .checkout(_, let package): package
    case .release(let url, _):
      // As the package manager names it: the last part, without `.git`.
      (url.split(separator: "/").last.map(String.init) ?? url).replacing(suffix: ".git", with: "").lowercased()
    }
  }

  private var dependency: String {
    switch source {
    case .checkout(let path, _): ".package(path: \(Self.literal(path)))"
    case .release(let url, let version): ".package(url: \(Self.literal(url)), from: \(Self.literal(version)))"
    }
  }

  private static func literal(_ text: String) -> String {
    var literal = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": literal += "\\" + String(scalar)
      default: literal += scalar.value < 0x20 ? "\\u{\(String(scalar.value, radix: 16))}" : String(scalar)
      }
    }
    return literal + "\""
  }

  private var manifest: String {
    """
    // swift-tools-version: 6.1
    import PackageDescription

    // Async functions of a plugin stay where the gateway calls them: on the event loop of the connection.
    let settings: [SwiftSetting] = [
      .swiftLanguageMode(.v6), .enableUpcomingFeature("ExistentialAny"), .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    ]

    let package = Package(
      name: "\(name)",
      products: [
        // What the gateway opens: lib\(name).so.
        .library(name: "\(name)", type: .dynamic, targets: ["\(name)"])
      ],
      dependencies: [\(dependency)],
      targets: [
        .target(
          name: "\(name)", dependencies: [.product(name: "GatewayPlugin", package: \(Self.literal(package)))],
          swiftSettings: settings),
        // The plugin's code linked in, and the whole gateway around it.
        .testTarget(
          name: "\(name)Tests",
          dependencies: [
            "\(name)", .product(name: "GatewayPlugin", package: \(Self.literal(package))),
            .product(name: "GatewayTesting", package: \(Self.literal(package))),
          ]),
      ])

    """
  }

  private var code: String {
    """
    import GatewayPlugin

    /// The plugin as a value: tests link it and open it without a library file.
    public func \(key)() -> Plugin { \(name).plugin() }

    @Plugin("\(key)", version: "0.1.0")
    struct \(name) {
      /// Greets by name.
      @Handler func greet(@Path name: String, @Query(.range(1...5)) times: Int = 1, greeter: Greeter) async throws -> Greeting {
        guard name != "nobody" else { throw HTTPError(404, detail: "There is nobody of that name") }
        return Greeting(text: Array(repeating: "\\(greeter.word), \\(name)!", count: times).joined(separator: " "))
      }

      /// Made once, when the gateway starts; every handler that asks for a `Greeter` gets it.
      @Provider(scope: .app) static func greeter(config: GreeterConfig, teardown: Teardown) async throws -> Greeter {
        // The place to open a database or a connection, and to close it:
        teardown { _ in }
        return Greeter(word: config.word)
      }
    }

    /// What `config` of the dependency may say in gateway.yaml.
    @Schema(closed: true) struct GreeterConfig {
      @Field(.minLength(1), .maxLength(40)) var word: String = "Hello"
    }

    /// Shared by everything that runs at the same time.
    struct Greeter: Sendable {
      let word: String
    }

    @Schema struct Greeting {
      var text: String
    }

    """
  }

  private var test: String {
    """
    import GatewayTesting
    import Testing
    import \(name)

    @Suite struct \(name)Tests {
      /// The file that is served, with the plugin of this build.
      private func served(_ mode: TestMode, _ body: (TestClient) async throws -> Void) async throws {
        try await withGateway("gateway.yaml", plugins: ["\(key)": \(key)()], mode: mode, body)
      }

      @Test(arguments: TestMode.allCases)
      func greetsAsOftenAsAsked(mode: TestMode) async throws {
        try await served(mode) { client in
          let answer = try await client.get("/greet/Ada?times=2")
          #expect(answer.status == 200)
          #expect(try answer.json()["text"] == "Good day, Ada! Good day, Ada!")
        }
      }

      @Test func whatDoesNotFitNeverReachesTheHandler() async throws {
        try await served(.inProcess) { client in
          let tooMany = try await client.get("/greet/Ada?times=6")
          #expect(tooMany.status == 422)
          let nobody = try await client.get("/greet/nobody")
          #expect(nobody.status == 404)
        }
      }
    }

    """
  }

  private var configuration: String {
    """
    # Serves the plugin as `gateway plugin build` made it: gateway run
    version: 1

    server:
      listen: ["127.0.0.1:8080"]

    # Where `library: \(name)` is looked for, as lib\(name).so.
    plugin_path: [".build/release", ".build/debug"]

    plugins:
      \(key): { library: \(name) }

    dependencies:
      greeter: { provider: \(key).greeter, config: { word: "Good day" } }

    openapi: {}

    routes:
      - match: GET /greet/{name}
        handler: \(key).greet
        needs: { greeter: greeter }

    """
  }

  private var readme: String {
    """
    # \(name)

    A plugin for the gateway, in Swift.

    ```sh
    swift test                                          # the plugin and the whole gateway in one process
    gateway plugin build                                # lib\(name).so, optimised, with nothing exported but its entry
    gateway plugin test .build/release/lib\(name).so    # whether it keeps the contract
    gateway run                                         # serves gateway.yaml on port 8080
    ```

    ```sh
    $ curl 'localhost:8080/greet/Ada?times=2'
    {"text":"Good day, Ada! Good day, Ada!"}
    ```

    | file | |
    |---|---|
    | `Sources/\(name)/\(name).swift` | a handler, a provider with config, and what they take and give |
    | `Tests/\(name)Tests` | tests through the gateway that serves it |
    | `gateway.yaml` | where the handler is reached, and how its dependency is configured |

    """
  }
}

extension String {
  fileprivate func replacing(suffix: String, with end: String) -> String {
    hasSuffix(suffix) ? String(dropLast(suffix.count)) + end : self
  }
}
