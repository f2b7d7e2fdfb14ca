import Testing

@testable import GatewayPlugin

@Schema private struct Login {
  var user: String
  var password: Secret
}

struct SecretTests {
  @Test func aSecretIsNotToldByAccident() throws {
    let login = try decode(Login.self, #"{"user":"u","password":"hunter2"}"#)
    #expect(login.password.reveal() == "hunter2")
    var dumped = ""
    dump(login, to: &dumped)
    let texts = [
      "\(login)", String(reflecting: login), dumped, "\(login.password)", String(reflecting: login.password),
      "\(Mirror(reflecting: login.password).children.map { "\($0)" })", JSONWriter.text(login), "\([login.password])",
      "\(Optional(login.password) as Any)",
    ]
    for text in texts { #expect(!text.contains("hunter2"), "\(text)") }
    #expect(!((login.password as Any) is any Encodable))
  }

  @Test func itsSchemaSaysSo() {
    let schema = SchemaCollector.document(Login.self)
    #expect(schema.contains(#""format":"password""#) && schema.contains(#""writeOnly":true"#), "\(schema)")
  }

  @Test func secretsAreComparedWhole() {
    #expect(Secret("abc") == Secret("abc"))
    for other in ["", "ab", "abd", "abcd", "xbc"] { #expect(Secret("abc") != Secret(other)) }
  }
}
