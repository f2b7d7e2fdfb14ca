import Glibc
import NIOSSL

/// A certificate chain and its key, read, checked against each other and ready to serve.
public struct TLSMaterial: Sendable {
  public let context: NIOSSLContext
  /// Seconds since 1970 at which the first certificate of the chain stops being valid.
  public let notValidAfter: Int

  /// Reads PEM files of at most 1 MiB: the certificate with its intermediates after it, and an unencrypted private key.
  ///
  /// Serves TLS 1.2 and 1.3 with forward-secret ciphers that authenticate (RFC 9325 §4.2) and offers `http/1.1`.
  /// `now` is in seconds since 1970. Throws everything that is wrong, not only the first.
  public static func load(
    certificatePath: String, keyPath: String, now: Int = time(nil)
  ) throws(TLSProblems) -> TLSMaterial {
    var problems: [TLSProblem] = []
    var chain: [NIOSSLCertificate] = []
    var key: NIOSSLPrivateKey?
    do { chain = try certificates(certificatePath, now: now, &problems) } catch { problems.append(error) }
    do { key = try privateKey(keyPath) } catch { problems.append(error) }
    guard let first = chain.first, let key, problems.isEmpty else { throw TLSProblems(problems: problems) }

    var configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
    configuration.minimumTLSVersion = .tlsv12
    configuration.cipherSuiteValues = ciphers
    configuration.applicationProtocols = ["http/1.1"]
    // A client that does not answer close_notify keeps its descriptor no longer than a lingering clear-text one.
    configuration.shutdownTimeout = .seconds(1)
    do {
      return TLSMaterial(
        context: try NIOSSLContext(configuration: configuration), notValidAfter: Int(first.notValidAfter))
    } catch NIOSSLError.failedToLoadPrivateKey {
      // The key itself was read above: what is left is that it is not the certificate's.
      throw TLSProblems(problems: [
        TLSProblem(
          .keyMismatch, .key, path: keyPath, message: "does not belong to the certificate \(certificatePath)",
          remedy: "the first certificate of that file must be the server's own")
      ])
    } catch {
      throw TLSProblems(problems: [
        TLSProblem(.refused, .certificate, path: certificatePath, message: "TLS refuses it: \(error)")
      ])
    }
  }

  /// For TLS 1.2; those of 1.3 are fixed and all good.
  private static let ciphers: [NIOTLSCipher] = [
    .TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, .TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    .TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, .TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    .TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, .TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
  ]

  private static func certificates(
    _ path: String, now: Int, _ problems: inout [TLSProblem]
  ) throws(TLSProblem) -> [NIOSSLCertificate] {
    let labels: Set<String>
    let bytes: [UInt8]
    (bytes, labels) = try pem(path, .certificate)
    guard labels.contains(where: { $0.hasSuffix("CERTIFICATE") }) else {
      let swapped = labels.contains { $0.hasSuffix("PRIVATE KEY") }
      throw TLSProblem(
        .noCertificate, .certificate, path: path, message: "holds \(list(labels)), not a certificate",
        remedy: swapped ? "are certificate and key swapped?" : nil)
    }
    guard let chain = try? NIOSSLCertificate.fromPEMBytes(bytes), let first = chain.first else {
      throw TLSProblem(
        .noCertificate, .certificate, path: path, message: "holds a certificate that cannot be decoded",
        remedy: "compare with `openssl x509 -in \(path) -noout -text`")
    }
    if Int(first.notValidAfter) < now {
      problems.append(
        TLSProblem(
          .expired, .certificate, path: path, message: "expired on \(day(first.notValidAfter))",
          remedy: "renew it; clients refuse it"))
    } else if Int(first.notValidBefore) > now {
      problems.append(
        TLSProblem(
          .notYetValid, .certificate, path: path, message: "is valid only from \(day(first.notValidBefore)) on",
          remedy: "check this machine's clock (today is \(day(time_t(now))))"))
    }
    return chain
  }

  private static func privateKey(_ path: String) throws(TLSProblem) -> NIOSSLPrivateKey {
    let (bytes, labels) = try pem(path, .key)
    guard labels.contains(where: { $0.hasSuffix("PRIVATE KEY") }) else {
      let swapped = labels.contains { $0.hasSuffix("CERTIFICATE") }
      throw TLSProblem(
        .noKey, .key, path: path, message: "holds \(list(labels)), not a private key",
        remedy: swapped ? "are certificate and key swapped?" : nil)
    }
    // Found before BoringSSL looks at it: it would ask for the passphrase on the terminal and wait.
    if labels.contains("ENCRYPTED PRIVATE KEY") || contains(bytes, "Proc-Type: 4,ENCRYPTED") {
      throw TLSProblem(
        .encryptedKey, .key, path: path, message: "is encrypted with a passphrase",
        remedy: "decrypt it with `openssl pkey -in \(path)` and protect the file by its permissions")
    }
    guard let key = try? NIOSSLPrivateKey(bytes: bytes, format: .pem) else {
      throw TLSProblem(
        .noKey, .key, path: path, message: "holds a private key that cannot be decoded",
        remedy: "compare with `openssl pkey -in \(path) -noout -check`")
    }
    return key
  }

  /// A file's bytes and the labels of its PEM blocks (RFC 7468 §2).
  private static func pem(_ path: String, _ file: TLSProblem.File) throws(TLSProblem) -> ([UInt8], Set<String>) {
    let bytes = try read(path, file)
    var labels: Set<String> = []
    for line in bytes.split(whereSeparator: { $0 == 10 || $0 == 13 }) {
      let text = String(decoding: line, as: UTF8.self)
      if text.hasPrefix("-----BEGIN "), let end = text.dropFirst(11).firstIndex(of: "-") {
        labels.insert(String(text.dropFirst(11)[..<end]))
      }
    }
    guard !labels.isEmpty else {
      // 0x30 starts a DER sequence; PKCS #12 files start alike.
      let binary = bytes.first == 0x30
      throw TLSProblem(
        .notPEM, file, path: path, message: bytes.isEmpty ? "is empty" : "is not PEM",
        remedy: binary
          ? "convert it with `openssl \(file == .certificate ? "x509" : "pkey") -inform DER -in \(path)`" : nil)
    }
    return (bytes, labels)
  }

  private static func read(_ path: String, _ file: TLSProblem.File) throws(TLSProblem) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      switch errno {
      case ENOENT, ENOTDIR: throw TLSProblem(.missingFile, file, path: path, message: "no such file")
      case EACCES: throw TLSProblem(.unreadable, file, path: path, message: "this user may not read it")
      default: throw TLSProblem(.unreadable, file, path: path, message: String(cString: strerror(errno)))
      }
    }
    defer { _ = close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw TLSProblem(.unreadable, file, path: path, message: String(cString: strerror(errno)))
    }
    guard status.st_mode & S_IFMT != S_IFDIR else {
      throw TLSProblem(.directory, file, path: path, message: "is a directory, not a file")
    }
    let limit = 1 << 20
    var bytes: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 16 * 1024)
    while true {
      let count = Glibc.read(descriptor, &part, part.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else {
        throw TLSProblem(.unreadable, file, path: path, message: String(cString: strerror(errno)))
      }
      if count == 0 { return bytes }
      bytes += part[..<count]
      guard bytes.count <= limit else {
        throw TLSProblem(.unreadable, file, path: path, message: "is larger than 1 MiB")
      }
    }
  }

  private static func contains(_ bytes: [UInt8], _ text: StaticString) -> Bool {
    String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline).contains { $0.hasPrefix("\(text)") }
  }

  private static func list(_ labels: Set<String>) -> String {
    labels.sorted().joined(separator: ", ")
  }

  private static func day(_ seconds: time_t) -> String {
    var seconds = seconds
    var parts = tm()
    gmtime_r(&seconds, &parts)
    let two = { (value: CInt) in value < 10 ? "0\(value)" : "\(value)" }
    return "\(Int(parts.tm_year) + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))"
  }
}
