import NIOCore

/// A request's body, with the `content-type` that goes with it unless the headers say another.
public struct TestBody: Sendable {
  enum Content: Sendable {
    case none
    case bytes([UInt8])
    case stream(@Sendable (TestBodyWriter) async throws -> Void)
  }

  let content: Content
  let contentType: String?

  public static let none = TestBody(content: .none, contentType: nil)

  public static func bytes(_ bytes: [UInt8], type: String? = nil) -> TestBody {
    TestBody(content: .bytes(bytes), contentType: type)
  }

  public static func text(_ text: String, type: String = "text/plain; charset=utf-8") -> TestBody {
    .bytes(Array(text.utf8), type: type)
  }

  /// JSON as text.
  public static func json(_ json: String) -> TestBody { .bytes(Array(json.utf8), type: "application/json") }

  /// A form, URL-encoded.
  public static func form(_ fields: KeyValuePairs<String, String>) -> TestBody {
    let pairs = fields.map { "\(encoded($0.key))=\(encoded($0.value))" }
    return .bytes(Array(pairs.joined(separator: "&").utf8), type: "application/x-www-form-urlencoded")
  }

  /// A multipart form, as browsers send one with files.
  public static func multipart(_ parts: [TestPart]) -> TestBody {
    let boundary = "----gateway-testing-7d1a"
    var bytes: [UInt8] = []
    for part in parts {
      var head = "--\(boundary)\r\ncontent-disposition: form-data; name=\"\(quoted(part.name))\""
      if let filename = part.filename { head += "; filename=\"\(quoted(filename))\"" }
      head += "\r\n"
      if let type = part.contentType { head += "content-type: \(type)\r\n" }
      bytes += Array("\(head)\r\n".utf8) + part.content + Array("\r\n".utf8)
    }
    return .bytes(bytes + Array("--\(boundary)--\r\n".utf8), type: "multipart/form-data; boundary=\(boundary)")
  }

  /// Parts as `write` makes them, while the answer may already come.
  public static func stream(
    type: String? = nil, _ write: @escaping @Sendable (TestBodyWriter) async throws -> Void
  ) -> TestBody {
    TestBody(content: .stream(write), contentType: type)
  }

  /// As forms are encoded: a blank is `+`, what is not unreserved is percent-encoded.
  private static func encoded(_ text: String) -> String {
    var result = ""
    for byte in text.utf8 {
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "*"):
        result.unicodeScalars.append(Unicode.Scalar(byte))
      case 0x20: result += "+"
      default: result += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
      }
    }
    return result
  }

  /// As browsers do (WHATWG HTML §4.10.21.8).
  private static func quoted(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "%22"
      case "\r": result += "%0D"
      case "\n": result += "%0A"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}

/// A part of a multipart form: a field, or a file.
public struct TestPart: Sendable {
  let name: String
  let filename: String?
  let contentType: String?
  let content: [UInt8]

  public static func field(_ name: String, _ value: String) -> TestPart {
    TestPart(name: name, filename: nil, contentType: nil, content: Array(value.utf8))
  }

  public static func file(
    _ name: String, filename: String, type: String = "application/octet-stream", _ content: [UInt8]
  ) -> TestPart {
    TestPart(name: name, filename: filename, contentType: type, content: content)
  }
}

/// Writes a request's body, part by part.
public struct TestBodyWriter: Sendable {
  let feed: @Sendable (ByteBuffer, Bool) async throws -> Void

  /// Returns when the gateway has taken the part: it reads no faster than the handler or the upstream behind it.
  public func write(_ bytes: [UInt8]) async throws {
    try Task.checkCancellation()
    if !bytes.isEmpty { try await feed(ByteBuffer(bytes: bytes), false) }
  }

  public func write(_ text: String) async throws { try await write(Array(text.utf8)) }
}
