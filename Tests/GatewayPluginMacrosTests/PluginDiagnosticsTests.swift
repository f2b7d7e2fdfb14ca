import Testing

@testable import GatewayPluginMacros

/// What cannot be a handler or a provider is refused where it is written, with a way out.
struct PluginDiagnosticsTests {
  /// `function` stands in the second line.
  private func expect(
    _ function: String, _ finding: String, mended: String? = nil, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let wrap = { (function: String) in "@Plugin struct P {\n\(function)\n}" }
    let expansion = Expansion(wrap(function))
    #expect(expansion.findings == ["2:" + finding], sourceLocation: sourceLocation)
    if let mended { #expect(expansion.mended == wrap(mended), sourceLocation: sourceLocation) }
  }

  @Test func aRequestHasOneBody() {
    expect(
      "@Handler func a(@Body x: A, @Body y: B) {}",
      "29: a request has one body, and @Body has taken it; put both values into one @Schema struct")
    expect(
      "@Handler func a(@Body x: A, @Form y: String) {}",
      "17: @Form is part of a form, and @Body is the whole body: a request has one of them")
  }

  @Test func anErrorHandlerTakesTheErrorAndReturnsTheAnswer() {
    expect("@ErrorHandler func a() -> A {}", "20: an error handler takes the error first, such as 'error: OutOfStock'")
    expect(
      "@ErrorHandler func a(r: borrowing Request) -> A {}",
      "20: an error handler takes the error first, such as 'error: OutOfStock'")
    expect(
      "@ErrorHandler func a(e: E, s: Store) -> A {}",
      "28: beside the error, an error handler takes 'borrowing Request' alone: what failed may be a dependency")
    expect(
      "@ErrorHandler func a(e: E) {}", "20: an error handler returns the answer: a @Schema type, a Reply or a Response")
    expect("@ErrorHandler(status: 99) func a(e: E) -> A {}", "23: a status of a response is from 200 to 599")
  }

  @Test func aPathHasNoDefaultAndIsNeverNil() {
    expect(
      "@Handler func a(@Path id: Int = 1) {}",
      "31: a path always has its segments, so a default would never be used -> remove the default",
      mended: "@Handler func a(@Path id: Int) {}")
    expect(
      "@Handler func a(@Path id: Int?) {}", "27: a path always has its segments: 'id' is never nil -> use 'Int'",
      mended: "@Handler func a(@Path id: Int) {}")
  }

  @Test func aScalarWithoutAMarkIsNoDependency() {
    expect(
      "@Handler func a(limit: Int = 20) {}",
      "17: 'limit: Int' would be a dependency; say where in the request it comes from -> mark it with '@Query'",
      mended: "@Handler func a(@Query limit: Int = 20) {}")
  }

  @Test func aDependencyHasNoDefault() {
    expect(
      "@Handler func a(store: Store = .main) {}",
      "30: a dependency is always there, so a default would never be used -> remove the default")
  }

  @Test(arguments: ["", "catalog.user", "@1.0", "catalog.user@", "catalog.user@1", "catalog.user@1.x", "a@1.0@2.0", "a@1.0.0"])
  func aValueOfAnotherPluginIsNamedWithItsVersion(view: String) {
    let message = "a value of another plugin is named with its version, such as @From(\"catalog.user@1.0\")"
    expect("@Handler func a(@From(\"\(view)\") user: User) {}", "17: \(message)")
    expect("@Provider static func a(@From(\"\(view)\") user: User) -> A {}", "25: \(message)")
  }

  @Test func aValueOfAnotherPluginHasNoDefaultAndNoSecondSource() {
    expect(
      "@Handler func a(@From(\"a@1.0\") user: User = .none) {}",
      "43: a dependency is always there, so a default would never be used -> remove the default",
      mended: "@Handler func a(@From(\"a@1.0\") user: User) {}")
    expect(
      "@Handler func a(@From(\"a@1.0\") @Query user: User) {}", "32: 'user' comes from one place: keep @From or @Query")
    expect(
      "@Handler func a(@From(name) user: User) {}",
      "17: a value of another plugin is named with its version, such as @From(\"catalog.user@1.0\")")
  }

  @Test func aPolicyWaitsForWhatStandsBehindItAndReturnsItsAnswer() {
    let parameters = "_ r: consuming PolicyRequest, _ n: consuming PolicyNext"
    expect(
      "@Policy func a(\(parameters)) throws -> PolicyResponse {}",
      "14: a policy waits for what stands behind it: add 'async'; for plain hooks see 'inlinePolicy'")
    for answer in ["", " -> Response", " -> PolicyResponse?"] {
      expect("@Policy func a(\(parameters)) async\(answer) {}", "14: a policy returns a 'PolicyResponse'")
    }
  }

  @Test func aPolicyTakesTheRequestWhatFollowsAndOneConfig() {
    let (request, next) = ("r: consuming PolicyRequest", "n: consuming PolicyNext")
    for parameters in ["", request, next, "\(request), c: Config"] {
      expect(
        "@Policy func a(\(parameters)) async -> PolicyResponse {}",
        "14: a policy takes 'consuming PolicyRequest' and 'consuming PolicyNext'")
    }
    let column = "@Policy func a(\(request), \(next), ".count + 1
    expect(
      "@Policy func a(\(request), \(next), r: consuming PolicyRequest) async -> PolicyResponse {}",
      "\(column): a policy takes each of its parameters once")
    expect(
      "@Policy func a(\(request), \(next), c: Config, store: Store) async -> PolicyResponse {}",
      "\(column + "c: Config, ".count): a policy takes 'consuming PolicyRequest', 'consuming PolicyNext' and one config")
  }

  @Test func aPolicyIsAFunctionOfAPluginUnderAName() {
    let parameters = "r: consuming PolicyRequest, n: consuming PolicyNext"
    #expect(
      Expansion("struct P { @Policy func a(\(parameters)) async -> PolicyResponse {} }").findings
        == ["1:12: @Policy is for functions of a @Plugin struct: put @Plugin before the struct around it"])
    expect("@Policy var a: Int", "1: @Policy is for functions")
    expect(
      "@Policy(\"\") func a(\(parameters)) async -> PolicyResponse {}", "9: a name is a string literal of 1 to 256 bytes")
    let twice = Expansion(
      "@Plugin struct P {\n@Policy func a(\(parameters)) async -> PolicyResponse {}\n"
        + "@Policy(\"a\") func b(\(parameters)) async -> PolicyResponse {}\n}")
    #expect(twice.findings == ["3:19: two policies are called 'a'; give one another name"])
  }

  @Test func aParameterComesFromOnePlaceUnderOneName() {
    expect("@Handler func a(@Query @Header x: Int) {}", "24: 'x' comes from one place: keep @Query or @Header")
    expect(
      "@Handler func a(@Path id: Int, @Query(\"id\") other: Int) {}",
      "32: two parameters are called 'id' in the request (this one in its query); give one another name")
  }

  @Test func whatTheGatewayCannotPassIsRefused() {
    expect("@Handler func a<T>(@Body x: T) {}", "16: the gateway cannot choose a type for a generic function; write the types out")
    expect("@Handler func a(@Query x: Int...) {}", "30: a handler is called with one value here: use an array")
    expect("@Handler func a(@Body x: inout A) {}", "26: nothing flows back through 'inout' from here; return the value")
    expect("@Handler func a(@File x: UploadedFile? = nil) {}", "40: a file has no default; make it optional")
  }

  @Test func constraintsOfParametersAreCheckedToo() {
    expect(
      "@Handler func a(@Query(.minLength(1)) x: Int) {}",
      "24: '.minLength' is for strings, and 'Int' is one of the numbers -> use '.minimum'")
  }

  @Test func aStatusFitsTheAnswer() {
    expect("@Handler(status: 700) func a() -> A {}", "18: a status of a response is from 200 to 599")
    expect("@Handler(status: 204) func a() -> A {}", "35: a response with status 204 has no body (RFC 9110): return nothing")
  }

  @Test func inlineFunctionsDoNotAwait() {
    expect(
      "@Handler(inline: true) func a() async {}",
      "18: an inline handler answers at once and cannot await: remove 'inline' or 'async'")
    expect(
      "@Provider(inline: true) static func a() async -> A {}",
      "19: an inline provider is done at once and cannot await: remove 'inline' or 'async'")
  }

  @Test func aProviderIsStaticAndReturnsAValue() {
    expect(
      "@Provider func a() -> A {}", "16: a provider is a static function: values outlive no instance -> add 'static'",
      mended: "@Provider static func a() -> A {}")
    expect("@Provider static func a() {}", "23: a provider returns the value it provides")
  }

  @Test func aProviderDoesNotReadTheBody() {
    expect(
      "@Provider static func a(@Body x: B) -> A {}",
      "25: a provider does not read the body: the handler may need it too; use a handler's @Body")
  }

  @Test func aTeardownRunsAsItsProviderDoes() {
    expect(
      "@Provider static func a(teardown: Teardown) -> A {}",
      "35: a plain provider's teardown runs like it, without await: use 'BlockingTeardown' -> use 'BlockingTeardown'",
      mended: "@Provider static func a(teardown: BlockingTeardown) -> A {}")
    expect(
      "@Provider static func a(teardown: BlockingTeardown) async -> A {}",
      "35: an async provider's teardown is async too: use 'Teardown' -> use 'Teardown'")
  }

  @Test func namesAreTakenOnce() {
    let expansion = Expansion("@Plugin struct P {\n@Handler func a() {}\n@Handler(\"a\") func b() {}\n}")
    #expect(expansion.findings == ["3:20: two handlers are called 'a'; give one another name"])
  }

  @Test func functionsBelongToAPlugin() {
    #expect(
      Expansion("struct P { @Handler func a() {} }").findings
        == ["1:12: @Handler is for functions of a @Plugin struct: put @Plugin before the struct around it"])
    #expect(Expansion("@Plugin struct P { @Handler var a: Int }").findings == ["1:20: @Handler is for functions"])
    let object = Expansion("@Plugin class P {}")
    #expect(object.findings == ["1:1: @Plugin is for structs: calls overlap, and share its one instance -> make it a struct"])
    #expect(object.mended == "@Plugin struct P {}")
    #expect(Expansion("@Plugin struct P<T> {}").findings == ["1:17: the gateway cannot choose a type for a generic plugin"])
    #expect(Expansion("@Plugin(\"\") struct P {}").findings == ["1:9: a plugin's name is a string literal of 1 to 256 bytes"])
  }

  @Test func aSecurityProviderDecidesForEachRequest() {
    expect(
      "@Provider(security: .httpBearer(), scope: .app) static func a() -> A {}",
      "43: a security provider decides for each request who may come: it cannot be of app scope")
    expect(
      "@Provider(security: false) static func a() -> A {}",
      "21: leave 'security' out: every other provider runs behind the body anyway")
  }

  @Test func credentialsAreAskedForBeforeAnythingElse() {
    let source = "@Provider(security: .httpBasic()) static func a(@Query q: Int, credentials: BasicCredentials?) -> A {}"
    let expanded = Expansion("@Plugin struct P {\n\(source)\n}").expanded
    #expect(expanded.contains("let security = GatewayPlugin.Plugin.securityScheme(.httpBasic())"))
    #expect(expanded.contains("signature.security(security, isOptional: true)"))
    let credentials = expanded.ranges(of: "let input1 = try inputs.optionalCredentials(security)").first
    let query = expanded.ranges(of: "let input0 = try inputs.parameter(\"q\"").first
    #expect(credentials != nil && query != nil)
    if let credentials, let query { #expect(credentials.lowerBound < query.lowerBound) }
    // Without the parameter they still have to be there.
    let unused = Expansion("@Plugin struct P {\n@Provider(security: .httpBasic()) static func a() -> A {}\n}").expanded
    #expect(unused.contains("_ = try inputs.credentials(security)"))
    let flag = Expansion("@Plugin struct P {\n@Provider(security: true) static func a() -> A {}\n}").expanded
    #expect(flag.contains("signature.isSecurity = true"))
  }
}
