import GatewayConfiguration
import GatewayJSON
import Testing

/// The decoder, the option reference and the schema know the same keys.
@Suite struct DeclarationTests {
  /// For each section, a file whose section of that name holds the key `KEY`.
  static let places: [String: String] = [
    "gateway.yaml": "KEY: 1",
    "settings_from": "settings_from: { KEY: 1 }",
    "settings": "settings: { x: { KEY: 1 } }",
    "server": "server: { KEY: 1 }",
    "server.listen": "server: { listen: { KEY: 1 } }",
    "server.listen.tls": "server: { listen: { address: \"a:1\", tls: { KEY: 1 } } }",
    "server.limits": "server: { limits: { KEY: 1 } }",
    "server.timeouts": "server: { timeouts: { KEY: 1 } }",
    "server.blocking": "server: { blocking: { KEY: 1 } }",
    "server.watchdog": "server: { watchdog: { KEY: 1 } }",
    "server.crash_reports": "server: { crash_reports: { KEY: 1 } }",
    "server.quarantine": "server: { quarantine: { KEY: 1 } }",
    "server.background": "server: { background: { KEY: 1 } }",
    "errors": "errors: { KEY: 1 }",
    "errors.responses": "errors: { responses: { 404: { KEY: 1 } } }",
    "server.health": "server: { health: { KEY: 1 } }",
    "validation": "validation: { KEY: 1 }",
    "openapi": "openapi: { KEY: 1 }",
    "openapi.contact": "openapi: { contact: { KEY: 1 } }",
    "openapi.license": "openapi: { license: { KEY: 1 } }",
    "openapi.servers": "openapi: { servers: [ { KEY: 1 } ] }",
    "openapi.tags": "openapi: { tags: [ { KEY: 1 } ] }",
    "openapi.external_docs": "openapi: { external_docs: { KEY: 1 } }",
    "openapi.security_schemes": "openapi: { security_schemes: { x: { KEY: 1 } } }",
    "openapi.security_schemes.flows": "openapi: { security_schemes: { x: { flows: { KEY: 1 } } } }",
    "openapi.security_schemes.flows.flow": "openapi: { security_schemes: { x: { flows: { implicit: { KEY: 1 } } } } }",
    "plugins": "plugins: { x: { KEY: 1 } }",
    "plugins.limits": "plugins: { x: { isolation: process, limits: { KEY: 1 } } }",
    "plugins.restart": "plugins: { x: { isolation: process, restart: { KEY: 1 } } }",
    "dependencies": "dependencies: { x: { KEY: 1 } }",
    "needs": "dependencies: { x: { needs: { y: { KEY: 1 } } } }",
    "upstreams": "upstreams: { x: { KEY: 1 } }",
    "upstreams.timeouts": "upstreams: { x: { timeouts: { KEY: 1 } } }",
    "upstreams.connections": "upstreams: { x: { connections: { KEY: 1 } } }",
    "policies.access_log": "policies: { x: [ { access_log: { KEY: 1 } } ] }",
    "policies.request_id": "policies: { x: [ { request_id: { KEY: 1 } } ] }",
    "policies.cors": "policies: { x: [ { cors: { KEY: 1 } } ] }",
    "policies.addresses": "policies: { x: [ { addresses: { KEY: 1 } } ] }",
    "policies.security_headers": "policies: { x: [ { security_headers: { KEY: 1 } } ] }",
    "policies.security_headers.hsts": "policies: { x: [ { security_headers: { hsts: { KEY: 1 } } } ] }",
    "policies.trusted_hosts": "policies: { x: [ { trusted_hosts: { KEY: 1 } } ] }",
    "policies.plugin": "policies: { x: [ { plugin: { KEY: 1 } } ] }",
    "policies.limits": "policies: { x: [ { limits: { KEY: 1 } } ] }",
    "depends": "depends: [ { KEY: 1 } ]",
    "groups": "groups: { x: { KEY: 1 } }",
    "routes": "routes: [ { KEY: 1 } ]",
    "routes.match": "routes: [ { match: { KEY: 1 } } ]",
    "routes.body": "routes: [ { match: /, body: { schema: {}, KEY: 1 } } ]",
    "routes.body.content": "routes: [ { match: /, body: { content: { text/plain: { schema: {}, KEY: 1 } } } } ]",
    "routes.body.embed": "routes: [ { match: /, body: { embed: { x: { schema: {}, KEY: 1 } } } } ]",
    "routes.body.form": "routes: [ { match: /, body: { form: { KEY: 1 } } } ]",
    "routes.responses": "routes: [ { match: /, responses: { 200: { content: {}, KEY: 1 } } } ]",
    "routes.responses.headers":
      "routes: [ { match: /, responses: { 200: { headers: { x: { schema: {}, KEY: 1 } } } } } ]",
    "routes.validation": "routes: [ { match: /, validation: { KEY: 1 } } ]",
    "routes.openapi": "routes: [ { match: /, openapi: { KEY: 1 } } ]",
    "routes.proxy": "routes: [ { match: /, proxy: { KEY: 1 } } ]",
    "routes.proxy.timeouts": "routes: [ { match: /, proxy: { timeouts: { KEY: 1 } } } ]",
    "routes.redirect": "routes: [ { match: /, redirect: { KEY: 1 } } ]",
    "routes.respond": "routes: [ { match: /, respond: { KEY: 1 } } ]",
    "routes.limits": "routes: [ { match: /, limits: { KEY: 1 } } ]",
  ]

  /// Keys of a schema stand beside a parameter's own, so nothing is unknown there.
  static let open: Set<String> = ["routes.parameters"]

  private func unknown(_ key: String, in section: String) throws -> Diagnostic? {
    let text = try #require(DeclarationTests.places[section], "no place for the section \(section)")
    let bytes = Array(text.replacing("KEY", with: key).utf8)
    let result = ConfigurationLoader.load(bytes, path: "x", environment: Environment())
    return result.diagnostics.all.first { $0.code == .unknownKey && $0.message == "unknown key `\(key)`" }
  }

  @Test func theDecoderKnowsExactlyTheKeysOfTheReference() throws {
    let sections = OptionReference.keys()
    #expect(Set(sections.map(\.section)) == Set(DeclarationTests.places.keys).union(DeclarationTests.open))
    for (section, keys) in sections where !DeclarationTests.open.contains(section) {
      // A place that already has the key would name it twice.
      let place = try #require(DeclarationTests.places[section])
      for key in keys where !place.contains("\(key): {}, KEY") {
        #expect(try unknown(key, in: section) == nil, "\(section).\(key)")
      }
      let stranger = try #require(try unknown("zzqqxx", in: section), "\(section) takes any key")
      for key in keys.prefix(12) { #expect(stranger.expected?.contains("`\(key)`") == true, "\(section).\(key)") }
    }
  }

  @Test func theSchemaKnowsExactlyTheKeysOfTheReference() throws {
    let schema = FileSchema.json()
    let definitions = try #require(schema["$defs"]?.object)
    for (section, keys) in OptionReference.keys() {
      let object = try #require(section == "gateway.yaml" ? schema : definitions[section])
      #expect(object["properties"]?.object?.members.map(\.name) == keys, "\(section)")
      #expect(object["additionalProperties"]?.bool == (DeclarationTests.open.contains(section) ? nil : false))
    }
    let names = Set(definitions.members.map(\.name))
    #expect(names == Set(OptionReference.keys().map(\.section)).subtracting(["gateway.yaml"]).union(["reference"]))
  }

  @Test func everyReferenceOfTheSchemaLeadsSomewhere() throws {
    let schema = FileSchema.json()
    let names = Set((schema["$defs"]?.object?.members ?? []).map(\.name))
    var pending = [schema]
    while let value = pending.popLast() {
      if let target = value["$ref"]?.string { #expect(names.contains(String(target.dropFirst("#/$defs/".count)))) }
      pending += value.array ?? value.object?.members.map(\.value) ?? []
    }
  }

  @Test func theReferenceSaysWhatEachKeyIs() throws {
    let text = OptionReference.markdown()
    for (section, keys) in OptionReference.keys() {
      #expect(text.contains("## `\(section)`\n"))
      for key in keys { #expect(text.contains("| `\(key)` | ")) }
    }
    #expect(text.contains("| `head` | a duration such as `250ms`, `5s` or `2m`, from 1ms to 1d | 10s | 0.1 |"))
    #expect(text.contains("| `body` | a size such as `64KiB` or `1MiB` | 1MiB |"))
    #expect(text.contains("| `version` | the number `1` | required |"))
    #expect(!text.contains("`rate_limit`"))
  }

  /// What the reference says a default is, decodes to the default.
  @Test func defaultsOfServerAreWhatTheReferenceSays() throws {
    let text = """
      version: 1
      server:
        listen: ["127.0.0.1:8080"]
        limits: { request_line: 8KiB, head: 32KiB, fields: 100, body: 1MiB }
        timeouts: { head: 10s, body_grace: 5s, body_min_rate: 240B/s, keep_alive: 1m, exchange: 1m, drain: 30s }
        blocking: { queue: 1024 }
        watchdog: { threshold: 100ms, stack: true }
        trusted_proxies: []
      """
    let file = try #require(
      ConfigurationLoader.load(Array(text.utf8), path: "x", environment: Environment()).file)
    #expect(file.server.limits == ServerLimits())
    #expect(file.server.timeouts == ServerTimeouts())
    #expect(file.server.blocking == ServerBlocking())
    #expect(file.server.watchdog == ServerWatchdog())
    #expect(file.server.listen.map(\.address) == ServerSettings().listen.map(\.address))
  }
}
