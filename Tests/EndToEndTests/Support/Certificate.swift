import Foundation

/// A self-signed certificate for localhost, made by the openssl program.
struct Certificate {
  static let program = Child.find("openssl")
  static let canMake = program != nil

  let certificate: String
  let key: String

  init() throws {
    guard let program = Self.program else { throw Child.Failure(description: "needs openssl") }
    let folder = try RunningGateway.folder()
    certificate = "\(folder)/certificate.pem"
    key = "\(folder)/key.pem"
    let made = try Child.run(
      program,
      [
        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
        "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key,
        "-out", certificate,
      ])
    guard made.code == 0 else { throw Child.Failure(description: made.errors) }
  }
}
