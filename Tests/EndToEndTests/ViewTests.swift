import Foundation
import TestSupport
import Testing

/// Values across plugins that were each opened from its own library, and what stands in for them.
@Suite(
  .enabled(if: BrokenPlugins.canBuild, "\(BrokenPlugins.whyNot)"), .timeLimit(.minutes(5)),
  .disabled(if: RunningGateway.isIsolated, "services cannot cross into another process"))
struct ViewTests {
  private func yaml(_ routes: String, dependencies: String = "") throws -> String {
    """
    \(Yaml.edge)
    plugins:
      catalog: { library: Catalog }
      shop: { library: Shop }
      views: { path: "\(try BrokenPlugins.build("views"))" }
    dependencies:
      account: { provider: catalog.account }
      prices: { provider: catalog.prices }
      greeting: { provider: shop.greeting, needs: { account: account } }
      tick: { provider: views.tick }
      nothing: { provider: views.nothing }
      garbage: { provider: views.garbage }
    \(dependencies)
    routes:
    \(routes)
    """
  }

  private static let routes = """
    - { match: GET /own, handler: catalog.own }
    - { match: GET /greet, handler: shop.greet }
    - { match: GET /native, handler: views.show }
    - { match: GET /nothing, handler: views.take, needs: { tick: nothing } }
    - { match: GET /garbage, handler: views.take, needs: { tick: garbage } }
    - { match: GET /tick, handler: views.take }
    """

  @Test func valuesReachOtherPluginsAsJSONAndAsServices() throws {
    let gateway = try RunningGateway(yaml(Self.routes))
    let wire = try gateway.connect()
    for _ in 0..<50 {
      #expect(try wire.ask("/own").text == #""Ada 300""#)
      #expect(try wire.ask("/greet").text == #""Hello Ada, guest: 300 42""#)
      #expect(try wire.ask("GET", "/greet", fields: ["x-name: Grace"]).text == #""Hello Grace, guest: 300 42""#)
      #expect(try wire.ask("/native").text == "Ada 500 2")
      #expect(try wire.ask("/tick").text == "taken")
    }
    #expect(gateway.stop().code == 0)
  }

  @Test(arguments: [
    ("/nothing", "could not write it"), ("/garbage", "is not JSON"), ("/greet", "/name"),
  ])
  func aValueThatCannotBeGivenIsA500ThatNamesBoth(path: String, reason: String) throws {
    let gateway = try RunningGateway(yaml(Self.routes))
    let answer = try gateway.ask("GET", path, fields: ["x-name: X"])
    #expect(answer.status == 500)
    #expect(answer.text == #"{"detail":"Internal Server Error"}"#)
    let error = gateway.event("request failed in the gateway")?["error"] ?? ""
    #expect(error.contains(reason), "\(error)")
    #expect(error.contains("provider '"), "\(error)")
    #expect(error.contains(path == "/greet" ? "shop.greeting" : "views.take"), "\(error)")
    #expect(try gateway.ask("/own").status == 200)
  }

  @Test(arguments: [
    ("shop.wrongMajor", "takes `service:catalog.prices@2.0`"), ("shop.swiftValue", "it is a value of plugin `catalog`"),
    ("shop.demanding", "`/nickname` need not be there, and is required"),
  ])
  func whatCannotFitStopsTheStart(handler: String, reason: String) throws {
    let (code, errors) = try RunningGateway.failure(yaml("  - { match: GET /x, handler: \(handler) }"))
    #expect(code == 1)
    #expect(errors.contains(reason), "\(errors)")
    #expect(errors.contains("gateway.yaml:"), "\(errors)")
  }

  @Test func aViewWithoutAFunctionBehindItStopsTheStart() throws {
    let (code, errors) = try RunningGateway.failure(
      yaml("  - { match: GET /x, handler: views.take, needs: { tick: absent } }", dependencies: "  absent: { provider: views.absent }"))
    #expect(code == 1)
    #expect(errors.contains("has no function that makes it"), "\(errors)")
  }

  @Test func overridesOfTheCommandLineStandInAndAreTold() throws {
    // Plugin `catalog` reads its account from JSON, for itself and for others; `tick` has nobody who reads it.
    let gateway = try RunningGateway(
      yaml(Self.routes),
      arguments: [
        "--override", #"account={"id":1,"name":"Lin"}"#, "--override", #"tick={"count":7}"#,
      ])
    #expect(gateway.event("2 dependencies overridden")?["dependencies"] == "account, tick")
    #expect(try gateway.ask("/own").text == #""Lin 300""#)
    #expect(try gateway.ask("/greet").text == #""Hello Lin, guest: 300 7""#)
    #expect(try gateway.ask("/native").text == "Lin 500 2")
    #expect(gateway.stop().code == 0)
  }

  @Test func anOverlayIsChecked() throws {
    let overlay = try RunningGateway.folder() + "/test.yaml"
    try "overrides: { tick: { value: { count: many } } }".write(toFile: overlay, atomically: true, encoding: .utf8)
    let (code, _, errors) = try RunningGateway.command("check", "--overlay", overlay, yaml: yaml(Self.routes))
    #expect(code == 1)
    #expect(errors.contains("test.yaml:1:"), "\(errors)")
    #expect(errors.contains("value of override `tick`"), "\(errors)")
  }
}
