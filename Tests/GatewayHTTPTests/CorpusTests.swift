import Foundation
import NIOCore
import Testing

@testable import GatewayHTTP

/// Bytes that a coverage-guided fuzzer of another server kept: they are whatever they are, but one answer each.
@Suite(.enabled(if: Corpora.root != nil, Corpora.missing)) struct CorpusTests {
  @Test(arguments: ["http-fuzz/http1.txt", "http-fuzz/http2.txt"])
  func `fuzzed requests give the same events whole and byte by byte`(file: String) throws {
    let inputs = try Corpora.base64Lines(file)
    #expect(inputs.count > 1000)
    var errors = 0
    for (line, input) in inputs.enumerated() {
      let whole = traceRequests([input[...]])
      #expect(traceRequests(singles(input)) == whole, "line \(line + 1)")
      let cut = input.count / 2
      #expect(traceRequests([input[..<cut], input[cut...]]) == whole, "line \(line + 1)")
      if whole.error != nil { errors += 1 }
    }
    #expect(errors > inputs.count / 2, "most of the inputs are malformed")
  }

  @Test func `fuzzed bytes as responses give the same events whole and byte by byte`() throws {
    for (line, input) in try Corpora.base64Lines("http-fuzz/http1.txt").enumerated() {
      // As they are, and behind a status line, so that fields and bodies are reached.
      let fields = input.firstIndex(of: 0x0A).map { Array(input[($0 + 1)...]) } ?? input
      for bytes in [input, bytes("HTTP/1.1 200 OK\r\n") + fields] {
        let whole = traceResponses([bytes[...]], to: [.get, .get])
        #expect(traceResponses(singles(bytes), to: [.get, .get]) == whole, "line \(line + 1)")
      }
    }
  }
}
