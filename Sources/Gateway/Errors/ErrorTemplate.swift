import GatewayConfiguration
import GatewayHTTP
import GatewayJSON
import NIOCore

/// The body of an error as the configuration writes it, with gaps for what is known of the error.
///
/// What fills a gap may come from the client, so each kind of gap knows how it is written safely: in JSON as a value of
/// its own, never as part of a string; in HTML with the letters escaped that could end a text or an attribute.
struct ErrorTemplate: Sendable {
  enum Piece: Sendable {
    case literal([UInt8])
    case gap(ErrorPlaceholder)
  }

  enum Form: Sendable {
    case json, plain, html
  }

  let pieces: [Piece]
  let form: Form
  /// With the content type.
  let fields: FieldLines

  init(_ body: ErrorBody, headers: [ResponseHeader]) {
    var fields = FieldLines(capacity: 64)
    for header in headers { fields.append(name: header.name.value, value: header.value.value) }
    switch body {
    case .none:
      form = .plain
      pieces = []
    case .text(let text):
      form = fields.first("content-type").map { $0.lowercased().hasPrefix("text/html") } == true ? .html : .plain
      if !fields.contains("content-type") { fields.append("content-type", "text/plain; charset=utf-8") }
      pieces = ErrorPlaceholder.split(text).map { part in
        switch part {
        case .text(let text): .literal(Array(text.utf8))
        case .placeholder(let placeholder): .gap(placeholder)
        }
      }
    case .json(let value):
      form = .json
      if !fields.contains("content-type") { fields.append("content-type", "application/json") }
      var writer = TemplateWriter()
      writer.value(value)
      pieces = writer.finish()
    }
    self.fields = fields
  }

  func render(_ facts: ErrorFacts, _ request: ErrorResponder.Request) -> LocalResponse {
    var body = ByteBuffer()
    for piece in pieces {
      switch piece {
      case .literal(let bytes): body.writeBytes(bytes)
      case .gap(let placeholder): write(placeholder, facts, request, into: &body)
      }
    }
    var copy = FieldLines(capacity: 128)
    copy.append(contentsOf: fields)
    return LocalResponse(status: facts.status, fields: copy, body: body)
  }

  private func write(
    _ placeholder: ErrorPlaceholder, _ facts: ErrorFacts, _ request: ErrorResponder.Request, into body: inout ByteBuffer
  ) {
    switch placeholder {
    case .status: body.writeString("\(facts.status)")
    case .title: write(text: HTTPStatus.reason(facts.status).description, into: &body)
    case .requestID: write(text: request.id, into: &body)
    case .method: write(text: request.method, into: &body)
    case .path: write(text: String(buffer: request.path), into: &body)
    case .detail:
      let standard = facts.violations == nil ? HTTPStatus.reason(facts.status).description : Self.invalid
      write(json: facts.detail ?? JSONWriter.quoted(standard), into: &body)
    case .errors: write(json: facts.violations ?? Array("[]".utf8), into: &body)
    }
  }

  private static let invalid = "The request does not fit what is declared"

  private func write(text: String, into body: inout ByteBuffer) {
    switch form {
    case .json: body.writeBytes(JSONWriter.quoted(text))
    case .plain: body.writeString(text)
    case .html: body.writeBytes(Self.escaped(text))
    }
  }

  private func write(json: [UInt8], into body: inout ByteBuffer) {
    if case .json = form {
      body.writeBytes(json)
      return
    }
    // A string without its quotes; anything else as JSON.
    if case .string(let text)? = try? JSONValue(parsing: json) { return write(text: text, into: &body) }
    write(text: String(decoding: json, as: UTF8.self), into: &body)
  }

  /// For text and for attributes in quotes.
  private static func escaped(_ text: String) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.utf8.count)
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "&"): bytes += Array("&amp;".utf8)
      case UInt8(ascii: "<"): bytes += Array("&lt;".utf8)
      case UInt8(ascii: ">"): bytes += Array("&gt;".utf8)
      case UInt8(ascii: "\""): bytes += Array("&quot;".utf8)
      case UInt8(ascii: "'"): bytes += Array("&#39;".utf8)
      default: bytes.append(byte)
      }
    }
    return bytes
  }
}

/// Writes a JSON template as literal bytes and gaps.
private struct TemplateWriter {
  private var pieces: [ErrorTemplate.Piece] = []
  private var bytes: [UInt8] = []

  mutating func value(_ value: JSONValue) {
    switch value {
    case .string(let text):
      guard let placeholder = ErrorPlaceholder(whole: text) else {
        bytes += JSONWriter.quoted(text)
        return
      }
      flush()
      pieces.append(.gap(placeholder))
    case .array(let items):
      bytes.append(UInt8(ascii: "["))
      for (index, item) in items.enumerated() {
        if index > 0 { bytes.append(UInt8(ascii: ",")) }
        self.value(item)
      }
      bytes.append(UInt8(ascii: "]"))
    case .object(let object):
      bytes.append(UInt8(ascii: "{"))
      for (index, member) in object.members.enumerated() {
        if index > 0 { bytes.append(UInt8(ascii: ",")) }
        bytes += JSONWriter.quoted(member.name)
        bytes.append(UInt8(ascii: ":"))
        self.value(member.value)
      }
      bytes.append(UInt8(ascii: "}"))
    default:
      var writer = JSONWriter()
      writer.value(value)
      bytes += writer.bytes
    }
  }

  private mutating func flush() {
    guard !bytes.isEmpty else { return }
    pieces.append(.literal(bytes))
    bytes = []
  }

  mutating func finish() -> [ErrorTemplate.Piece] {
    flush()
    return pieces
  }
}
