import Foundation
import Glibc
import TestSupport
import Testing

/// `gateway dev` with a plugin in C, which builds in a moment, and real saves.
@Suite(.enabled(if: BrokenPlugins.canBuild, "\(BrokenPlugins.whyNot)"), .timeLimit(.minutes(5)))
struct DevelopTests {
  private final class Session {
    let folder: String
    let child: Child
    private(set) var port = 0
    private var lines = 0

    init(listen: String = "0.0.0.0:0", environment: [String: String] = [:], prepare: (String) throws -> Void = { _ in }) throws {
      folder = try RunningGateway.folder()
      let contract = RunningGateway.repository + "/Sources/CGatewayPlugin/include"
      try Self.source("one").write(toFile: folder + "/demo.c", atomically: true, encoding: .utf8)
      try """
        version: 1
        server: { listen: ["\(listen)"] }
        plugins: { demo: { path: ./libdemo.so } }
        routes:
          - { match: GET /hello, handler: demo.hello }

        """.write(toFile: folder + "/gateway.yaml", atomically: true, encoding: .utf8)
      try prepare(folder)
      // A library is replaced, never written over: the gateway may be reading it.
      let command =
        "${CC:-$(command -v clang || command -v cc || command -v gcc)} -shared -fPIC -I '\(contract)' demo.c -o new.so"
        + " && mv new.so libdemo.so"
      var variables = ["XDG_STATE_HOME": folder + "/state", "SWIFT_BACKTRACE": "enable=no"]
      variables.merge(environment) { $1 }
      child = try Child(
        RunningGateway.program, ["dev", folder + "/gateway.yaml", "--build", "demo=\(command)"], environment: variables,
        killAfter: 120)
    }

    static func source(_ text: String, name: String = "hello") -> String {
      """
      #include "gateway_plugin.h"
      #include <stdlib.h>
      GW_PLUGIN_NOTE("c");
      static const gw_host *host;
      static void *hello(void *context, const gw_invocation *invocation) {
        (void)context;
        const char *text = "\(text)";
        gw_response_borrowed response = {.struct_size = sizeof response, .status = 200};
        response.body_borrowed = (gw_bytes_borrowed){(const uint8_t *)text, __builtin_strlen(text)};
        if (text[0] == '!') abort();
        host->respond(invocation->call, &response);
        return NULL;
      }
      static const gw_handler handler = {
          .struct_size = sizeof(gw_handler), .execution = GW_INLINE, .name = "\(name)", .invoke = hello};
      static const gw_handler *const handlers[] = {&handler};
      static const gw_plugin plugin = {.struct_size = sizeof(gw_plugin), .abi_major = GW_ABI_MAJOR,
          .abi_minor = GW_ABI_MINOR, .name = "demo", .version = "1", .handlers = handlers, .handler_count = 1};
      const gw_plugin *gateway_plugin_v1(const gw_host *table) { host = table; return &plugin; }

      """
    }

    /// Waits for the next line that holds the text, after those that were waited for.
    @discardableResult
    func next(_ text: String, sourceLocation: SourceLocation = #_sourceLocation) throws -> String {
      var count = 0
      var at = 0
      let line = child.output.first { line in
        count += 1
        guard count > lines, line.contains(text) else { return false }
        at = count
        return true
      }
      let found = try #require(
        line, "no '\(text)' in:\n\(child.output.soFar.joined(separator: "\n"))", sourceLocation: sourceLocation)
      lines = at
      return found
    }

    /// Waits until it listens anew.
    func serves() throws {
      let line = try next("listening")
      port = line.components(separatedBy: "bound=").last?.split(separator: " ").first?.split(separator: ":").last
        .flatMap { Int($0) } ?? 0
    }

    func save(_ name: String, _ text: String) throws {
      try text.write(toFile: "\(folder)/\(name)", atomically: true, encoding: .utf8)
    }

    func edit(_ name: String, _ old: String, _ new: String) throws {
      let text = try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)
      try save(name, text.replacingOccurrences(of: old, with: new))
    }

    func ask(_ target: String = "/hello") throws -> Answer { try Wire(port: port).ask("GET", target) }

    func end() -> Int32 {
      child.send(SIGINT)
      return child.wait()
    }
  }

  @Test func aSavedSourceIsBuiltAndServedWithoutARestart() throws {
    let session = try Session()
    try session.serves()
    #expect(try session.ask().text == "one")
    let wire = try Wire(port: session.port)
    #expect(try wire.ask("GET", "/hello").text == "one")
    try session.save("demo.c", Session.source("two"))
    try session.next("demo built")
    #expect(try session.next("plugin demo: generation 1").contains("generation 2"))
    try session.next("after the change")
    // The connection outlived it.
    #expect(try wire.ask("GET", "/hello").text == "two")
    #expect(session.end() == 0)
  }

  @Test func aBrokenBuildIsToldAndTheLastGoodOneServesUntilItIsMended() throws {
    let session = try Session()
    try session.serves()
    try session.save("demo.c", Session.source("two") + "oops\n")
    try session.next("error:")
    try session.next("demo does not build")
    #expect(try session.ask().text == "one")
    try session.save("demo.c", Session.source("three"))
    try session.next("after the change")
    #expect(try session.ask().text == "three")
    #expect(session.end() == 0)
  }

  @Test func aBrokenConfigurationIsToldAndTheLastGoodOneServesUntilItIsMended() throws {
    let session = try Session()
    try session.serves()
    try session.edit("gateway.yaml", "routes:\n", "routes:\n  - { match: GET /other, handler: demo.helo }\n")
    try session.next("did you mean `hello`?")
    try session.next("refused")
    #expect(try session.ask().text == "one")
    #expect(try session.ask("/other").status == 404)
    try session.edit("gateway.yaml", "demo.helo", "demo.hello")
    try session.next("+ GET /other (handler demo.hello)")
    try session.next("after the change")
    #expect(try session.ask("/other").text == "one")
    try session.edit("gateway.yaml", "  - { match: GET /other, handler: demo.hello }\n", "")
    try session.next("- GET /other (handler demo.hello)")
    #expect(session.end() == 0)
  }

  @Test func aConfigurationThatIsWrongFromTheStartIsWaitedFor() throws {
    let session = try Session { folder in
      let path = folder + "/gateway.yaml"
      let text = try String(contentsOfFile: path, encoding: .utf8)
      try text.replacingOccurrences(of: "GET /hello", with: "GET hello").write(toFile: path, atomically: true, encoding: .utf8)
    }
    try session.next("not serving")
    try session.edit("gateway.yaml", "GET hello", "GET /hello")
    try session.serves()
    #expect(try session.ask().text == "one")
    #expect(session.end() == 0)
  }

  @Test func aParameterThatChangedIsToldWithItsRoute() throws {
    let session = try Session()
    try session.serves()
    try session.edit(
      "gateway.yaml", "handler: demo.hello }",
      "handler: demo.hello, parameters: { q: { type: integer } } }")
    #expect(try session.next("~ GET /hello").contains("parameters"))
    try session.next("after the change")
    #expect(try session.ask("/hello?q=x").status == 422)
    #expect(session.end() == 0)
  }

  @Test func whatCountsAfterARestartOnlyIsAReasonForOne() throws {
    let session = try Session()
    try session.serves()
    try session.edit("gateway.yaml", "server: {", "server: { workers: 1,")
    try session.next("starting the gateway again")
    try session.serves()
    #expect(try session.ask().text == "one")
    #expect(session.end() == 0)
  }

  @Test func aPluginThatCrashesIsNamedAndServedAgain() throws {
    let session = try Session()
    try session.serves()
    try session.save("demo.c", Session.source("!"))
    try session.next("after the change")
    let wire = try Wire(port: session.port)
    try wire.send("GET /hello HTTP/1.1\r\nhost: a\r\n\r\n")
    let line = try session.next("crashed: SIGABRT in demo.hello, plugin demo generation 2")
    #expect(line.contains("starts again"))
    try session.serves()
    try session.save("demo.c", Session.source("mended"))
    try session.next("after the change")
    #expect(try session.ask().text == "mended")
    #expect(session.end() == 0)
  }

  @Test func itListensOnLoopbackWhateverTheFileSays() throws {
    let session = try Session(listen: "0.0.0.0:0")
    let line = try session.next("listening")
    #expect(line.contains("bound=127.0.0.1:"))
    #expect(session.end() == 0)
  }

  @Test func itsEndIsTheEndOfTheGateway() throws {
    let session = try Session()
    try session.serves()
    session.child.send(SIGKILL)
    #expect(session.child.wait() == 128 + SIGKILL)
    // Nobody listens any more once the stream that both write to has ended.
    _ = session.child.output.whole()
    #expect(throws: Wire.Failure.self) { _ = try Wire(port: session.port) }
  }
}
