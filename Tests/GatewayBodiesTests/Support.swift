import GatewayHTTP
import NIOCore
import Testing

@testable import GatewayBodies

/// What the parser made of a body, pieces of content joined: one line an event.
struct MultipartTrace: Equatable, CustomStringConvertible {
  var lines: [String] = []
  var examined = 0
  var error: HTTPError?

  var description: String { lines.joined(separator: "\n") }
}

func parse(
  _ pieces: [some Collection<UInt8>], boundary: String = "b", limits: FormLimits = FormLimits(),
  decodesEscapes: Bool = true
) -> MultipartTrace {
  var parser = MultipartParser(boundary: Array(boundary.utf8), limits: limits, decodesEscapes: decodesEscapes)
  var trace = MultipartTrace()
  var content: [UInt8] = []
  do throws(HTTPError) {
    for piece in pieces {
      var chunk = ByteBuffer(bytes: piece)
      while let event = try parser.next(&chunk) {
        switch event {
        case .partBegan(let part):
          let filename = part.filename.map { " file \(printable($0.utf8))" } ?? ""
          let type = part.contentType.map { " \(printable($0.readableBytesView))" } ?? ""
          trace.lines.append("part \(printable(part.name.utf8))\(filename)\(type)")
        case .partData(let data):
          #expect(data.readableBytes > 0)
          content += data.readableBytesView
        case .partEnded:
          trace.lines.append("data \(printable(content))")
          content = []
        }
      }
      #expect(chunk.readableBytes == 0, "all of a chunk is used up")
    }
    try parser.finish()
    trace.lines.append("end")
  } catch {
    trace.lines.append("error \(error.status) \(error.detail ?? "") \(error.cause ?? "")")
    trace.error = error
  }
  trace.examined = parser.examined
  return trace
}

func parse(_ text: String, boundary: String = "b", limits: FormLimits = FormLimits()) -> MultipartTrace {
  parse([Array(text.utf8)], boundary: boundary, limits: limits)
}

func printable(_ bytes: some Collection<UInt8>) -> String {
  String(decoding: bytes, as: UTF8.self).unicodeScalars.map { scalar in
    scalar.value >= 0x20 && scalar.value != 0x7F && scalar != "\u{FFFD}" ? String(scalar) : "<\(scalar.value)>"
  }.joined()
}

func caught(_ body: () throws -> Void) -> HTTPError? {
  do {
    try body()
    return nil
  } catch {
    return error as? HTTPError
  }
}
