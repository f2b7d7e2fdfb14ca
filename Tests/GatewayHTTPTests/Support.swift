import Foundation
import NIOCore
import Testing

@testable import GatewayHTTP

/// What a parser made of some bytes, as text that can be compared: one line an event, body parts joined.
struct Trace: Equatable, CustomStringConvertible {
  var lines: [String] = []
  private var body = ""

  mutating func add(_ part: ByteBuffer) { body += printable(part.readableBytesView) }

  mutating func add(_ line: String) {
    if !body.isEmpty { lines.append("body \(body)") }
    body = ""
    lines.append(line)
  }

  mutating func finish() {
    if !body.isEmpty { lines.append("body \(body)") }
    body = ""
  }

  var description: String { lines.joined(separator: "\n") }
  var error: String? { lines.last.flatMap { $0.hasPrefix("error ") ? String($0.dropFirst(6)) : nil } }
}

func printable(_ bytes: some Sequence<UInt8>) -> String {
  bytes.map { $0 > 0x20 && $0 < 0x7F && $0 != 0x5C ? String(UnicodeScalar($0)) : "\\\(String($0, radix: 16))" }.joined()
}

extension MessageHead {
  func summary(_ start: String) -> String {
    let raw = bytes.withUnsafeReadableBytes { bytes in
      fields.map { "\(printable(bytes[$0.name]))=\(printable(bytes[$0.value]))" }
    }
    return "\(start) \(framing) \(keepAlive ? "keep" : "close") \(raw.joined(separator: "|"))"
  }
}

func describe(_ trailers: FieldLines?) -> String {
  trailers.map { "end " + $0.pairs.map { "\($0.name)=\(printable($0.value.utf8))" }.joined(separator: "|") } ?? "end"
}

func traceRequests(_ pieces: [some Collection<UInt8>], limits: HTTPLimits = HTTPLimits()) -> Trace {
  var parser = RequestParser(limits: limits)
  var buffer = ByteBuffer()
  var trace = Trace()
  do throws(HTTPError) {
    for piece in pieces {
      buffer.writeBytes(piece)
      while let event = try parser.next(&buffer) {
        switch event {
        case .head(let head):
          let raw = head.bytes.withUnsafeReadableBytes { bytes in
            [head.methodRange, head.target, head.authority, head.pathAndQuery].map { printable(bytes[$0]) }
          }
          let expects = head.expectsContinue ? " expects" : ""
          trace.add(head.summary("\(raw.joined(separator: " ")) 1.\(head.minorVersion)\(expects)"))
        case .body(let part): trace.add(part)
        case .end(let trailers): trace.add(describe(trailers))
        }
      }
    }
  } catch {
    trace.add("error \(error.status) \(error.detail ?? "")")
    #expect(error.closes)
  }
  trace.finish()
  return trace
}

/// `methods`: of the requests that the responses answer, in order; the connection closes behind the last piece.
func traceResponses(
  _ pieces: [some Collection<UInt8>], to methods: [HTTPMethod] = [.get], upgrade: Bool = false,
  limits: HTTPLimits = HTTPLimits()
) -> Trace {
  var parser = ResponseParser(limits: limits)
  var buffer = ByteBuffer()
  var trace = Trace()
  var methods = methods[...]
  if let method = methods.popFirst() { parser.expect(responseTo: method, upgrade: upgrade) }
  func add(_ event: ResponseEvent) {
    switch event {
    case .informational(let head): trace.add(head.summary("info \(head.status)"))
    case .head(let head): trace.add(head.summary("\(head.status) 1.\(head.minorVersion)"))
    case .body(let part): trace.add(part)
    case .end(let trailers):
      trace.add(describe(trailers))
      if !parser.isTunnel, let method = methods.popFirst() { parser.expect(responseTo: method) }
    }
  }
  do throws(HTTPError) {
    for piece in pieces {
      buffer.writeBytes(piece)
      while let event = try parser.next(&buffer) { add(event) }
    }
    if let event = try parser.connectionClosed() { add(event) }
  } catch {
    trace.add("error \(error.status) \(error.cause ?? "")")
    #expect(error.detail == nil, "what an upstream did wrong is not for the client")
  }
  trace.finish()
  return trace
}

func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

func singles(_ bytes: [UInt8]) -> [ArraySlice<UInt8>] { bytes.indices.map { bytes[$0...$0] } }

/// The trace of a message in one piece, which has to be that of every split in two and of single bytes.
func splitInvariant(
  _ bytes: [UInt8], _ trace: ([ArraySlice<UInt8>]) -> Trace, sourceLocation: SourceLocation = #_sourceLocation
) -> Trace {
  let whole = trace([bytes[...]])
  #expect(trace(singles(bytes)) == whole, "byte by byte", sourceLocation: sourceLocation)
  for at in 1..<max(bytes.count, 1) {
    let split = trace([bytes[..<at], bytes[at...]])
    if split != whole {
      Issue.record("split at \(at):\n\(split)\nbut in one piece:\n\(whole)", sourceLocation: sourceLocation)
      break
    }
  }
  return whole
}

/// Official suites that are not part of the repository.
enum Corpora {
  static let root: URL? = {
    let environment = ProcessInfo.processInfo.environment["GATEWAY_CORPORA"]
    let beside = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("shared/corpora")
    let root = environment.map { URL(fileURLWithPath: $0) } ?? beside
    return FileManager.default.fileExists(atPath: root.path) ? root : nil
  }()

  static func file(_ path: String) throws -> Data {
    try Data(contentsOf: #require(root).appendingPathComponent(path))
  }

  /// One base64 string a line.
  static func base64Lines(_ path: String) throws -> [[UInt8]] {
    try String(decoding: file(path), as: UTF8.self).split(separator: "\n").map { line in
      Array(try #require(Data(base64Encoded: String(line))))
    }
  }

  static let missing: Comment = "corpora not found: set GATEWAY_CORPORA to their folder"
}
