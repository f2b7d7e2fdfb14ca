import Foundation
import GatewayHTTP
import NIOCore
import Testing

@testable import GatewayTelemetry

@Suite struct AccessLogJSONTests {
  @Test func aFullLineHasStableNamesInStableOrder() throws {
    var record = AccessLogRecord(status: 201)
    record.requestBytes = 133
    record.responseBytes = 4096
    record.duration = 12_345_678
    record.route = "/books/{id}"
    record.upstream = "stock"
    record.upstreamTarget = "127.0.0.1:9001"
    record.upstreamStatus = 201
    record.attempts = 2
    record.tlsVersion = "1.3"
    record.phases.connect = 1_000_000
    record.phases.firstByte = 0
    var context = makeContext(
      path: Array("/books/1".utf8), query: Array("page=2".utf8), referer: Array("https://shop.example/".utf8),
      requestID: "0abc", isTLS: true)
    context.client = IPAddress("2001:db8::1")
    let expected =
      #"{"timestamp":"2026-11-23T00:49:01.123Z","level":"info","http.request.method":"GET","url.scheme":"https","#
      + #""server.address":"api.shop.example","url.path":"/books/1","url.query":"page=2","http.route":"/books/{id}","#
      + #""network.protocol.version":"1.1","http.response.status_code":201,"http.request.body.size":133,"#
      + #""http.response.body.size":4096,"client.address":"2001:db8::1","network.peer.address":"192.0.2.1","#
      + #""user_agent.original":"curl/8.5.0","referer":"https://shop.example/","request_id":"0abc","upstream":"stock","#
      + #""upstream_target":"127.0.0.1:9001","upstream_status":201,"attempts":2,"tls.version":"1.3","reason":"ok","#
      + #""t_total":12.345,"t_connect":1.000,"t_ttfb":0.000}"# + "\n"
    #expect(line(record, context) == expected)
  }

  @Test func whatIsAbsentIsNotWritten() throws {
    let object = try #require(
      parsed(line(AccessLogRecord(status: 404, reason: .noRoute), makeContext(userAgent: [], peer: nil))))
    #expect(
      Set(object.keys) == [
        "timestamp", "level", "http.request.method", "url.scheme", "server.address", "url.path",
        "network.protocol.version", "http.response.status_code", "http.request.body.size", "http.response.body.size",
        "reason", "error.type", "t_total",
      ])
    #expect(object["reason"] as? String == "no_route")
  }

  @Test func aPluginsExchangeNamesItsHandlerAndCause() throws {
    var record = AccessLogRecord(status: 500, reason: .pluginError)
    record.handler = "bookshop.getBook"
    record.cause = "database is \"locked\"\n at line 3"
    record.protocolVersion = "2"
    let object = try #require(parsed(line(record, makeContext())))
    #expect(object["plugin"] as? String == "bookshop.getBook")
    #expect(object["cause"] as? String == "database is \"locked\"\n at line 3")
    #expect(object["network.protocol.version"] as? String == "2")
  }

  @Test func aSlowRequestIsAWarning() throws {
    let options = AccessLogOptions(slowThreshold: 500_000_000)
    var record = AccessLogRecord(status: 200)
    record.duration = 500_000_000
    #expect(try #require(parsed(line(record, makeContext(), options)))["slow"] == nil)
    record.duration += 1
    let object = try #require(parsed(line(record, makeContext(), options)))
    #expect(object["slow"] as? Bool == true)
    #expect(object["level"] as? String == "warning")
  }

  @Test func allPhasesAreWrittenInMilliseconds() throws {
    var record = AccessLogRecord(status: 200)
    record.phases.header = 1_000_000
    record.phases.queue = 2_000_000
    record.phases.auth = 3_000_000
    record.phases.validate = 4_000_000
    record.phases.plugin = 5_000_000
    record.phases.connect = 6_000_000
    record.phases.firstByte = 7_000_000
    record.phases.body = 8_000_000
    let object = try #require(parsed(line(record, makeContext())))
    let names = ["t_header", "t_queue", "t_auth", "t_validate", "t_plugin", "t_connect", "t_ttfb", "t_body"]
    #expect(names.map { object[$0] as? Double } == [1, 2, 3, 4, 5, 6, 7, 8])
    record.phases.auth = nil
    #expect(try #require(parsed(line(record, makeContext())))["t_auth"] == nil)
  }

  @Test func credentialsAreNeverWritten() {
    let context = makeContext(
      query: Array("access_token=hunter2&page=3".utf8), referer: Array("https://a.example/x?password=hunter2&a=1".utf8),
      further: [(.authorization, "Bearer hunter2"), (.cookie, "session=hunter2"), (.proxyAuthorization, "hunter2")])
    for format in [AccessLogOptions.Format.json, .combined] {
      let text = line(AccessLogRecord(status: 200), context, AccessLogOptions(format: format))
      #expect(!text.contains("hunter2"))
      #expect(text.contains("access_token=***&page=3"))
      #expect(text.contains("https://a.example/x?password=***&a=1"))
    }
  }

  @Test func bytesThatNeverBecameARequestGiveALineToo() throws {
    var formatter = AccessLogFormatter(.init())
    var buffer = ByteBuffer()
    var record = AccessLogRecord(status: 400, reason: .badRequest)
    record.cause = "two lengths"
    #expect(
      formatter.append(record, peer: IPAddress("192.0.2.1"), isTLS: false, requestID: "a", at: sampleTime, to: &buffer))
    let object = try #require(parsed(String(buffer: buffer)))
    #expect(object["client.address"] as? String == "192.0.2.1")
    #expect(object["http.request.method"] == nil)
    #expect(object["request_id"] as? String == "a")
  }

  @Test(arguments: [
    ("a\"b\\c", #"a\"b\\c"#), ("\r\n\t\u{0}", #"\r\n\t\u0000"#), ("\u{1B}[31m", #"\u001b[31m"#), ("\u{7F}", #"\u007f"#),
    ("\u{9B}31m", #"\u009b31m"#), ("\u{202E}x", #"\u202ex"#), ("\u{2028}", #"\u2028"#), ("bücher 本 😀", "bücher 本 😀"),
    ("plain text", "plain text"), ("12345678\"", #"12345678\""#), ("\"12345678", #"\"12345678"#),
    ("1234567\u{1F}", #"1234567\u001f"#),
  ])
  func textIsEscaped(text: String, expected: String) throws {
    let result = line(AccessLogRecord(status: 200), makeContext(userAgent: Array(text.utf8)))
    #expect(result.contains("\"user_agent.original\":\"\(expected)\""))
    #expect(try #require(parsed(result))["user_agent.original"] as? String == text)
  }

  @Test(
    arguments: [
      ([0xFF], #"\ufffd"#), ([0xC3], #"\ufffd"#), ([0xC3, 0x28], #"\ufffd("#),
      ([0xED, 0xA0, 0x80], #"\ufffd\ufffd\ufffd"#),
      ([0xF0, 0x9F, 0x98], #"\ufffd"#), ([0xC0, 0x80], #"\ufffd\ufffd"#),
      ([0xF5, 0x80, 0x80, 0x80], #"\ufffd\ufffd\ufffd\ufffd"#),
      ([0xE4, 0xF6, 0xFC], #"\ufffd\ufffd\ufffd"#),
    ] as [([UInt8], String)])
  func bytesThatAreNoTextAreReplaced(bytes: [UInt8], expected: String) throws {
    let result = line(AccessLogRecord(status: 200), makeContext(userAgent: bytes))
    #expect(result.contains("\"user_agent.original\":\"\(expected)\""))
    #expect(parsed(result) != nil)
  }

  @Test func everyByteAtEveryPlaceGivesOneValidLine() {
    for byte in UInt8.min...UInt8.max {
      for length in [1, 3, 4, 7, 8, 9, 17] {
        for place in [0, length / 2, length - 1] {
          var text = [UInt8](repeating: 0x61, count: length)
          text[place] = byte
          let context = makeContext(
            method: text, host: text, path: text, query: text, userAgent: text, referer: text,
            requestID: String(decoding: text, as: UTF8.self))
          #expect(parsed(line(AccessLogRecord(status: 200), context)) != nil, "byte \(byte) at \(place) of \(length)")
        }
      }
    }
  }

  @Test func longTextIsCutAndTheLineStaysBounded() throws {
    let naughty = [UInt8](repeating: 0x01, count: 100_000)
    var record = AccessLogRecord(status: 200)
    let long = String(repeating: "\u{1}", count: 100_000)
    record.route = long
    record.handler = long
    record.upstream = long
    record.upstreamTarget = long
    record.tlsVersion = long
    record.cause = long
    record.duration = .max
    record.requestBytes = .max
    record.responseBytes = .max
    let context = makeContext(
      method: naughty, host: naughty, path: naughty, query: naughty, userAgent: naughty, referer: naughty,
      requestID: long)
    let result = line(record, context)
    #expect(parsed(result) != nil)
    #expect(result.utf8.count < 64 * 1024)
    let combined = line(record, context, AccessLogOptions(format: .combined))
    #expect(combined.utf8.count < 64 * 1024)
    #expect(combined.hasSuffix("\n"))
    #expect(
      line(AccessLogRecord(status: 200), makeContext(path: Array(repeating: 0x61, count: 3000))).contains("aaa...\""))
  }

  @Test func aQueryOfNothingButSeparatorsFitsItsBound() {
    for text in ["=&", "&", "=", "%", "a=&"] {
      let query = Array(String(repeating: text, count: 5000).utf8)
      for redaction in [QueryRedaction.standard, .all, .none] {
        let context = makeContext(query: query, referer: Array("/?".utf8) + query)
        #expect(parsed(line(AccessLogRecord(status: 200), context, .init(query: redaction))) != nil)
      }
    }
  }

  @Test func textIsNotCutInsideACharacter() throws {
    for offset in 0..<4 {
      let text = String(repeating: "a", count: offset) + String(repeating: "😀", count: 200)
      let result = line(AccessLogRecord(status: 200), makeContext(userAgent: Array(text.utf8)))
      let shown = try #require(parsed(result)?["user_agent.original"] as? String)
      #expect(!shown.contains("\u{FFFD}"))
      #expect(shown.hasSuffix("😀..."))
    }
  }

  @Test(.enabled(if: !NaughtyStrings.all.isEmpty, "the naughty strings corpus is not there"))
  func naughtyStringsGiveOneLineOfValidJSON() throws {
    for text in NaughtyStrings.all {
      let bytes = Array(text.utf8)
      var record = AccessLogRecord(status: 200)
      record.route = text
      record.cause = text
      let context = makeContext(
        method: bytes, host: bytes, path: bytes, query: bytes, userAgent: bytes, referer: bytes, requestID: text)
      let object = try #require(parsed(line(record, context, .init(query: .none))), "\(text)")
      if bytes.count <= AccessLogLimits.name { #expect(object["http.route", default: ""] as? String == text) }
      let combined = line(record, context, AccessLogOptions(format: .combined))
      #expect(combined.utf8.allSatisfy { $0 == 10 || (0x20..<0x7F).contains($0) })
      #expect(combined.utf8.filter { $0 == 10 }.count == 1)
      // Three quoted parts, no more.
      #expect(combined.utf8.filter { $0 == UInt8(ascii: "\"") }.count == 6)
    }
  }
}

@Suite struct AccessLogCombinedTests {
  @Test func theLineIsThatOfNginxWithTheTimeBehindIt() {
    var record = AccessLogRecord(status: 200)
    record.responseBytes = 612
    record.duration = 3_456_000_000
    let context = makeContext(query: Array("a=1".utf8), referer: Array("https://shop.example/".utf8))
    #expect(
      line(record, context, AccessLogOptions(format: .combined, slowThreshold: 1_000_000_000))
        == "192.0.2.1 - - [23/Nov/2026:00:49:01 +0000] \"GET /books/1?a=1 HTTP/1.1\" 200 612 "
        + "\"https://shop.example/\" \"curl/8.5.0\" 3.456 slow\n")
  }

  @Test func absentPartsAreDashes() {
    var formatter = AccessLogFormatter(.init(format: .combined))
    var buffer = ByteBuffer()
    let record = AccessLogRecord(status: 0, reason: .clientAbort)
    #expect(formatter.append(record, peer: nil, isTLS: false, requestID: "", at: sampleTime, to: &buffer))
    #expect(
      String(buffer: buffer) == "- - - [23/Nov/2026:00:49:01 +0000] \"-\" 499 0 \"-\" \"-\" 0.000\n")
  }

  @Test func quotesControlsAndHighBytesAreEscaped() {
    let context = makeContext(userAgent: Array("a\"b\\c\u{1B}é".utf8))
    #expect(
      line(AccessLogRecord(status: 200), context, AccessLogOptions(format: .combined))
        .contains(#""a\x22b\x5cc\x1b\xc3\xa9""#))
  }
}

@Suite struct QueryRedactionTests {
  private func shown(_ query: String, _ redaction: QueryRedaction = .standard) -> String? {
    parsed(line(AccessLogRecord(status: 200), makeContext(query: Array(query.utf8)), .init(query: redaction)))?[
      "url.query"]
      as? String
  }

  @Test(arguments: [
    ("token=x", "token=***"), ("a=1&access_token=x&b=2", "a=1&access_token=***&b=2"), ("API_KEY=x", "API_KEY=***"),
    ("to%6ben=x", "to%6ben=***"), ("%54OKEN=x", "%54OKEN=***"), ("X-Amz-Signature=x", "X-Amz-Signature=***"),
    ("key=x", "key=***"), ("code=x", "code=***"), ("client_secret=a=b", "client_secret=***"),
    ("password=", "password=***"),
    ("user[password]=x", "user[password]=***"), ("monkey=x", "monkey=x"), ("zipcode=x", "zipcode=x"), ("flag", "flag"),
    ("&&a=1&", "&&a=1&"), ("=x", "=x"), ("token", "token"),
  ])
  func secretsAreHiddenByTheirNames(query: String, expected: String) {
    #expect(shown(query) == expected)
  }

  @Test func everythingOrNothingCanBeHidden() {
    #expect(shown("a=1&token=x", .all) == "a=***&token=***")
    #expect(shown("a=1&token=x", .none) == "a=1&token=x")
    #expect(shown("card=1&token=x", QueryRedaction(parts: ["CARD"], words: [])) == "card=***&token=x")
  }

  @Test func anEndlessNameHidesItsValue() {
    let name = String(repeating: "token", count: 60)
    #expect(shown("\(name)=x") == "\(name)=***")
    let harmless = String(repeating: "n", count: 300)
    #expect(shown("\(harmless)=x") == "\(harmless)=x")
  }

  @Test func aCutQueryDoesNotShowTheSecretAtItsEnd() throws {
    let query = String(repeating: "a", count: 2030) + "=1&token=" + String(repeating: "s", count: 100)
    let text = try #require(shown(query))
    #expect(!text.contains("ss"))
    #expect(text.hasSuffix("..."))
  }
}
