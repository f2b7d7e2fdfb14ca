import GatewayConfiguration
import Testing

/// What holds for a route where the file says it in several places, or not at all.
@Suite struct RouteModelTests {
  private func file(_ text: String, variables: [String: String] = [:]) throws -> GatewayFile {
    let all = "version: 1\nplugins: { p: {} }\n" + text
    let result = ConfigurationLoader.load(
      Array(all.utf8), path: "x", environment: Environment(variables: variables, files: ["spool/x": []]))
    #expect(!result.diagnostics.hasErrors, "\(result.diagnostics.all.map(\.message))")
    return try #require(result.file)
  }

  private func route(_ keys: String, top: String = "") throws -> (route: Route, file: GatewayFile) {
    let file = try file("\(top)\nroutes: [ { match: \"POST /a/{id}\", handler: p.h, \(keys) } ]")
    return (try #require(file.routes.first), file)
  }

  private func parameter(_ text: String) throws -> RouteParameter {
    try #require(try route("parameters: { \(text) }").route.parameters.first)
  }

  @Test func whatIsNotWrittenIsNotTheSameAsWhatIsEmpty() throws {
    let silent = try route("name: a").route
    #expect(silent.writtenParameters == nil && silent.body == nil && silent.security == nil && silent.tags == nil)
    let empty = try route("parameters: {}, body: { content_encodings: [] }, security: [], tags: []").route
    #expect(empty.writtenParameters?.isEmpty == true && empty.parameters.isEmpty)
    #expect(empty.body?.contentEncodings == [] && empty.body?.schema == nil && empty.body?.form == nil)
    #expect(empty.security == [] && empty.tags == [])
    #expect(try route("body: { max_size: 1KiB }").route.body?.contentEncodings == nil)
  }

  @Test func requiredIsAsWritten() throws {
    #expect(try parameter("q: string").isRequired == nil)
    #expect(try parameter("q: { required: false }").isRequired?.value == false)
    #expect(try parameter("id: { required: true }").isRequired?.value == true)
    #expect(try route("body: { max_size: 1KiB }").route.body?.isRequired == nil)
    #expect(try route("body: { required: false }").route.body?.isRequired?.value == false)
  }

  @Test func placesAreKeptApartFromWhatThePathImplies() throws {
    let implied = try parameter("id: integer")
    #expect(implied.place == .path && implied.writtenPlace == nil)
    #expect(try parameter("q: integer").place == .query)
    #expect(try parameter("id: { in: query }").writtenPlace?.value == .query)
  }

  @Test func headerNamesAreReadWithHyphens() throws {
    #expect(try parameter("X_Request_id: { in: header }").wireName == "x-request-id")
    #expect(try parameter("x_raw: { in: header, convert_underscores: false }").wireName == "x_raw")
    #expect(try parameter("lang: { in: header, alias: Accept_Language }").wireName == "accept_language")
    #expect(try parameter("page_size: { in: query }").wireName == "page_size")
    #expect(try parameter("a_b: { in: cookie, alias: A-B }").wireName == "A-B")
  }

  @Test func stylesHaveTheDefaultsOfOpenAPI() throws {
    for (text, style, explodes) in [
      ("id: array", ParameterStyle.simple, false), ("q: array", .form, true), ("h: { in: header }", .simple, false),
      ("c: { in: cookie }", .form, true), ("q: { style: deepObject }", .deepObject, true),
      ("q: { style: spaceDelimited }", .spaceDelimited, false), ("q: { explode: false }", .form, false),
      ("id: { style: label, explode: true }", .label, true),
    ] {
      let parameter = try parameter(text)
      #expect(parameter.effectiveStyle == style && parameter.explodes == explodes, "\(text)")
    }
    #expect(ParameterPlace.allCases.allSatisfy { !$0.styles.isEmpty })
  }

  @Test(arguments: [
    ("", "name: a", Coercion.strict), ("validation: { profile: fastapi }", "name: a", .lax),
    ("validation: { profile: fastapi, coercion: strict }", "name: a", .strict),
    ("validation: { coercion: lax }", "name: a", .lax),
    ("validation: { coercion: lax }", "validation: { coercion: strict }", .strict),
    ("", "body: { coercion: lax }", .lax),
  ])
  func theNearestCoercionHolds(top: String, keys: String, coercion: Coercion) throws {
    let (route, file) = try route(keys, top: top)
    #expect(file.coercion(of: route) == coercion)
  }

  @Test func theNearestRuleOfTheOthersHolds() throws {
    var (route, file) = try route("name: a")
    #expect(file.duplicateKeys(of: route) == .refuse && !file.logsViolations(of: route))
    #expect(file.responseValidation(of: route) == .off)
    (route, file) = try self.route("name: a", top: "validation: { profile: fastapi, log: true, responses: enforce }")
    #expect(file.duplicateKeys(of: route) == .last && file.logsViolations(of: route))
    #expect(file.responseValidation(of: route) == .enforce)
    (route, file) = try self.route(
      "validation: { log: false, responses: log }, body: { duplicate_keys: refuse }",
      top: "validation: { profile: fastapi, log: true, responses: enforce }")
    #expect(file.duplicateKeys(of: route) == .refuse && !file.logsViolations(of: route))
    #expect(file.responseValidation(of: route) == .log)
  }

  @Test func uploadsGoWhereFileOrEnvironmentSay() throws {
    let routes = "routes: [ { match: /, respond: 204 } ]"
    #expect(try file(routes).server.temporaryDirectory == "/tmp")
    #expect(try file(routes, variables: ["TMPDIR": ""]).server.temporaryDirectory == "/tmp")
    #expect(try file(routes, variables: ["TMPDIR": "/scratch"]).server.temporaryDirectory == "/scratch")
    let written = "server: { temporary_directory: spool }\n" + routes
    #expect(try file(written, variables: ["TMPDIR": "/scratch"]).server.temporaryDirectory == "spool")
  }

  @Test func servingTheDocumentIsAskedFor() throws {
    let routes = "routes: [ { match: /, respond: 204 } ]"
    #expect(try file(routes).openapi == nil)
    let served = try #require(try file("openapi: {}\n" + routes).openapi)
    #expect(served.path == "/openapi.json" && served.docs == "/docs")
    let off = try #require(try file("openapi: { path: false, docs: false }\n" + routes).openapi)
    #expect(off.path == nil && off.docs == nil)
  }

  @Test func policiesOfTheDocumentRunAfterThoseOfTheFile() throws {
    let file = try file(
      """
      policies: { staff: [ trusted_hosts: { hosts: [a.example] } ] }
      use: [request_id]
      openapi: { use: [staff] }
      routes: [ { match: /, respond: 204 } ]
      """)
    let openapi = try #require(file.openapi)
    #expect(file.policies(of: openapi).map(\.name.value) == ["request_id", "trusted_hosts"])
  }

  @Test(arguments: [100, 199, 204, 205, 304]) func theseStatusesHaveNoBody(status: Int) {
    #expect(!RouteResponse.hasBody(status))
  }

  @Test(arguments: [200, 201, 206, 301, 404, 500]) func theseStatusesMayHaveOne(status: Int) {
    #expect(RouteResponse.hasBody(status))
  }
}
