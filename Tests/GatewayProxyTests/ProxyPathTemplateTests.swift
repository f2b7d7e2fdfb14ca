import GatewayHTTP
import NIOCore
import Testing

@testable import GatewayProxy

struct ProxyPathTemplateTests {
  private func write(_ text: String, names: [String], path: String, captures: [Range<Int>]) throws -> String? {
    let template = try ProxyPathTemplate(text, names: names)
    var buffer = ByteBuffer()
    let isWritten = template.write(
      captures: captures.map { ByteRange($0) }, of: ByteBuffer(string: path), into: &buffer)
    #expect(isWritten || buffer.readableBytes == 0)
    return isWritten ? String(buffer: buffer) : nil
  }

  @Test func capturesAreCopiedAsTheyStand() throws {
    #expect(
      try write("/v2/{id}/x/{rest}", names: ["rest", "id"], path: "/a%2Fb/7", captures: [1..<6, 7..<8])
        == "/v2/7/x/a%2Fb")
  }

  @Test func emptyCaptureIsNothing() throws {
    #expect(try write("/{rest}", names: ["rest"], path: "/stock/", captures: [7..<7]) == "/")
  }

  @Test func literalNeedsNoCaptures() throws {
    #expect(try write("/health", names: [], path: "/x", captures: []) == "/health")
  }

  @Test(arguments: ["a b", "a\r\nb", "a\nb", "a\0b", "a?b", "a#b", "a\u{7F}b", "ä"])
  func bytesThatWouldEndThePathAreRefused(capture: String) throws {
    #expect(try write("/{r}", names: ["r"], path: capture, captures: [0..<capture.utf8.count]) == nil)
  }

  @Test func captureOutsideThePathIsRefused() throws {
    #expect(try write("/{r}", names: ["r"], path: "/a", captures: [1..<9]) == nil)
    #expect(try write("/{r}", names: ["r"], path: "/a", captures: []) == nil)
  }

  @Test(arguments: [
    ("", ProxyPathTemplateError.Kind.doesNotBeginWithSlash, 0), ("{rest}", .doesNotBeginWithSlash, 0),
    ("/{rest", .unclosedBrace, 1), ("/{rset}", .unknownName("rset"), 2), ("/{}", .unknownName(""), 2),
    ("/a}", .badCharacter(0x7D), 2), ("/a b", .badCharacter(0x20), 2), ("/a?b", .badCharacter(0x3F), 2),
    ("/a#b", .badCharacter(0x23), 2), ("/ä", .badCharacter(0xC3), 1), ("/a\r\nb", .badCharacter(0x0D), 2),
  ])
  func mistakesAreFoundWhenCompiled(text: String, kind: ProxyPathTemplateError.Kind, offset: Int) {
    #expect(throws: ProxyPathTemplateError(kind, offset: offset)) {
      try ProxyPathTemplate(text, names: ["rest"])
    }
  }
}
