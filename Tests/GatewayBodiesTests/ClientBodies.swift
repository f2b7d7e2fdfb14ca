import Foundation
import Testing

/// Bodies as real clients sent them (curl 7.88 with -F, --form-escape, --data-urlencode; requests 2.34; httpx 0.28), in
/// base64.
struct ClientBody: Sendable, CustomTestStringConvertible {
  let client: String
  let contentType: String
  private let base64: String

  var bytes: [UInt8] { Array(Data(base64Encoded: base64) ?? Data()) }
  var testDescription: String { client }

  static let curlForm = ClientBody(
    client: "curl-F", contentType: "multipart/form-data; boundary=------------------------ea96c035fd7bdab7",
    base64: """
      LS0tLS0tLS0tLS0tLS0tLS0tLS0tLS0tLS1lYTk2YzAzNWZkN2JkYWI3DQpDb250ZW50LURpc3Bvc2l0aW9uOiBmb3JtLWRhdGE7IG5hbW\
      U9InRpdGxlIg0KDQpEZXIgUHJvemXDnw0KLS0tLS0tLS0tLS0tLS0tLS0tLS0tLS0tLS1lYTk2YzAzNWZkN2JkYWI3DQpDb250ZW50LURp\
      c3Bvc2l0aW9uOiBmb3JtLWRhdGE7IG5hbWU9Im5hJTIybWUiDQoNCngNCi0tLS0tLS0tLS0tLS0tLS0tLS0tLS0tLS0tZWE5NmMwMzVmZD\
      diZGFiNw0KQ29udGVudC1EaXNwb3NpdGlvbjogZm9ybS1kYXRhOyBuYW1lPSJmaWxlIjsgZmlsZW5hbWU9ImElMjJiXGMgw6kudHh0Ig0K\
      Q29udGVudC1UeXBlOiB0ZXh0L3BsYWluDQoNCmZpbGUNCnRleHQNCi0tLS0tLS0tLS0tLS0tLS0tLS0tLS0tLS0tZWE5NmMwMzVmZDdiZG\
      FiNw0KQ29udGVudC1EaXNwb3NpdGlvbjogZm9ybS1kYXRhOyBuYW1lPSJlbXB0eSINCg0KDQotLS0tLS0tLS0tLS0tLS0tLS0tLS0tLS0t\
      LWVhOTZjMDM1ZmQ3YmRhYjctLQ0K
      """)

  static let curlFormEscape = ClientBody(
    client: "curl-F-escape", contentType: "multipart/form-data; boundary=------------------------f8ed283fbd4ef603",
    base64: """
      LS0tLS0tLS0tLS0tLS0tLS0tLS0tLS0tLS1mOGVkMjgzZmJkNGVmNjAzDQpDb250ZW50LURpc3Bvc2l0aW9uOiBmb3JtLWRhdGE7IG5hbW\
      U9ImZpbGUiOyBmaWxlbmFtZT0iYVwiYlxcYyDDqS50eHQiDQpDb250ZW50LVR5cGU6IHRleHQvcGxhaW4NCg0KZmlsZQ0KdGV4dA0KLS0t\
      LS0tLS0tLS0tLS0tLS0tLS0tLS0tLS1mOGVkMjgzZmJkNGVmNjAzLS0NCg==
      """)

  static let curlUrlencode = ClientBody(
    client: "curl-urlencode", contentType: "application/x-www-form-urlencoded",
    base64: """
      dGl0bGU9RGVyK1Byb3plJUMzJTlGKyUyNittZWhyJnBsdXM9MSUyQjEmcmF3PWEgYg==
      """)

  static let requestsMultipart = ClientBody(
    client: "requests-multipart", contentType: "multipart/form-data; boundary=dc11b2a6b008fff7ae8a5db83d6532c8",
    base64: """
      LS1kYzExYjJhNmIwMDhmZmY3YWU4YTVkYjgzZDY1MzJjOA0KQ29udGVudC1EaXNwb3NpdGlvbjogZm9ybS1kYXRhOyBuYW1lPSJ0aXRsZS\
      INCg0KRGVyIFByb3plw58NCi0tZGMxMWIyYTZiMDA4ZmZmN2FlOGE1ZGI4M2Q2NTMyYzgNCkNvbnRlbnQtRGlzcG9zaXRpb246IGZvcm0t\
      ZGF0YTsgbmFtZT0idGFnIg0KDQphDQotLWRjMTFiMmE2YjAwOGZmZjdhZThhNWRiODNkNjUzMmM4DQpDb250ZW50LURpc3Bvc2l0aW9uOi\
      Bmb3JtLWRhdGE7IG5hbWU9InRhZyINCg0KYg0KLS1kYzExYjJhNmIwMDhmZmY3YWU4YTVkYjgzZDY1MzJjOA0KQ29udGVudC1EaXNwb3Np\
      dGlvbjogZm9ybS1kYXRhOyBuYW1lPSJmaWxlIjsgZmlsZW5hbWU9IsO8JTIyXHglMEQlMEEudHh0Ig0KQ29udGVudC1UeXBlOiBhcHBsaW\
      NhdGlvbi9vY3RldC1zdHJlYW0NCg0KAP8NCi0tDQotLWRjMTFiMmE2YjAwOGZmZjdhZThhNWRiODNkNjUzMmM4LS0NCg==
      """)

  static let requestsUrlencoded = ClientBody(
    client: "requests-urlencoded", contentType: "application/x-www-form-urlencoded",
    base64: """
      dGl0bGU9RGVyK1Byb3plJUMzJTlGKyUyNittZWhyJnBsdXM9MSUyQjEmdGFnPWEmdGFnPWImZT0=
      """)

  static let httpxMultipart = ClientBody(
    client: "httpx-multipart", contentType: "multipart/form-data; boundary=880d3dfb6c6eecbeec994175448d464e",
    base64: """
      LS04ODBkM2RmYjZjNmVlY2JlZWM5OTQxNzU0NDhkNDY0ZQ0KQ29udGVudC1EaXNwb3NpdGlvbjogZm9ybS1kYXRhOyBuYW1lPSJ0aXRsZS\
      INCg0KRGVyIFByb3plw58NCi0tODgwZDNkZmI2YzZlZWNiZWVjOTk0MTc1NDQ4ZDQ2NGUNCkNvbnRlbnQtRGlzcG9zaXRpb246IGZvcm0t\
      ZGF0YTsgbmFtZT0iZmlsZSI7IGZpbGVuYW1lPSLDvCUyMlxceC50eHQiDQpDb250ZW50LVR5cGU6IHRleHQvcGxhaW4NCg0KYWJjDQotLT\
      g4MGQzZGZiNmM2ZWVjYmVlYzk5NDE3NTQ0OGQ0NjRlLS0NCg==
      """)

  static let httpxUrlencoded = ClientBody(
    client: "httpx-urlencoded", contentType: "application/x-www-form-urlencoded",
    base64: """
      dGl0bGU9RGVyK1Byb3plJUMzJTlGKyUyNittZWhyJnBsdXM9MSUyQjE=
      """)
}
