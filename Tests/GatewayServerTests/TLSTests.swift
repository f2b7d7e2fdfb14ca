import Foundation
import GatewayHTTP
import NIOCore
import NIOPosix
import NIOSSL
import TestSupport
import Testing

@testable import GatewayServer

/// Certificates made for one test run by the `openssl` command.
struct Certificates {
  let folder: String

  static let isPossible = FileManager.default.isExecutableFile(atPath: "/usr/bin/openssl")

  init(in folder: String) throws {
    self.folder = folder
    try openssl(
      "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
      "/CN=localhost", "-keyout", "key.pem", "-out", "cert.pem")
  }

  func path(_ name: String) -> String { folder + "/" + name }

  func openssl(_ arguments: String...) throws {
    let (code, output) = try Program.run("/usr/bin/openssl", arguments, in: folder)
    guard code == 0 else { throw Client.Failure(description: "openssl \(arguments): \(output)") }
  }

  func write(_ name: String, _ text: String) throws {
    try text.write(toFile: path(name), atomically: true, encoding: .utf8)
  }

  func problems(_ certificate: String, _ key: String, now: Int = Int(Date().timeIntervalSince1970)) -> [TLSProblem] {
    do {
      _ = try TLSMaterial.load(certificatePath: path(certificate), keyPath: path(key), now: now)
      return []
    } catch { return error.problems }
  }
}

@Suite(.enabled(if: Certificates.isPossible, "needs /usr/bin/openssl")) struct TLSMaterialTests {
  @Test func aGoodPairLoads() async throws {
    try await withFolder { folder in
      let files = try Certificates(in: folder)
      #expect(files.problems("cert.pem", "key.pem") == [])
    }
  }

  @Test func bothFilesAreJudgedInOneGo() async throws {
    try await withFolder { folder in
      let files = try Certificates(in: folder)
      let problems = files.problems("nothing.pem", "none.pem")
      #expect(problems.map(\.kind) == [.missingFile, .missingFile])
      #expect(problems.map(\.file) == [.certificate, .key])
    }
  }

  @Test func everyMistakeHasItsOwnName() async throws {
    try await withFolder { folder in
      let files = try Certificates(in: folder)
      try files.openssl("genpkey", "-algorithm", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-out", "other.pem")
      try files.openssl("genpkey", "-algorithm", "rsa", "-out", "rsa.pem")
      try files.openssl("pkey", "-in", "key.pem", "-aes256", "-passout", "pass:secret", "-out", "locked.pem")
      try files.openssl(
        "rsa", "-in", "rsa.pem", "-aes256", "-traditional", "-passout", "pass:secret", "-out", "old.pem")
      try files.openssl("x509", "-in", "cert.pem", "-outform", "DER", "-out", "cert.der")
      try FileManager.default.createDirectory(atPath: files.path("folder"), withIntermediateDirectories: false)
      try files.write("empty.pem", "")
      try files.write("text.pem", "hello")
      try files.write("broken.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
      try files.write("brokenkey.pem", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")

      #expect(files.problems("cert.pem", "other.pem").map(\.kind) == [.keyMismatch])
      #expect(files.problems("cert.pem", "rsa.pem").map(\.kind) == [.keyMismatch])
      #expect(files.problems("cert.pem", "locked.pem").map(\.kind) == [.encryptedKey])
      #expect(files.problems("cert.pem", "old.pem").map(\.kind) == [.encryptedKey])
      #expect(files.problems("folder", "folder").map(\.kind) == [.directory, .directory])
      #expect(files.problems("empty.pem", "text.pem").map(\.kind) == [.notPEM, .notPEM])
      #expect(files.problems("broken.pem", "brokenkey.pem").map(\.kind) == [.noCertificate, .noKey])
      #expect(files.problems("cert.der", "key.pem").first?.remedy?.contains("-inform DER") == true)
      let swapped = files.problems("key.pem", "cert.pem")
      #expect(swapped.map(\.kind) == [.noCertificate, .noKey])
      #expect(swapped.allSatisfy { $0.remedy?.contains("swapped") == true })
      let now = Int(Date().timeIntervalSince1970)
      #expect(files.problems("cert.pem", "key.pem", now: now + 3 * 86400).map(\.kind) == [.expired])
      #expect(files.problems("cert.pem", "key.pem", now: now - 86400).map(\.kind) == [.notYetValid])
    }
  }

  @Test(.enabled(if: geteuid() != 0, "root may read everything")) func aFileThatMayNotBeReadIsNamed() async throws {
    try await withFolder { folder in
      let files = try Certificates(in: folder)
      chmod(files.path("key.pem"), 0)
      #expect(files.problems("cert.pem", "key.pem").map(\.kind) == [.unreadable])
    }
  }
}

@Suite(.enabled(if: Certificates.isPossible, "needs /usr/bin/openssl")) struct TLSConnectionTests {
  static func withTLSServer<T: Sendable>(
    configuration: ServerConfiguration = ServerConfiguration(),
    responder: @escaping @Sendable (any EventLoop) -> any Responder = { _ in ScriptedResponder() },
    _ body: (Server) async throws -> T
  ) async throws -> T {
    try await withFolder { folder in
      let files = try Certificates(in: folder)
      let material = try TLSMaterial.load(certificatePath: files.path("cert.pem"), keyPath: files.path("key.pem"))
      let listener = Listener(.tcp(host: "127.0.0.1", port: 0), tls: material)
      return try await withServer([listener], configuration: configuration, responder: responder, body)
    }
  }

  /// What `openssl s_client` shows of one request.
  static func exchange(_ address: SocketAddress, _ text: String, _ options: [String] = []) async throws -> String {
    let port = address.port ?? 0
    return try await blocking {
      try Program.run(
        "/usr/bin/openssl", ["s_client", "-connect", "127.0.0.1:\(port)", "-ign_eof"] + options, input: text
      ).output
    }
  }

  @Test func requestsAreAnsweredOverTLS13WithALPN() async throws {
    try await Self.withTLSServer { server in
      let text = try await Self.exchange(
        server.address, request("GET /a") + request("GET /b", "connection: close"), ["-alpn", "h2,http/1.1"])
      #expect(text.contains("ALPN protocol: http/1.1"))
      #expect(text.contains("TLSv1.3"))
      #expect(text.components("HTTP/1.1 200 OK") == 2)
      #expect(text.contains("/b"))
    }
  }

  @Test func tls12IsSpokenAndTLS11IsNot() async throws {
    try await Self.withTLSServer { server in
      let close = request("GET /x", "connection: close")
      #expect(try await Self.exchange(server.address, close, ["-tls1_2"]).contains("HTTP/1.1 200 OK"))
      let old = try await Self.exchange(server.address, close, ["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"])
      #expect(!old.contains("HTTP/1.1 200 OK"))
      #expect(await server.reaches { $0.open == 0 && $0.failedHandshakes == 1 })
    }
  }

  @Test func clearTextOnTheTLSPortIsClosedAtOnce() async throws {
    try await Self.withTLSServer { server in
      let address = server.address
      let (text, _) = try await blocking {
        let client = try Client(address)
        client.send(request("GET /"))
        return client.receiveAll()
      }
      #expect(!text.contains("HTTP/1.1"))
      #expect(await server.reaches { $0.open == 0 && $0.failedHandshakes == 1 })
    }
  }

  @Test func halfAHelloIsClosedAtTheDeadline() async throws {
    var configuration = ServerConfiguration()
    configuration.timeouts.handshake = .milliseconds(200)
    try await Self.withTLSServer(configuration: configuration) { server in
      let address = server.address
      let (text, end) = try await blocking {
        let client = try Client(address)
        client.send("\u{16}\u{03}\u{01}")
        return client.receiveAll()
      }
      #expect(!text.contains("HTTP/1.1"))
      #expect(end == .end || end == .reset)
      #expect(await server.reaches { $0.open == 0 && $0.timedOut == 1 })
    }
  }

  @Test func largeBodiesPassBothWays() async throws {
    try await Self.withTLSServer(responder: { _ in
      ScriptedResponder { _, stream in
        let recorder = Recorder()
        stream.consumer = recorder
        recorder.onBody = { [unowned stream] in stream.send(status: 200, fields: FieldLines(), body: $0) }
        stream.collectBody(limit: 1 << 20)
      }
    }) { server in
      let body = String(repeating: "0123456789", count: 30_000)
      let text = try await Self.exchange(
        server.address, request("POST /", "content-length: 300000", "connection: close", body: body), ["-quiet"])
      #expect(text.contains("content-length: 300000"))
      #expect(text.contains(body))
    }
  }
}
