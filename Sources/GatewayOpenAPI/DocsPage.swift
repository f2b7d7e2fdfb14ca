import CGatewayDocsPage

/// The docs page: one HTML response that reads an OpenAPI 3.1 document in the browser and needs nothing else, neither
/// further resources nor the network beyond the document. A value without I/O, made once and served for every request.
///
/// Style and script stand inside the page and are admitted by their hashes alone (CSP Level 3, section 8.3). So the page
/// is one path to move, protect or switch off, and no other resource of the origin, such as a proxied upload, can ever
/// run as its script.
public struct DocsPage: Sendable {
  /// Header fields beside `content-type`; names in lower case.
  public struct Header: Sendable, Equatable {
    public let name: String
    public let value: String
  }

  public let contentType = "text/html; charset=utf-8"
  public let body: [UInt8]
  /// Strong, with its quotes; changes with every byte of the body. Also among `headers`.
  public let entityTag: String
  /// Everything that protects the page, caching, and the entity tag.
  public let headers: [Header]
  /// Servers that try-it-out cannot reach because the policy has no way to name their origin: hosts that are a variable
  /// as a whole, IPv6 literals, schemes other than HTTP, and what is no address at all. For a diagnostic.
  public let serversOutOfReach: [String]

  /// - Parameters:
  ///   - title: shown until the document is there; any text.
  ///   - documentPath: where the browser finds the document; a path, relative or absolute, or a whole address.
  ///   - servers: the addresses in the document's `servers`, as written there, with `{variables}`. The page may send
  ///     requests to their origins; its own origin is always allowed.
  public init(title: String, documentPath: String, servers: [String] = []) {
    let style = Self.trimmed(Self.source(gateway_docs_page_style()))
    let script = Self.trimmed(Self.source(gateway_docs_page_script()))
    let enclosed = Array("\"use strict\";\n(() => {\n".utf8) + script + Array("})();\n".utf8)
    body = Self.filled(
      Self.source(gateway_docs_page_html()),
      [
        "title": Array(Self.escaped(title).utf8), "document": Array(Self.escaped(documentPath).utf8), "style": style,
        "script": enclosed,
      ])

    var sources: [String] = []
    var outOfReach: [String] = []
    for server in [documentPath] + servers {
      switch ConnectSource(server: server) {
      case .ownOrigin: break
      case .origin(let source): if !sources.contains(source) { sources.append(source) }
      case .unnameable: outOfReach.append(server)
      }
    }
    serversOutOfReach = outOfReach
    let scriptSource = DocsPageHash.source(of: enclosed)
    let styleSource = DocsPageHash.source(of: style)
    // Stands for every byte: style and script by their digests, the rest by itself.
    let parts = [title, documentPath, scriptSource, styleSource].map { Array($0.utf8) }
    let identity = Self.source(gateway_docs_page_html()) + Array(parts.joined(separator: [0]))
    entityTag = "\"\(DocsPageHash.digest(identity).prefix(16).map(Self.hexadecimal).joined())\""
    headers = [
      Header(
        name: "content-security-policy",
        value: Self.policy(script: scriptSource, style: styleSource, connect: ["'self'"] + sources)),
      Header(name: "x-content-type-options", value: "nosniff"),
      Header(name: "referrer-policy", value: "no-referrer"),
      Header(name: "cross-origin-opener-policy", value: "same-origin"),
      // Asked for again each time, and answered by 304 as long as the entity tag holds.
      Header(name: "cache-control", value: "no-cache"),
      Header(name: "etag", value: entityTag),
    ]
  }

  private static func policy(script: String, style: String, connect: [String]) -> String {
    [
      "default-src 'none'", "script-src '\(script)'", "style-src '\(style)'",
      "connect-src \(connect.joined(separator: " "))",
      // The icon is a data address; images among the tried responses are blobs.
      "img-src data: blob:", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
      // Refuses innerHTML and its relatives wherever they might slip in.
      "require-trusted-types-for 'script'", "trusted-types 'none'",
    ].joined(separator: "; ")
  }

  // The pointer comes from a constant array of exactly `size` bytes in the same binary.
  private static func source(_ part: gateway_docs_page_part) -> [UInt8] {
    Array(UnsafeBufferPointer(start: part.bytes, count: part.size))
  }

  /// Without indentation and lines of comment, which are a sixth of the sources. The sources hold no literal that spans
  /// lines; a test keeps it so.
  static func trimmed(_ source: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(source.count)
    let slash = UInt8(ascii: "/")
    let star = UInt8(ascii: "*")
    for line in source.split(separator: UInt8(ascii: "\n")) {
      let text = line.drop { $0 == UInt8(ascii: " ") }
      let isBlock = text.starts(with: [slash, star]) && text.suffix(2).elementsEqual([star, slash])
      let isComment = isBlock || text.starts(with: [slash, slash])
      if !text.isEmpty && !isComment {
        result += text
        result.append(UInt8(ascii: "\n"))
      }
    }
    return result
  }

  /// The template with its `{{markers}}` replaced; what is put in is not searched again.
  private static func filled(_ template: [UInt8], _ values: [String: [UInt8]]) -> [UInt8] {
    var result: [UInt8] = []
    var rest = template[...]
    let open = UInt8(ascii: "{")
    let close = UInt8(ascii: "}")
    while let start = rest.firstIndex(of: open) {
      let name = rest[start...].drop { $0 == open }.prefix { $0 != close }
      result += rest[..<start]
      if rest[start...].starts(with: [open, open]), let value = values[String(decoding: name, as: UTF8.self)] {
        result += value
        rest = rest[name.endIndex...].dropFirst(2)
      } else {
        result.append(open)
        rest = rest[start...].dropFirst()
      }
    }
    return result + rest
  }

  /// For text and for attributes in quotes.
  static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  private static func hexadecimal(_ byte: UInt8) -> String {
    (byte < 16 ? "0" : "") + String(byte, radix: 16)
  }
}
