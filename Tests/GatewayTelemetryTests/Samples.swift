import Foundation
import GatewayHTTP
import NIOCore

@testable import GatewayTelemetry

/// Builds the context of a request by hand, so that a test can hold bytes that the parser would refuse.
func makeContext(
  method: [UInt8] = Array("GET".utf8), host: [UInt8] = Array("api.shop.example:8443".utf8),
  path: [UInt8] = Array("/books/1".utf8), query: [UInt8] = [], userAgent: [UInt8] = Array("curl/8.5.0".utf8),
  referer: [UInt8] = [], further: [(KnownField, String)] = [], requestID: String = "", peer: String? = "192.0.2.1",
  isTLS: Bool = false
) -> RequestContext {
  var bytes = ByteBuffer()
  func place(_ part: [UInt8]) -> ByteRange {
    let start = bytes.writerIndex
    bytes.writeBytes(part)
    return ByteRange(start..<bytes.writerIndex)
  }
  let methodRange = place(method)
  let queryRange = place(query)
  let authority = place(host)
  var fields: [FieldEntry] = []
  for (known, value) in [(KnownField.userAgent, userAgent), (.referer, referer)] where !value.isEmpty {
    fields.append(FieldEntry(name: place(Array(known.name.utf8)), value: place(value), known: known))
  }
  for (known, value) in further {
    fields.append(FieldEntry(name: place(Array(known.name.utf8)), value: place(Array(value.utf8)), known: known))
  }
  let head = RequestHead(
    bytes: bytes, method: .other, methodRange: methodRange, target: queryRange, minorVersion: 1, fields: fields,
    framing: .none, keepAlive: true, expectsContinue: false, authority: authority, pathAndQuery: queryRange)
  var context = RequestContext(
    head: head, path: ByteBuffer(bytes: path), query: queryRange, peer: peer.flatMap { IPAddress($0) }, isTLS: isTLS,
    started: .now())
  context.requestID = requestID
  return context
}

/// 2026-11-23T00:49:01.123Z
let sampleTime: Int64 = 1_795_394_941_123_456_789

/// The line for one record, with its line end.
func line(
  _ record: AccessLogRecord, _ context: RequestContext, _ options: AccessLogOptions = .init()
) -> String {
  var formatter = AccessLogFormatter(options)
  var buffer = ByteBuffer()
  _ = formatter.append(record, context, at: sampleTime, to: &buffer)
  return String(buffer: buffer)
}

/// Parses a JSON line; nil where it is not exactly one line of valid JSON. The parser lets trailing commas pass, so
/// these are looked for beside it.
func parsed(_ line: String) -> [String: Any]? {
  guard line.last == "\n", line.utf8.filter({ $0 == 10 }).count == 1, !line.contains(",}") else { return nil }
  return try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
}

/// Strings that break careless code; empty where the corpora are absent.
enum NaughtyStrings {
  static let all: [String] = {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let folder =
      ProcessInfo.processInfo.environment["GATEWAY_CORPORA"].map { URL(fileURLWithPath: $0) }
      ?? root.deletingLastPathComponent().appendingPathComponent("shared/corpora")
    guard let data = try? Data(contentsOf: folder.appendingPathComponent("naughty-strings/blns.json")) else {
      return []
    }
    return (try? JSONSerialization.jsonObject(with: data) as? [String]) ?? []
  }()
}
