/// Thrown by a handler or a provider to end the exchange with a status: the client gets `{"detail": …}`.
///
/// Any other error is a 500 that tells the client nothing; its type and description go to the gateway's log.
public struct HTTPError: Error, Sendable {
  /// 400 to 599.
  public var status: Int
  /// JSON for `detail`; the status's standard phrase where empty.
  public var detailJSON: String
  /// Further fields of the answer, such as `www-authenticate`.
  public var headers: Headers

  /// - Parameter detail: text for the client; the status's standard phrase where nil.
  public init(_ status: Int, detail: String? = nil, headers: Headers = [:]) {
    self.status = status
    self.detailJSON = detail.map { JSONWriter.text($0) } ?? ""
    self.headers = headers
  }

  /// - Parameter detailJSON: any JSON document for the client.
  public init(_ status: Int, detailJSON: String, headers: Headers = [:]) {
    self.status = status
    self.detailJSON = detailJSON
    self.headers = headers
  }
}
