import GatewayJSON
import NIOCore

/// Requests for one operation of an OpenAPI document: such as it asks for, and such as nobody expects.
struct ConformanceRequests {
  struct Request {
    var name: String
    /// Head of the message, up to and with its empty line.
    var head: String
    var body: [UInt8]
    /// The client goes away when the request is sent.
    var leaves = false
    /// How many of them at once.
    var times = 1
  }

  let path: String
  private let method: String
  private let operation: JSONValue
  private let samples: SampleJSON

  /// All operations of a document.
  static func all(_ document: JSONValue) -> [ConformanceRequests] {
    let samples = SampleJSON(root: document)
    var all: [ConformanceRequests] = []
    for path in document["paths"]?.object?.members ?? [] {
      for method in ["get", "post", "put", "patch", "delete", "options", "head"] {
        guard let operation = path.value[method] else { continue }
        all.append(ConformanceRequests(path: path.name, method: method, operation, samples))
      }
    }
    return all
  }

  init(path: String, method: String, _ operation: JSONValue, _ samples: SampleJSON) {
    self.path = path
    self.method = method.uppercased()
    self.operation = operation
    self.samples = samples
  }

  var label: String { "\(method) \(path)" }

  var requests: [Request] {
    let (type, body) = sampleBody
    let plain = head(target(withQuery: true), fields: fields, type: type, count: body.count)
    let large = Array("\"".utf8) + [UInt8](repeating: UInt8(ascii: "x"), count: 512 * 1024) + Array("\"".utf8)
    return [
      Request(name: "as declared", head: plain, body: body),
      Request(
        name: "with nothing it asks for", head: head(target(withQuery: false), fields: [], type: nil, count: 0),
        body: []),
      Request(
        name: "with an empty body",
        head: head(target(withQuery: true), fields: fields, type: type ?? "application/json", count: 0),
        body: []),
      Request(
        name: "with a large body",
        head: head(
          target(withQuery: true), fields: fields, type: type ?? "application/octet-stream", count: large.count),
        body: large),
      Request(
        name: "with unusual characters",
        head: head(
          target(withQuery: false, sample: "%F0%9F%98%80%22%27%3C") + "?%FF=%00&&=a&a", fields: ["x-odd: \u{e9}\u{ff}"],
          type: type,
          count: body.count), body: body),
      Request(name: "eight at once", head: plain, body: body, times: 8),
      Request(name: "whose client goes at once", head: plain, body: body, leaves: true),
    ]
  }

  private func head(_ target: String, fields: [String], type: String?, count: Int) -> String {
    var lines = ["\(method) \(target) HTTP/1.1", "host: conformance"] + fields
    if let type { lines.append("content-type: \(type)") }
    if count > 0 || method != "GET" { lines.append("content-length: \(count)") }
    return lines.joined(separator: "\r\n") + "\r\n\r\n"
  }

  private var parameters: [JSONValue] { operation["parameters"]?.array ?? [] }

  private func sample(_ parameter: JSONValue) -> String? {
    guard let value = parameter["schema"].flatMap({ samples.value(for: $0) }) else { return nil }
    switch value {
    case .string(let text): return text
    case .number(let number): return number.text
    case .bool(let bool): return bool ? "true" : "false"
    case .array(let items): return items.first?.string ?? items.first?.number?.text
    case .null, .object: return nil
    }
  }

  private func values(in place: String, requiredOnly: Bool) -> [(name: String, value: String)] {
    parameters.compactMap { parameter in
      guard parameter["in"]?.string == place, let name = parameter["name"]?.string,
        !requiredOnly || parameter["required"]?.bool == true, let value = sample(parameter)
      else { return nil }
      return (name, value)
    }
  }

  private func target(withQuery: Bool, sample: String? = nil) -> String {
    var target = ""
    let given = Dictionary(values(in: "path", requiredOnly: false).map { ($0.name, $0.value) }) { first, _ in first }
    for part in path.split(separator: "/", omittingEmptySubsequences: false).dropFirst() {
      target += "/"
      if part.hasPrefix("{") {
        let name = String(part.dropFirst().prefix { $0 != "}" && $0 != ":" && $0 != "*" })
        target += sample ?? Self.encoded(given[name] ?? "sample")
      } else {
        target += part
      }
    }
    let query = withQuery ? values(in: "query", requiredOnly: true) : []
    guard !query.isEmpty else { return target }
    return target + "?" + query.map { "\(Self.encoded($0.name))=\(Self.encoded($0.value))" }.joined(separator: "&")
  }

  private var fields: [String] {
    let cookies = values(in: "cookie", requiredOnly: true).map { "\($0.name)=\(Self.encoded($0.value))" }
    return values(in: "header", requiredOnly: true).map { "\($0.name): \($0.value)" }
      + (operation["security"] == nil ? [] : ["authorization: Bearer sample"])
      + (cookies.isEmpty ? [] : ["cookie: " + cookies.joined(separator: "; ")])
  }

  /// Media type and bytes of a body that the operation takes; none where it declares none, or no JSON.
  private var sampleBody: (String?, [UInt8]) {
    guard let content = operation["requestBody"]?["content"]?.object,
      let json = content.members.first(where: { $0.name.contains("json") }), let schema = json.value["schema"],
      let value = samples.value(for: schema)
    else { return (nil, []) }
    var writer = JSONWriter()
    writer.value(value)
    return (json.name, writer.bytes)
  }

  /// RFC 3986 §2.3: everything that is not unreserved.
  private static func encoded(_ text: String) -> String {
    var result = ""
    for byte in text.utf8 {
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E:
        result.unicodeScalars.append(Unicode.Scalar(byte))
      default: result += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
      }
    }
    return result
  }
}
