import Testing

@testable import GatewayPluginMacros

/// What the macros write, as far as their behaviour in a running plugin does not show it.
struct ExpansionTests {
  @Test func membersArePublicWhereTheTypeIs() {
    let expanded = Expansion("@Schema public struct A { var a: Int }").expanded
    #expect(expanded.contains("public init(from value: borrowing GatewayPlugin.JSONView)"))
    #expect(expanded.contains("public func write(to json: inout GatewayPlugin.JSONWriter)"))
    #expect(!Expansion("@Schema struct A { var a: Int }").expanded.contains("public"))
  }

  @Test func constantPartsOfTheTextAreWrittenAtOnce() {
    let expanded = Expansion("@Schema struct A { var a: Int; @Field(.alias(\"b\\\"c\")) var b: Int }").expanded
    #expect(expanded.contains(#"json.raw("{\"a\":")"#))
    #expect(expanded.contains(#"json.raw(",\"b\\\"c\":")"#))
    #expect(expanded.contains("case 3 where member.isNamed(\"b\\\"c\")"))
  }

  @Test func theGatewayLearnsWhatTheCodeCallsAFieldWithAnAlias() {
    let expanded = Expansion("@Schema struct A { @Field(.alias(\"title\"), .minLength(1)) var name: String; var b: Int }").expanded
    #expect(expanded.contains(#"[.minLength(1), .internalName("name")]"#))
    #expect(expanded.ranges(of: "internalName").count == 1)
  }

  @Test func anEntryPointIsWrittenForAPluginOfAFile() {
    #expect(Expansion("@Plugin struct P {}").expanded.contains("@c(gateway_plugin_v1)"))
    #expect(!Expansion("@Plugin(entry: false) struct P {}").expanded.contains("@c"))
    #expect(!Expansion("enum Outer { @Plugin struct P {} }").expanded.contains("@c"))
  }

  @Test func aPluginIsCalledAsItsType() {
    #expect(Expansion("@Plugin struct MyShop {}").expanded.contains(#"GatewayPlugin.Plugin("myShop", version: "0.0.0")"#))
  }

  @Test(arguments: [
    ("xRequestID", "x-request-id"), ("userAgent", "user-agent"), ("x_token", "x-token"), ("accept", "accept"), ("DNT", "dnt"),
    ("ifNoneMatch", "if-none-match"), ("idURLPart", "id-url-part"), ("secCHUA", "sec-chua"), ("http2Settings", "http2-settings"),
  ])
  func headerNamesFollowTheWords(swift: String, wire: String) { #expect(FunctionInput.headerName(swift) == wire) }

  @Test func commentsBecomeTexts() {
    let source = "@Plugin struct P {\n/**\n * Finds \"it\".\n *\n * Twice.\n */\n@Handler func a() -> A {}\n}"
    let expanded = Expansion(source).expanded
    #expect(expanded.contains(#"signature.summary = "Finds \"it\".""#))
    #expect(expanded.contains(#"signature.description = "Twice.""#))
  }
}
