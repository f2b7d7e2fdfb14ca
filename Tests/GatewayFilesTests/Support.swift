import Foundation
import GatewayHTTP
import NIOCore
import Testing

@testable import GatewayFiles

/// A request's head through the real parser.
func head(_ method: String = "GET", _ lines: [String] = []) throws -> RequestHead {
  var parser = RequestParser()
  var bytes = ByteBuffer(
    string: "\(method) / HTTP/1.1\r\nHost: a\r\n" + lines.map { "\($0)\r\n" }.joined() + "\r\n")
  guard case .head(let head) = try parser.next(&bytes) else { throw CocoaError(.fileReadUnknown) }
  return head
}

/// A folder of its own, removed afterwards.
func withFolder<T>(_ body: (String) throws -> T) throws -> T {
  let path = FileManager.default.temporaryDirectory.appending(path: "files-\(UUID().uuidString)").path
  try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: path) }
  return try body(path)
}

func write(_ text: String, to path: String) throws {
  try FileManager.default.createDirectory(
    atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
  try Data(text.utf8).write(to: URL(filePath: path))
}
